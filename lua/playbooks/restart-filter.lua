-- SPDX-License-Identifier: MIT
--
-- restart-filter - the remedy of this site for a content filter in front of which mail piles up
--
-- Every message goes through the queue twice when a filter is between, and the whole relay is as
-- fast as that filter.  When it is stuck, postponing or holding mail mends nothing: most of what
-- waits is this host's own.  What helps is to restart the filter, or a command of the site.
-- Which one, only the site knows, so nothing is done until it is configured:
--
--   plugins = { service = { units = { "amavis.service" } } },       -- it may be restarted
--   playbooks = { ["restart-filter"] = { options = { unit = "amavis.service" } } },
--
-- or with plugins.command.commands and the option `command`.  With both, the command goes first
-- and the unit follows when it went well.
--
-- That is done once.  What Postfix deferred meanwhile would wait for its next try, up to an hour:
-- a few of these messages go ahead, and larger batches follow for as long as the filter takes
-- them.  It has helped when the queue shrinks, which is progress and not yet emptiness; when it
-- does not, nothing is repeated, and people get to read what waits.
--
-- Where nothing is configured, mail for a filter that was down is brought back by
-- flush-after-recovery, for which a filter is a next hop like others.  Mail that a filter put off,
-- or that it was silent to, has Postfix's own schedule: flush-after-recovery does not start when
-- filter-stuck clears, because a run that does would be beside this one, and each would take what
-- the other one tried again for its own.
--
--   nexthop    only this filter's; empty: whichever is stuck
--   patience   seconds in which there must be progress, again and again until it is over; Postfix
--              itself may take ten minutes to try again (minimal_backoff_time, queue_run_delay)
--   longest    seconds for all of it, as other playbooks wait for its end; a disk that fills
--              meanwhile ends it at once, and so does resolv.conf when it is corrected, because
--              each message is slow until Postfix asks the new name servers.  What the filter has
--              deferred is left to Postfix's own schedule then
--   share      of the waiting mail that must be taken or gone to be called progress
--   least      and so many messages at the least: some always come and go
--   canary, most   deferred messages that go first, and the largest batch
--   tolerance  share of them that may be deferred again
--   again      seconds until canaries go once more after a failure: some filters start slowly; and
--              until what is missing of a batch is taken for gone
--   failures   so many, and it did not help

local QUEUES = { "maildrop", "incoming", "active", "deferred", "hold", "corrupt" }
local TOP = 5

-- The mail that is on its way to the filter: its wait, the oldest of it, how much there is, and what it has taken
-- so far; nil: not known.  Mail for others in the same queues is in the number too, and moves as
-- it always does.
local function look(nexthop)
  local messages, oldest, taken
  for _, row in ipairs(readings("queue_messages")) do
    if row.labels.queue == "incoming" or row.labels.queue == "active" then
      messages = (messages or 0) + row.value
      oldest = math.max(oldest or 0, row.value > 0 and reading("queue_oldest_seconds", row.labels) or 0)
    end
  end
  for _, row in ipairs(readings("queue_nexthop_messages", { nexthop = nexthop })) do
    messages = (messages or 0) + row.value
  end
  for _, row in ipairs(readings("queue_nexthop_delivered_total", { nexthop = nexthop })) do
    taken = (taken or 0) + row.value
  end
  return {
    seconds = reading("filter_wait_seconds", { nexthop = nexthop }), oldest = oldest, messages = messages, taken = taken,
  }
end

local function is_better(now, best, options)
  local enough = best.messages and math.max(best.messages * options.share, options.least)
  return enough and ((now.messages and best.messages - now.messages >= enough)
    or (now.taken and best.taken and now.taken - best.taken >= enough))
end

local function duration(seconds)
  return seconds >= 600 and ("%.0f min"):format(seconds / 60) or ("%.0f s"):format(seconds)
end

-- "1346 messages wait, the oldest for 320 min".  What the sensor reckons tells whether the filter keeps up (0), not for
-- how long they have waited: of one that says nothing it counts what they still will.
local function in_words(state, verb)
  if state.messages == 0 then
    return "nothing waits"
  end
  local time = state.seconds == 0 and ", and it keeps up with them"
    or (state.oldest or 0) == 0 and ", for an unknown time" or ", the oldest for " .. duration(state.oldest)
  return ("%s messages %s%s"):format(state.messages and ("%.0f"):format(state.messages) or "an unknown number of",
    verb or "wait", time)
