-- SPDX-License-Identifier: MIT
--
-- refresh-resolver - let Postfix use the name servers that resolv.conf names now
--
-- Postfix's processes read resolv.conf when they start and never again, and on Debian most of
-- them look at a copy in their chroot.  So a name server that was corrected at last stays dead
-- for Postfix.  The copies are refreshed and Postfix is reloaded, once.  resolv.conf itself is
-- the admin's and is only read.
--
-- A reload makes Postfix forget which destinations are dead, so it has to be worth it: at
-- least one of the servers that are named now must answer.  While none does, this waits, for
-- whoever named a dead one may name another, and has another turn when one comes back.
--
-- Whoever corrects resolv.conf may do so in steps, and see after each what comes of it: two minutes
-- later there is another turn.  Eight a day bound what comes and goes.
--
-- What is refused is tried again some times: whoever has just written main.cf, or made a slip in
-- resolv.conf, is still there and finishes it, and nothing else would trip by that.
--
--   patience   seconds to wait for a name server to answer
--   longest    the same while no other playbook waits for the end of this one, and for the last
--              try; shorter than the time after which people are told that nothing helps
--   again      seconds after a refusal until the next try, and twice as long after each

-- What, beside a disk in trouble, starts other playbooks, which wait for the end of this run.
local OTHERS = { "log-volume-high", "deleted-open-large", "bounce-cliff", "bounce-storm", "filter-stuck" }

local function is_waited_for()
  for _, name in ipairs(OTHERS) do
    if #tripped(name) > 0 then
      return true
    end
  end
  return disk_trouble() ~= nil
end

-- How many of the name servers of resolv.conf answer, and the names of those that do not; nil
-- when nothing is known of any.
local function servers()
  local up, dead = nil, {}
  for _, row in ipairs(readings("dns_server_up")) do
    up = up or 0
    if row.value > 0 then
      up = up + 1
    else
      dead[#dead + 1] = row.labels.server
    end
  end
  return up, table.concat(dead, ", ")
end

-- Why it is better not to act; nil when one of the servers answers.
local function doubt(started, options)
  local up, dead = servers()
  while not up or up == 0 do
    local waited = now() - started
    if waited >= options.longest or (waited >= options.patience and is_waited_for()) then
      break
    end
    wait("5s", "a name server of resolv.conf to answer")
    up, dead = servers()
  end
  if not up then
    return "whether the name servers that resolv.conf names now answer is not known"
  elseif up == 0 then
    return ("none of the name servers that resolv.conf names now answers (%s): it would only replace one dead by another")
      :format(dead)
  end
end

-- True when Postfix uses the present name servers; nil when it was refused.
local function refresh(stale)
  local evidence = reading_text("resolver_stale", stale.labels)
    or "Postfix works with another resolv.conf than the present one"
  local result = act("postfix.refresh_resolver", { instance = stale.labels.instance })
  if not result.ok then
    log(("refreshing the resolver: %s: %s"):format(result.status, result.text))
    return result.status ~= "denied" and false or nil
  elseif result.status == "done" then
    diagnose(("%s: %s"):format(evidence, result.text))
  end
  return verify { clears = stale.name, within = "1m" }
end

-- Every instance has its own processes and its own chroot.  Of those that are `wanted`, or of all: whether it went well
-- as far as it went, and the names of those that were refused, if any.
local function refresh_each(wanted)
  local well, refused = true, nil
  for _, stale in ipairs(tripped("resolver-stale")) do
    if not wanted or wanted[stale.name] then
      local answer = refresh(stale)
      if answer == nil then
        refused = refused or {}
        refused[stale.name] = true
      else
        well = answer and well
      end
    end
  end
  return well, refused
end

return playbook {
  name     = "refresh-resolver",
  summary  = "Let Postfix use the name servers that resolv.conf names now",
  on       = { any = "resolver-stale", cleared = { "resolver-slow", "name-server-down", "link-down" } },
  options  = { patience = 60, longest = 600, again = 60 },
  budget   = { runs = 8, per = "1d" },
  cooldown = "2m",
  run = function(_, options)
    local started, pause, all, refused = now(), options.again, nil, nil
    while #tripped("resolver-stale") > 0 do
      local why = doubt(started, options)
      if why then
        log(("Postfix is not reloaded: %s"):format(why))
        return
      end
      local well
      well, refused = refresh_each(refused)
      all = all ~= false and well
      if not refused then
        return all
      elseif now() + pause - started > options.longest or is_waited_for() then
        return false
      end
      wait(pause .. "s", "what is in the way of it to be finished")
      pause = pause * 2
    end
    return all
  end,
}
