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
-- Several next hops may be dead at once; each is dealt with as its mail shows up, none waits
-- for another.  A content filter is a next hop of this host's own, whose mail nobody else will
-- take: it is never paused.  While a link on the way there is down, or a next hop cannot be
-- probed any more, its reading is missing: nothing is known about it, and nothing is done.  A
-- link that others are reached by is no excuse for it.
--
--   at_least   fewer waiting messages than this do not fill a disk
--   patience   seconds in which they may come to be so many: a next hop is known to be dead soon,
--              and what it was given until then is deferred later; a critical disk does not wait
--   horizon    seconds in which the logs must be able to fill their file system
--   tries      what is being tried while we postpone comes back and is postponed then

local LOGS = "/var/log"
local UP = "it answers again"
local UNSEEN = "it is not known any more whether it answers"

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

-- What is tried at this moment cannot be postponed: it is not there, and comes back.
local function is_on_its_way(where, options)
  local due, underway = reading("queue_nexthop_due_messages", where), reading("queue_nexthop_underway_messages", where)
  return math.min(due or 0, underway or 0) >= options.at_least
end

local function is_known(hops, where)
  for _, hop in ipairs(hops) do
    if hop.where.nexthop == where.nexthop and hop.where.instance == where.instance then
      return true
    end
  end
  return false
end

-- That are known to be down at this moment, and are no filter of this host.
local function dead()
  local list = {}
  for _, down in ipairs(tripped("next-hop-down")) do
    if down.value and #readings("filter_wait_seconds", { nexthop = down.labels.nexthop }) == 0 then
      list[#list + 1] = down
    end
  end
  return list
end

-- Those that had no turn yet, first the one that most mail waits for.
local function add_dead(hops, options)
  local found = {}
  for _, down in ipairs(dead()) do
    for _, row in ipairs(readings("queue_nexthop_messages", { nexthop = down.labels.nexthop })) do
      -- All of it may be under way through the active queue at this moment: that counts as due.
      local waiting = math.max(row.value, reading("queue_nexthop_due_messages", row.labels) or 0)
      -- A lease that is there is renewed without us.
      local is_new = not is_known(hops, row.labels) and not lease_of("postfix.postpone", row.labels)
      if waiting >= options.at_least and is_new then
        found[#found + 1] = {
          where = row.labels, down = down.name, waiting = waiting, postponed = 0, tries = 0, next_try = now(),
        }
      end
    end
  end
  table.sort(found, function(a, b) return a.waiting > b.waiting end)
  table.move(found, 1, #found, #hops + 1, hops)
end

local function postpone(hop, options)
  local where = hop.where
  local result = act("postfix.postpone", where, {
    until_clear = hop.down,
    reason = where.nexthop .. " does not answer" .. addresses(where.nexthop)
      .. ", and retries of its mail fill the log",
  })
  hop.postponed, hop.tries, hop.next_try = math.max(hop.postponed, result.count), hop.tries + 1, now() + 10
  if not result.ok then
    hop.ended = result.status .. ": " .. result.text
  elseif result.status == "would-have" then
    hop.ended = "quiet"
  elseif result.status == "nothing" and hop.postponed > 0 and not is_on_its_way(where, options) then
    hop.ended = "quiet"
  end
end

-- Mail that is tried all the time is seen in the deferred queue for some seconds only.
local function is_there(hop, options)
  if hop.postponed > 0 then
    return not is_on_its_way(hop.where, options)
  end
  return (reading("queue_nexthop_messages", hop.where) or 0) > 0
end

-- Until nothing of it that can be postponed is due any more; in `ended` stands how it went.
local function pause(hop, options)
  local down = tripped(hop.down)[1]
  if now() < hop.next_try then
    return
  elseif not down then
    hop.ended = UP
  elseif not down.value then
    -- Nothing more is done, and a moment later it may be known.
    hop.ended = now() - hop.next_try >= options.patience and UNSEEN or nil
  elseif hop.postponed > 0 and is_quiet(hop.where, options) then
    hop.ended = "quiet"
  elseif hop.tries == options.tries then
    hop.ended = hop.postponed > 0 and "messages for it are still due"
      or "none of its messages came back to be postponed"
  elseif is_there(hop, options) or now() - hop.next_try >= 15 then
    postpone(hop, options)
  end
end

-- What is being tried while we postpone comes back, and it may turn out that another one is dead.
local function pause_all(growth, seconds, options)
  local hops, busy, all_quiet, ends = {}, true, true, now() + options.patience
  while busy do
    add_dead(hops, options)
    busy = #hops == 0 and #dead() > #leases("postfix.postpone") and now() < ends and #tripped("disk-space-critical") == 0
    for _, hop in ipairs(hops) do
      local was_ended = hop.ended
      if not was_ended then
        pause(hop, options)
        busy = busy or not hop.ended
      end
      if hop.ended and not was_ended then
        if hop.postponed > 0 then
          tell(growth, seconds)
        end
        if hop.ended ~= "quiet" then
          log(("pausing mail for %s: %s"):format(hop.where.nexthop, hop.ended))
          all_quiet = all_quiet and (hop.ended == UP or hop.ended == UNSEEN)
        end
      end
    end
    if busy then
      wait("1s", #hops > 0 and "messages that were being tried" or "messages to be deferred")
    end
  end
  return all_quiet
end

return playbook {
  name     = "pause-deferred",
  summary  = "Stop retrying mail for a dead next hop while the retries do harm",
  on       = {
    all = "next-hop-down",
    any = { "disk-full-soon", "disk-space-high", "disk-space-critical", "log-volume-high" },
  },
  options  = { at_least = 10, horizon = 86400, tries = 6, patience = 60 },
  budget   = { runs = 24, per = "1d" },
  cooldown = "1m",
  run = function(_, options)
    local growth = reading("log_growth_bytes_per_second", { path = LOGS })
    local seconds = seconds_until_logs_fill(growth)
    if seconds and seconds > options.horizon and #tripped("disk-space-critical") == 0 then
      log(("retries are not what fills a disk: %s grows by %s a second"):format(LOGS, bytes(growth)))
      return
    end

    -- Whether the disk has enough room now is for the other playbooks to say.
    if not pause_all(growth, seconds, options) then
      return false
    end
  end,
}
