-- SPDX-License-Identifier: MIT
--
-- rebuild-ballast - reserve the space again once the trouble is over
--
-- The verb itself refuses unless there is ample room, so being started too early is harmless.
-- Run by hand it makes the first ballast: spoolguardctl run rebuild-ballast

return playbook {
  name     = "rebuild-ballast",
  summary  = "Reserve space again for the next time a file system runs full",
  on       = { cleared = { "disk-space-critical", "disk-space-high" } },
  budget   = { runs = 8, per = "1d" },
  cooldown = "10m",
  run = function()
    act("disk.build_ballast")
  end,
}