end

-- "lab.example 1324, other.example 22", the largest first; what the label says is summed up.
local function largest(reading_name, label)
  local sums, names = {}, {}
  for _, row in ipairs(readings(reading_name)) do
    local name = row.labels[label]
    if not sums[name] then
      names[#names + 1] = name
    end
    sums[name] = (sums[name] or 0) + row.value
  end
  table.sort(names, function(a, b)
    if sums[a] ~= sums[b] then
      return sums[a] > sums[b]
    end
    return a < b
  end)
  local rows = {}
  for i = 1, math.min(#names, TOP) do
    rows[i] = ("%s %.0f"):format(names[i] == "*" and "others" or names[i], sums[names[i]])
  end
  return #rows > 0 and table.concat(rows, ", ")
end

local function queues()
  local rows = {}
  for _, queue in ipairs(QUEUES) do
    for _, row in ipairs(readings("queue_messages", { queue = queue })) do
      local oldest = row.value > 0 and reading("queue_oldest_seconds", row.labels)
      rows[#rows + 1] = ("%s%s %.0f%s"):format(row.labels.instance == "-" and "" or row.labels.instance .. " ", queue,
        row.value, oldest and (" (oldest %s)"):format(duration(oldest)) or "")
    end
  end
  return table.concat(rows, ", ")
end

-- What a postmaster wants to see: what waits where, for whom and from whom.
local function tell_table(nexthop)
  log(("filter %s: %s"):format(nexthop, reading_text("filter_wait_seconds", { nexthop = nexthop }) or in_words(look(nexthop))))
  log("queues: " .. queues())
  local domains, senders = largest("queue_domain_messages", "domain"), largest("queue_sender_messages", "sender")
  if domains then
    log("recipient domains: " .. domains)
  end
  if senders then
    log("sender domains: " .. senders)
  end
end

-- What was done, in words, and whether it really was; or nil and why not.
local function remedy(options)
  local steps, words, in_earnest = {
    { name = options.command, verb = "command.run", argument = "name", words = "the command %s was run" },
    { name = options.unit, verb = "service.restart", argument = "unit", words = "%s was restarted" },
  }, {}, true
  for _, step in ipairs(steps) do
    if step.name ~= "" then
      local result = act(step.verb, { [step.argument] = step.name })
      if not result.ok then
        return nil, ("%s %s: %s: %s"):format(step.verb, step.name, result.status, result.text)
      end
      words[#words + 1] = step.words:format(step.name)
      in_earnest = in_earnest and result.status == "done"
    end
  end
  return table.concat(words, " and "), in_earnest
end

local function fail(flow, what, messages, options)
  flow.failures = flow.failures + 1
  log(("%.0f of %d messages that were tried again were %s"):format(messages, flow.asked, what))
  flow.asked, flow.delivered, flow.deferred, flow.bounced = 0, nil, nil, nil
  flow.is_proven, flow.resume_at = false, now() + options.again
end

-- Whether somebody deleted or held what is missing of a batch, as people do with spam: nothing was heard of it for long,
-- and it is little, or nothing of what is left is on its way.
local function is_gone(where, flow, missing, options)
  return now() - flow.heard_at >= options.again and (missing <= math.max(flow.asked * options.tolerance, 1)
    or reading("queue_nexthop_underway_messages", where) == 0)
end

-- One instance's deferred mail for the filter: the next batch, once the last one has come through.
-- To turn spam away is what a filter is for, so a bounce is an answer; but not when it is the only
-- one that a whole batch got.
local function bring_back(where, flow, options)
  local delivered = reading("queue_retry_delivered_total", where)
  local deferred = reading("queue_retry_deferred_total", where)
  local bounced = reading("queue_retry_bounced_total", where)
  if now() < flow.resume_at or not delivered or not deferred or not bounced then
    return
  end
  local through, back = delivered - (flow.delivered or delivered), deferred - (flow.deferred or deferred)
  local away = bounced - (flow.bounced or bounced)
  local missing = math.max(flow.asked - through - back - away, 0)
  if missing ~= flow.missing then
    flow.missing, flow.heard_at = missing, now()
  end
  if back > flow.asked * options.tolerance then
    fail(flow, "deferred again", back, options)
  elseif away > 0 and through == 0 and away + back >= flow.asked then
    fail(flow, "bounced", away, options)
  elseif missing == 0 or is_gone(where, flow, missing, options) then
    flow.is_proven = flow.is_proven or flow.asked > 0
    local result = act("postfix.retry", {
      instance = where.instance, nexthop = where.nexthop, how = flow.is_proven and "batch" or "canary",
      messages = math.min(math.max(flow.asked * 4, options.canary), options.most),
    })
    flow.asked = result.status == "done" and result.count or 0
    flow.delivered, flow.deferred, flow.bounced = delivered, deferred, bounced
    flow.is_idle, flow.resume_at = result.status == "nothing", result.ok and 0 or now() + options.again
  end
end

-- Whether there is more to come, and whether it has failed too often.
local function bring_all_back(nexthop, flows, options)
  local more, failed = false, false
  for _, row in ipairs(readings("queue_nexthop_messages", { nexthop = nexthop })) do
    local instance = row.labels.instance
    local flow = flows[instance] or { asked = 0, resume_at = 0, failures = 0 }
    flows[instance] = flow
    if row.value > 0 then
      bring_back(row.labels, flow, options)
      more = more or not flow.is_idle
    end
    failed = failed or flow.failures >= options.failures
  end
  return more, failed
end

-- True: the wait is over, and mail went through.  False: for `patience` nothing has become
-- better.  nil: it becomes better, but there is no more time for it.
local function verify_progress(condition, nexthop, best, options)
  local started, moved, flows, stale = now(), now(), {}, #tripped("resolver-stale")
  local has_moved = best.messages and best.messages < options.least
  while now() - started < options.longest do
    local is_clear = verify { clears = condition, within = "10s" }
    if disk_trouble() or #tripped("resolver-stale") > stale then
      return nil
    end
    local more, failed = bring_all_back(nexthop, flows, options)
    local state = look(nexthop)
    if is_better(state, best, options) then
      best, moved, has_moved = state, now(), true
    elseif failed or now() - moved > options.patience then
      return false
    end
    if is_clear and has_moved and not more then
      return true
    elseif is_clear then
      wait("5s", "mail to go through " .. nexthop)
    end
  end
end

return playbook {
  name     = "restart-filter",
  summary  = "Restart a content filter that is stuck, once, as the site has configured it",
  on       = { any = "filter-stuck" },
  options  = {
    unit = "", command = "", nexthop = "",
    patience = 660, longest = 1500, share = 0.05, least = 10,
    canary = 5, most = 1000, tolerance = 0.1, again = 60, failures = 3,
  },
  budget   = { runs = 3, per = "1d" },
  cooldown = "15m",
  run = function(incident, options)
    local nexthop = incident.labels.nexthop
    if options.unit == "" and options.command == "" then
      if nexthop then
        tell_table(nexthop)
      end
      log("nothing is restarted: playbooks[\"restart-filter\"].options names no unit and no command")
      return false
    elseif nexthop and options.nexthop ~= "" and options.nexthop ~= nexthop then
      tell_table(nexthop)
      log(("nothing is restarted: what is configured is for the filter %s"):format(options.nexthop))
      return false
    end

    local before = nexthop and look(nexthop)
    local done, how = remedy(options)
    if not done then
      log(how)
      if nexthop then
        tell_table(nexthop)
      end
      return false
    elseif not how or not nexthop then
      return -- in observe; or by hand, while no filter is stuck
    end
    local helped = verify_progress(incident.condition, nexthop, before, options)
    local after = look(nexthop)
    if helped == false then
      tell_table(nexthop)
      diagnose(("the filter %s is stuck, and it did not help that %s: %s; before, %s"):format(
        nexthop, done, in_words(after), in_words(before, "waited")))
      return false
    end
    diagnose(("the filter %s was stuck while %s; %s, and now %s"):format(
      nexthop, in_words(before, "waited"), done, in_words(after)))
    return helped
  end,
}
