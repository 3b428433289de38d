-- SPDX-License-Identifier: MIT
--
-- vacuum-journal - shrink the systemd journal when its file system runs full
--
-- The journal is log data, so this is the last resort among the gentle ones: compressed logs
-- and the ballast have their turn first.  The executor keeps what is younger than a day
-- before the incident, unless the file system is critical and all gentler steps are spent.

return playbook {
  name     = "vacuum-journal",
  summary  = "Shrink the systemd journal when its file system runs full",
  on       = { any = { "disk-space-high", "disk-space-critical" } },
  after    = { "compress-logs", "free-ballast" },
  options  = { keep = "200M" },
  budget   = { runs = 4, per = "1d" },
  cooldown = "15m",
  run = function(incident, options)
    act("journal.vacuum", { keep = options.keep })
    return verify { clears = incident.condition, within = "2m" }
  end,
}
