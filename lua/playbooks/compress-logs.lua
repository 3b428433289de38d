-- SPDX-License-Identifier: MIT
--
-- compress-logs - compress what logrotate left as plain text when a file system runs full
--
-- logrotate keeps the newest rotated log uncompressed until the next night.  Compressing it
-- now loses nothing and is the first thing a postmaster does.  It needs a little room, so it
-- may not work on a disk that is full to the last byte: then the ballast comes first.

return playbook {
  name     = "compress-logs",
  summary  = "Compress rotated logs when a file system runs full",
  on       = { any = { "disk-space-high", "disk-space-critical" } },
  budget   = { runs = 6, per = "1d" },
  cooldown = "10m",
  run = function(incident)
    act("logs.compress")
    return verify { clears = incident.condition, within = "1m" }
  end,
}
