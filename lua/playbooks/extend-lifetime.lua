-- SPDX-License-Identifier: MIT
--
-- extend-lifetime - let mail live until somebody is back, when an outage would return it to its senders
--
-- Postfix gives mail up after five days, and a long weekend with a dead primary is not far from
-- that.  When much mail is about to be returned, and there is an outage that explains it, the
-- lifetime is raised under a lease: nothing else is touched, and it is never lowered while a
-- message would be returned for it.  Without an outage the mail is most likely junk that nobody
-- takes, and goes back as it should.  An outage explains the mail that waits for it and no other:
-- a dead next hop with ten messages is no reason to keep four hundred for others alive.
--
-- A raised lifetime stays when spoolguard goes away for good, so by default this only records
-- what it would have done:  playbooks = { ["extend-lifetime"] = { mode = "enforce" } }
-- When people are back is the key back_by of spoolguard.lua.
--
--   days     mail shall live so long at least; Postfix takes no more than 100
--   margin   days that it shall live beyond the time when people are back
--   least    so many of the messages that would be returned must be those of next hops in trouble, for
--            these to be why; next-hop-cliff trips at as many.  Several that have less each are
--            counted together, but nobody looks again before something trips.  Of mail that waits for
--            names nobody knows how much would be returned: so many must wait, as long as some lookup
--            ends well

local DAY = 86400
local LONGEST = 100

local HOPS = {
  { condition = "next-hop-down", reading = "relay_up_ratio", says = "does not answer" },
  { condition = "next-hop-refuses", reading = "nexthop_refused_ratio", says = "refuses them" },
}

-- All of it may be under way through the active queue at this moment.
local function waiting_for(instance, nexthop)
  local where, most = { instance = instance, nexthop = nexthop }, 0
  for _, name in ipairs { "queue_nexthop_messages", "queue_nexthop_due_messages", "queue_nexthop_underway_messages" } do
    most = math.max(most, reading(name, where) or 0)
  end
  return most
end

-- Of the next hops in trouble the one that most of what would be returned is for, and of equal ones the
-- one for which most mail of this instance waits, when much of what would be returned is theirs.
-- Where that is not known it is not.
local function dead_hop(instance, least)
  local all, hop, seen = 0, nil, {}
  for _, kind in ipairs(HOPS) do
    for _, trouble in ipairs(tripped(kind.condition)) do
      local nexthop = trouble.labels.nexthop
      local waiting = waiting_for(instance, nexthop)
      local going = reading("queue_nexthop_cliff_messages", { instance = instance, nexthop = nexthop }) or 0
      local is_ours = (trouble.labels.instance or instance) == instance
      if is_ours and not seen[nexthop] then
        seen[nexthop] = true
        all = all + going
      end
      local is_more = not hop or going > hop.going or (going == hop.going and waiting > hop.waiting)
      if is_ours and waiting > 0 and is_more then
        hop = { name = trouble.name, waiting = waiting, going = going, why = reading_text(kind.reading, trouble.labels)
          or ("%.0f messages wait for %s, which %s"):format(waiting, nexthop, kind.says) }
      end
    end
  end
  return all >= least and hop or nil
end

-- A lookup that takes long costs no lifetime as long as it ends well; mail that waits for names is harm.
local function no_names(instance, least)
  local waiting = reading("queue_reason_messages", { instance = instance, reason = "dns" }) or 0
  for _, name in ipairs { "resolver-stale", "resolver-slow" } do
    local trouble = tripped(name)[1]
    local enough = trouble and trouble.value == math.huge and 1 or least
    if trouble and waiting >= enough then
      return {
        name = trouble.name, waiting = waiting,
        why = ("%.0f messages wait for names to be resolved"):format(waiting),
      }
    end
  end
end

local function no_link()
  local trouble = tripped("link-down")[1]
  return trouble and { name = trouble.name, why = trouble.labels.interface .. " has no link" }
end

-- A message or two always wait for a name that nobody can resolve.  So a name server is what it is
-- about when much mail waits for it, and at least as much as for a next hop, of which all is behind it.
local function find_outage(instance, least)
  local names, hop = no_names(instance, least), dead_hop(instance, least)
  if names and hop and names.waiting < hop.waiting then
    names = nil
  end
  return no_link() or names or hop
end

