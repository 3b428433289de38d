-- SPDX-License-Identifier: MIT
--
-- prelude.lua - what every playbook can call, and the friendly forms over it
--
-- A playbook is a file that returns `playbook { ... }`: a table on top, and one function
-- run(incident, options) below, which is called as a coroutine when its time has come.
--
--   incident.condition   the object that started the run, such as "disk-space-high_/var/log"
--   incident.labels      its labels, such as { path = "/var/log" }
--   incident.critical    whether its level is critical
--   incident.id, .since  number, and seconds since 1970; nil in a run by hand
--   options              the options of the playbook, with what the site changed
--
-- What run returns says how it went: true, the condition is clear; false, it is not, and the
-- next playbook has its turn; nothing, it leaves that to the others.  An error ends the run,
-- counts as not helped, and harms nothing else.
--
--   act(verb, arguments)    one action, and its result: .ok .status .freed_bytes .found_bytes
--                           .count .text
--   act(verb, arguments, { until_clear = NAME, reason = TEXT })
--                           the same for a verb that can be taken back: it stays in force, as a
--                           lease, until the condition NAME has cleared; left out, that is the
--                           condition of the run, and the reason is the incident's diagnosis
--   verify { clears = NAME, within = "2m" }     true once NAME is clear, false when it is not
--   verify_room(incident, result, ...)          the same for actions that make room, below
--   reading(name, labels)   a number, or nil when it could not be measured
--   reading_text(name, labels)
--                           the sentence that its sensor told with the value, or nil
--   readings(name, labels)  all that have a value: a list of { labels = { .. }, value = number }
--   tripped(name)           the conditions of that name that are tripped: a list of
--                           { name = NAME, labels = { .. }, value = number or nil }
--   disk_trouble()          the worst condition of a disk that is full or filling, as one of tripped(),
--                           or nil
--   leases(verb)            what is in force: a list of { id, verb, args, until_clear, state, count,
--                           owner }; of all verbs when none is given
--   lease_of(verb, arguments)
--                           the one of them that was taken with these arguments, and maybe others, or nil
--   let_go(lease.id)        end it soon, though what it holds was not brought back; false: its condition has not
--                           cleared
--   wait(duration, label)   let time pass; people see the label
--   now()                   seconds, to measure how long something took
--   back_by()               seconds until people are next back, or nil when nobody knows
--   log(text)               a sentence for the record
--   diagnose(text)          the one sentence that people read about this incident, unless one of
--                           its conditions explains more (`cause`) than that of this run
--   must(result)            below
--
-- Of Lua there are string, table, math (without random) and assert, error, ipairs, next,
-- pairs, pcall, select, tonumber, tostring, type.  Every run starts from nothing: a variable
-- does not live longer than its run.

-- must(act(...)): the result of an action, or the end of this run when it did not go well.
function must(result)
  if not result.ok then
    error(result.status .. ": " .. result.text, 2)
  end
  return result
end

local DISK = { "disk-space-critical", "disk-space-high", "disk-full-soon", "disk-inodes-critical", "disk-inodes-high" }

function disk_trouble()
  for _, name in ipairs(DISK) do
    local disk = tripped(name)[1]
    if disk then
      return disk
    end
  end
end

function lease_of(verb, arguments)
  for _, lease in ipairs(leases(verb)) do
    local is_it = true
    for name, value in pairs(arguments) do
      is_it = is_it and lease.args[name] == tostring(value)
    end
    if is_it then
      return lease
    end
  end
end

-- verify_room(incident, act(...), ...): whether what made room was enough.  The verbs measure
-- what came back before they end, so that the condition clears within seconds or not by them;
-- where nothing came back there is nothing to wait for, and the disk goes on filling.
function verify_room(incident, ...)
  local within = "3s"
  for _, result in ipairs({ ... }) do
    if result.freed_bytes > 0 or result.status == "would-have" then
      within = "10s"
    end
  end
  return verify { clears = incident.condition, within = within }
end
