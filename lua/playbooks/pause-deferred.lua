-- SPDX-License-Identifier: MIT
--
-- pause-deferred - stop retrying mail for a next hop that is dead, while the retries do harm
--
-- A dead next hop alone is no reason: Postfix's own back-off is made for that.  Together with
-- a disk that fills it is one: every retry writes log lines and comes to nothing.
--
-- Postponing moves the next retry of that destination's deferred mail by a quarter of an hour
-- and is renewed while the next hop stays down.  Other mail is not touched, and neither is
-- what an admin holds.  If spoolguard goes away, the retries go on by themselves.
--
--   at_least   fewer waiting messages than this do not fill a disk
--   tries      what was being tried while we postponed comes back and is postponed again

local function is_quiet(where, options)
  local due = reading("queue_nexthop_due_messages", where)
  return due and due < options.at_least
end

-- True when nothing of this next hop is due any more; else why not.
local function pause(where, terms, options)
  for _ = 1, options.tries do
    local result = act("postfix.postpone", where, terms)
    if not result.ok then
      return result.status .. ": " .. result.text
    elseif result.status == "would-have" then
      return true
    end
    wait("10s", "messages for " .. where.nexthop .. " that were being tried")
    if is_quiet(where, options) then
      return true
    end
  end
  return "messages for it are still due"
end

return playbook {
  name     = "pause-deferred",
  summary  = "Stop retrying mail for a dead next hop while the retries do harm",
  on       = {
    all = "next-hop-down",
    any = { "disk-full-soon", "disk-space-high", "disk-space-critical", "log-volume-high" },
  },
  options  = { at_least = 10, tries = 6 },
  budget   = { runs = 24, per = "1d" },
  cooldown = "1m",
  run = function(_, options)
    local all_quiet = true
    for _, hop in ipairs(tripped("next-hop-down")) do
      for _, waiting in ipairs(readings("queue_nexthop_messages", { nexthop = hop.labels.nexthop })) do
        if waiting.value >= options.at_least then
          local why = pause(waiting.labels, {
            until_clear = hop.name,
            reason = ("%s is down and %.0f messages for it are retried in vain"):format(
              hop.labels.nexthop, waiting.value),
          }, options)
          if why ~= true then
            log(("pausing mail for %s: %s"):format(hop.labels.nexthop, why))
            all_quiet = false
          end
        end
      end
    end
    -- Whether the disk has enough room now is for the other playbooks to say.
    if not all_quiet then
      return false
    end
  end,
}