-- Seconds since the oldest message that is on its way arrived.
local function oldest(instance)
  local age = 0
  for _, queue in ipairs { "deferred", "active", "incoming" } do
    age = math.max(age, reading("queue_oldest_seconds", { instance = instance, queue = queue }) or 0)
  end
  return age
end

-- Whether bounces are among what would be returned: more than there is other mail, or half of all.
local function bounces_go(instance, cliff)
  local where = { instance = instance, queue = "deferred" }
  local all, bounces = reading("queue_messages", where), reading("queue_null_sender_messages", where)
  return all and bounces and bounces > 0 and (cliff > all - bounces or bounces * 2 >= all)
end

-- One instance after the other, a minute between them.
local function set(args, terms)
  local result = act("postfix.set", args, terms)
  for _ = 1, 3 do
    if result.status ~= "denied" or not result.text:find("it cools down", 1, true) then
      break
    end
    wait("25s", "what was set for another instance to be a minute ago")
    result = act("postfix.set", args, terms)
  end
  return result
end

-- One is there.  Cut short while it was taken, it has changed nothing, perhaps, or nothing that Postfix has read, and
-- the same once more goes on from there.  Or somebody put back what main.cf was, as a tool does that keeps it for many
-- hosts: then his word stays, and whoever reads this has to know that it does.
local function ask_again(lease)
  local result = set({ instance = lease.args.instance, settings = lease.args.settings },
    { until_clear = lease.until_clear })
  log(("lease %.0f %s: %s: %s"):format(lease.id,
    lease.count == 0 and "was cut short while it was taken" or "has changed how long mail lives",
    result.status, result.text))
  return result.ok
end

-- False when it did not help.
local function extend(instance, options)
  local lease = lease_of("postfix.set", { instance = instance })
  if lease and lease.state == "ending" then
    log("how long mail lives was changed before, and that is about to be taken back")
    return
  elseif lease then
    return ask_again(lease)
  end
  local outage = find_outage(instance, options.least)
  if not outage then
    log("mail is about to be returned, but no outage is why it waits")
    return
  end

  local seconds = oldest(instance) + (back_by() or 0) + options.margin * DAY
  local days = math.min(math.max(options.days, math.ceil(seconds / DAY)), LONGEST)
  local settings = { ("maximal_queue_lifetime = %.0fd"):format(days) }
  local cliff = reading("bounce_cliff_messages", { instance = instance }) or 0
  if bounces_go(instance, cliff) then
    settings[2] = ("bounce_queue_lifetime = %.0fd"):format(days)
  end
  local result = set({ instance = instance, settings = settings }, {
    until_clear = outage.name,
    reason = ("%s, and %.0f would soon be returned to their senders"):format(outage.why, cliff),
  })
  if not result.ok then
    log(("letting mail live longer: %s: %s"):format(result.status, result.text))
    return false
  elseif result.status == "nothing" then
    log(("mail is about to be returned although it may wait long: %s"):format(result.text))
    return false
  elseif result.status == "done" then
    diagnose(("%s; %s; mail may wait for %.0f days now"):format(outage.why,
      reading_text("bounce_cliff_messages", { instance = instance })
        or ("%.0f were about to be returned to their senders"):format(cliff), days))
  end
  -- That the cliff is gone shows when main.cf is read the next time.
end

return playbook {
  name     = "extend-lifetime",
  summary  = "Let mail live longer before a long outage returns it to its senders",
  mode     = "observe",
  on       = {
    all = "bounce-cliff",
    -- What is behind a next hop that is dead grows: so its own cliff is a reason to look once more.
    any = { "next-hop-down", "next-hop-refuses", "next-hop-cliff", "link-down", "resolver-stale", "resolver-slow" },
  },
  options  = { days = 28, margin = 2, least = 50 },
  budget   = { runs = 6, per = "1d" },
  cooldown = "10m",
  run = function(_, options)
    local looked, all = false, nil
    -- Every instance has its own main.cf, and several may have mail for the same primary.
    for _, cliff in ipairs(tripped("bounce-cliff")) do
      if cliff.value then
        looked = true
        if extend(cliff.labels.instance, options) == false then
          all = false
        end
      end
    end
    if not looked then
      log("no mail is known to be about to be returned")
    end
    return all
  end,
}
