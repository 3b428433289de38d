-- SPDX-License-Identifier: MIT
--
-- pause-deferred - stop retrying mail for a next hop that is dead, while the retries do harm
--
-- A dead next hop alone is no reason: Postfix's own back-off is made for that.  Together with
-- a disk that fills it is one: every retry writes log lines and comes to nothing.  When the
-- logs would need longer than `horizon` for what is left of their file system, something else
-- fills a disk, and mail waits as before; a critical disk is no time for such questions.
--
-- Postponing moves the next retry of that destination's deferred mail by a quarter of an hour
-- and is renewed while the next hop stays down.  Other mail is not touched, and neither is
-- what an admin holds.  If spoolguard goes away, the retries go on by themselves.
--
--   at_least   fewer waiting messages than this do not fill a disk
--   horizon    seconds in which the logs must be able to fill their file system
--   tries      what is being tried while we postpone comes back and is postponed then

local LOGS = "/var/log"

local function bytes(value)
  for _, unit in ipairs { "", "K", "M", "G" } do
    if value < 1000 or unit == "G" then
      return ("%.0f%s"):format(value, unit)
    end
    value = value / 1024
  end
end

-- nil when it cannot be seen.
local function seconds_until_logs_fill(growth)
  local mount, available = "", nil
  for _, row in ipairs(readings("disk_available_bytes")) do
    local path = row.labels.path
    local holds = path == "/" or path == LOGS or LOGS:sub(1, #path + 1) == path .. "/"
    if holds and #path > #mount then
      mount, available = path, row.value
    end
  end
  return growth and available and available / math.max(growth, 1)
end

-- Where mail for it would go, as far as it was looked up: " at 192.0.2.66, 192.0.2.67".
local function addresses(nexthop)
  local list = {}
  for _, row in ipairs(readings("relay_up", { nexthop = nexthop })) do
    list[#list + 1] = row.labels.address
  end
  return #list > 0 and " at " .. table.concat(list, ", ") or ""
end

local function count(messages)
  return messages == 1 and "1 message" or ("%.0f messages"):format(messages)
end

-- The sentence for Monday: what waits for whom, what that did, and what was done.
local function tell(growth, seconds)
  local waiting, harm = {}, ""
  for _, lease in ipairs(leases("postfix.postpone")) do
    local nexthop = lease.args.nexthop
    waiting[#waiting + 1] = ("%s for %s, which does not answer%s"):format(
      count(lease.count), nexthop, addresses(nexthop))
  end
  if seconds then
    harm = ("; %s grows by %s a second and is full in %.0f min"):format(LOGS, bytes(growth), seconds / 60)
  end
  diagnose(table.concat(waiting, "; ") .. harm .. ": the retries are paused")
end

local function is_quiet(where, options)
  local due = reading("queue_nexthop_due_messages", where)
  return due and due < options.at_least
end

-- Mail that is tried all the time is seen in the deferred queue for some seconds only.
local function await_deferred(where)
  for _ = 1, 15 do
    if (reading("queue_nexthop_messages", where) or 0) > 0 then
      return
    end
    wait("1s", "messages for " .. where.nexthop .. " to be deferred again")
  end
end

-- True when nothing of this next hop that can be postponed is due any more, else why not; and
-- how many were postponed at once.
local function pause(where, terms, options)
  local postponed = 0
  for _ = 1, options.tries do
    await_deferred(where)
    local result = act("postfix.postpone", where, terms)
    postponed = math.max(postponed, result.count)
    if not result.ok then
      return result.status .. ": " .. result.text, postponed
    elseif result.status == "would-have" then
      return true, 0
    elseif result.status == "nothing" and postponed > 0 then
      return true, postponed
    end
    wait("10s", "messages for " .. where.nexthop .. " that were being tried")
    if postponed > 0 and is_quiet(where, options) then
      return true, postponed
    end
  end
  return postponed > 0 and "messages for it are still due" or "none of its messages came back to be postponed", postponed
end

-- A lease that is there is renewed without us.
local function is_paused(where)
  for _, lease in ipairs(leases("postfix.postpone")) do
    if lease.args.nexthop == where.nexthop and lease.args.instance == where.instance then
      return true
    end
  end
  return false
end

-- Of the next hops that are down and had no turn yet the one that most mail waits for, and its
-- condition; nil: there is none.
local function next_dead_hop(had_turn, options)
  local most, where, name = options.at_least, nil, nil
  for _, down in ipairs(tripped("next-hop-down")) do
    for _, row in ipairs(readings("queue_nexthop_messages", { nexthop = down.labels.nexthop })) do
      -- All of it may be under way through the active queue at this moment: that counts as due.
      local waiting = math.max(row.value, reading("queue_nexthop_due_messages", row.labels) or 0)
      if waiting >= most and not had_turn[row.labels.instance .. " " .. down.name] and not is_paused(row.labels) then
        most, where, name = waiting, row.labels, down.name
      end
    end
  end
  if where then
    had_turn[where.instance .. " " .. name] = true
  end
  return where, name
end

return playbook {
  name     = "pause-deferred",
  summary  = "Stop retrying mail for a dead next hop while the retries do harm",
  on       = {
    all = "next-hop-down",
    any = { "disk-full-soon", "disk-space-high", "disk-space-critical", "log-volume-high" },
  },
  options  = { at_least = 10, horizon = 86400, tries = 6 },
  budget   = { runs = 24, per = "1d" },
  cooldown = "1m",
  run = function(_, options)
    local growth = reading("log_growth_bytes_per_second", { path = LOGS })
    local seconds = seconds_until_logs_fill(growth)
    if seconds and seconds > options.horizon and #tripped("disk-space-critical") == 0 then
      log(("retries are not what fills a disk: %s grows by %s a second"):format(LOGS, bytes(growth)))
      return
    end

    -- While one is being paused, it may turn out that another one is dead.
    local had_turn, all_quiet = {}, true
    local where, down = next_dead_hop(had_turn, options)
    while where do
      local why, postponed = pause(where, {
        until_clear = down,
        reason = where.nexthop .. " does not answer" .. addresses(where.nexthop)
          .. ", and retries of its mail fill the log",
      }, options)
      if postponed > 0 then
        tell(growth, seconds)
      end
      if why ~= true then
        log(("pausing mail for %s: %s"):format(where.nexthop, why))
        all_quiet = false
      end
      where, down = next_dead_hop(had_turn, options)
    end
    -- Whether the disk has enough room now is for the other playbooks to say.
    if not all_quiet then
      return false
    end
  end,
}
