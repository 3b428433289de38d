-- SPDX-License-Identifier: MIT
--
-- trim-logs - take the middle out of a live log when a disk is critical and nothing gentler is left
--
-- The last resort.  A log that is being written to cannot be compressed or dropped, but a
-- piece can be taken out of its middle in place, without any space and without losing a line
-- of what stays: how the night began, and the newest part.  A line in the log, and the record,
-- say what was in between.  The executor refuses it unless the file system is critical and
-- every gentler step had its turn.
--
--   head, tail   how much of the beginning and of the newest part stays
--   logs         so many are cut, the largest first, until there is room
--   least_head, least_tail   the same where no log has more than head and tail: on a small
--                file system several logs of that size fill it

return playbook {
  name     = "trim-logs",
  summary  = "Cut the middle out of a live log, as a last resort",
  on       = { any = "disk-space-critical" },
  after    = {
    "reopen-deleted-logs", "free-ballast", "compress-logs", "rotate-logs", "vacuum-journal",
    "drop-rotated-logs",
  },
  options  = { head = "16M", tail = "64M", least_head = "4M", least_tail = "16M", logs = 3 },
  budget   = { runs = 6, per = "1d" },
  cooldown = "1m",
  run = function(incident, options)
    local head, tail = options.head, options.tail
    for _ = 1, options.logs do
      local result = act("logs.trim", { head = head, tail = tail })
      if result.status == "nothing" and head ~= options.least_head then
        head, tail = options.least_head, options.least_tail
        result = act("logs.trim", { head = head, tail = tail })
      end
      if result.status == "done" then
        diagnose(("a log was cut: %s"):format(result.text))
      end
      if verify_room(incident, result) then
        return true
      elseif result.freed_bytes == 0 then
        return false
      end
    end
    return false
  end,
}
