-- SPDX-License-Identifier: MIT
--
-- vacuum-journal - shrink the systemd journal when its file system runs full
--
-- The journal is log data, so everything that loses nothing has its turn first; but syslog has
-- most of it as well, so of what is lost it goes first.  The executor keeps what is younger
-- than a day before the incident, unless the file system is critical and all gentler steps are
-- spent.
--
--   keep         how much of each journal stays
--   older_than   what ended so long ago goes as well, even if the journal is small

return playbook {
  name     = "vacuum-journal",
  summary  = "Shrink the systemd journal when its file system runs full",
  on       = { any = { "disk-space-high", "disk-space-critical" } },
  after    = { "reopen-deleted-logs", "free-ballast", "compress-logs", "rotate-logs" },
  options  = { keep = "200M", older_than = "36500d" },
  budget   = { runs = 4, per = "1d" },
  cooldown = "15m",
  run = function(incident, options)
    local vacuumed = act("journal.vacuum", { keep = options.keep, older_than = options.older_than })
    return verify_room(incident, vacuumed)
  end,
}
