-- SPDX-License-Identifier: MIT
--
-- rotate-logs - have a large live log rotated before its time, so that it can be compressed
--
-- A log that is written to cannot be compressed.  logrotate takes it out of its daemon's
-- hands in the way the host has configured, which by itself frees nothing; then what was
-- rotated is compressed.  The verb refuses to rotate a log twice in an incident, and when
-- that would push out old logs that are younger than the floor.
--
--   settle   daemons may write their last lines into the rotated log for so long; what is
--            still written to then is left alone.  Two seconds when it is critical

return playbook {
  name     = "rotate-logs",
  summary  = "Rotate the largest live log and compress it when a file system runs full",
  on       = { any = { "disk-space-high", "disk-space-critical" } },
  after    = { "reopen-deleted-logs", "free-ballast", "compress-logs" },
  options  = { settle = "10s" },
  budget   = { runs = 3, per = "1d" },
  cooldown = "15m",
  run = function(incident, options)
    local rotated = act("logs.rotate")
    if rotated.status == "done" then
      wait(incident.critical and "2s" or options.settle, "the daemons to let go of the rotated log")
      return verify_room(incident, act("logs.compress"))
    end
    return verify_room(incident, rotated)
  end,
}
