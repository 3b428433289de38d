-- SPDX-License-Identifier: MIT
--
-- free-ballast - give the reserved space back when a file system is nearly full
--
-- The ballast is a file that holds nothing.  Removing it buys the minutes in which slower
-- steps can work, which need some space themselves; it rarely clears the condition alone.

return playbook {
  name     = "free-ballast",
  summary  = "Give back the space that was reserved for this moment",
  on       = { any = "disk-space-critical" },
  after    = "reopen-deleted-logs",
  budget   = { runs = 4, per = "1d" },
  cooldown = "1m",
  run = function(incident)
    return verify_room(incident, act("disk.free_ballast"))
  end,
}
