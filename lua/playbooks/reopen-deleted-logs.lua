-- SPDX-License-Identifier: MIT
--
-- reopen-deleted-logs - get the space of deleted logs back from the daemons that hold them
--
-- Somebody deleted a log to make room, and the daemon that has it open writes on into a file
-- without a name: no space came back, du shows nothing, and every line is lost.  Asking the
-- daemon to reopen its logs is the gentlest step of all, so it comes before every other one.
--
--   notable   bytes of deleted files that are worth a diagnosis

return playbook {
  name     = "reopen-deleted-logs",
  summary  = "Get the space of deleted logs back from the daemons that hold them",
  on       = { any = { "deleted-open-large", "disk-space-high", "disk-space-critical" } },
  options  = { notable = 100 * 1024 * 1024 },
  budget   = { runs = 12, per = "1d" },
  cooldown = "1m",
  run = function(incident, options)
    local found = act("disk.deleted_open", { path = incident.labels.path })
    -- Asked for whatever was found: what destroys log data waits until this had its turn, and
    -- "nothing there" is one.
    local result = act("logs.reopen")
    if found.ok and (found.found_bytes >= options.notable or result.count > 0) then
      diagnose(found.text)
    end
    if result.status == "denied" then
      log(result.text)
    end
    -- Then something else fills it: which logs grow and who writes them is for people to read.
    -- It takes some seconds, which there are not when it is critical.
    if incident.labels.path and result.count == 0 and not incident.critical then
      act("logs.writers")
    end
    if result.count == 0 then
      return verify_room(incident, result)
    end
    -- How much is deleted and open is looked at every few seconds only.
    return verify { clears = incident.condition, within = "30s" }
  end,
}
