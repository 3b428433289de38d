-- SPDX-License-Identifier: MIT
--
-- compress-logs - compress what logrotate left as plain text when a file system runs full
--
-- logrotate keeps the newest rotated log uncompressed until the next night.  Compressing it
-- now loses nothing.  Where there is no room beside a log its copy is made on another file
-- system (plugins.logs.spare_directory) and comes back when the log is gone; without one it
-- may not work on a disk that is full to the last byte: then the ballast comes first.

return playbook {
  name     = "compress-logs",
  summary  = "Compress rotated logs when a file system runs full",
  on       = { any = { "disk-space-high", "disk-space-critical" } },
  after    = { "reopen-deleted-logs", "free-ballast" },
  budget   = { runs = 12, per = "1d" },
  cooldown = "2m",
  run = function(incident)
    return verify_room(incident, act("logs.compress"))
  end,
}
