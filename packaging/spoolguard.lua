-- spoolguard.lua - what this host wants different from the defaults
--
-- The file returns a table of settings and is only data: no functions, no os, no io.
-- It works empty, as shipped: spool, log and journal file systems are found by
-- themselves.  Files conf.d/*.lua of the same form are merged over it
-- key by key in the order of their names, so changing one value keeps its neighbours.
-- What to do in which trouble is not here but in /etc/spoolguard/playbooks/*.lua.
--
--   spoolguardd --check     is it right?  names file, line and the nearest valid name
--   spoolguardctl config    what is in force, and where each value comes from
--   systemctl reload spoolguard
--
-- See spoolguard.lua(5).

return {
  -- "enforce" acts; "observe" decides and records what it would have done, and
  -- touches nothing.  A week of "observe" is a good start on a host you care for.
  -- mode = "enforce",

  -- When people are next back, in local time.  What would be lost before then, mail that
  -- is returned because it has waited too long, is prevented.  Every week, which means that
  -- nobody is there for three days before it, or once, for a holiday.
  -- back_by = "Mon 08:00",             -- or "2026-12-28 08:00"

  -- A condition trips when its reading stays beyond `trip` for `lasting`, and is over
  -- below `clear`.  The distance between the two keeps a value that flutters around
  -- one level from starting the same work again and again.
  conditions = {
    -- ["disk-space-high"]     = { trip = 0.85, clear = 0.80, lasting = "2s" },
    -- Soon enough that the gentler steps still have room to work in.
    -- ["disk-space-critical"] = { trip = 0.95, clear = 0.90 },
  },

  plugins = {
    -- File systems to watch instead of the ones found by themselves.
    -- disk = { paths = { "/var/log", "/var/spool/postfix" }, ballast = "64M" },
    -- Units that reopen their logs at SIGHUP, asked to when they hold a deleted one.
    -- logs = { reopen_units = { "rsyslog.service" } },
    -- What playbooks may restart, and which commands of yours they may run: nothing as
    -- shipped.  No shell; the program and all directories above it must be root's alone.
    -- service = { units = { "amavis.service" } },
    -- command = { commands = { "flush-scanner: /usr/local/sbin/flush-scanner --all" },
    --             deadline = "1m" },
  },

  playbooks = {
    -- Options and mode of one playbook.  "observe" here holds for it alone.
    -- ["vacuum-journal"] = { mode = "observe", options = { keep = "500M" },
    --                        budget = { runs = 4, per = "1d" }, cooldown = "15m" },
    -- Mail that a long outage would return to its senders may live longer until you are
    -- back.  As shipped it is only told what would have been done.
    -- ["extend-lifetime"] = { mode = "enforce", options = { days = 28 } },
    -- What helps when mail piles up before the content filter: a unit or a command from
    -- above.  Done once; without it people are told what waits, and nothing is done.
    -- ["restart-filter"] = { options = { unit = "amavis.service" } },
  },

  -- Run when spoolguard cannot help itself: a program and its arguments, no shell.
  -- It must not need this relay's mail, which may be what is broken.
  -- notify = { command = { "/usr/local/sbin/page-me" } },
}
