-- SPDX-License-Identifier: MIT
--
-- drop-rotated-logs - delete the oldest rotated logs when nothing gentler made enough room
--
-- They are lost, so only as much goes as brings the file system below its clear level, the
-- oldest first, and each of them is in the record before.  The executor keeps what is younger
-- than a day before the incident, unless the file system is critical and everything gentler
-- had its turn.
--
--   high, critical   the ratio that is reached; a little below what clears the condition
--   blind            what goes first while a file system is so full that df cannot say how
--                    much is missing: the reserve of root fills before anything shows.  Twice
--                    as much the next time, until it can be seen

local LEAST, MOST, ROUNDS = 4096, 1 << 40, 6

-- What is missing to that ratio, and whether that is a guess; nil when it cannot be seen.
local function missing(path, ratio, blind)
  local used = reading("disk_used_ratio", { path = path })
  local available = reading("disk_available_bytes", { path = path })
  if not used or not available then
    return nil
  elseif used >= 1 or available <= 0 then
    return blind, true
  end
  return available / (1 - used) * (1 - ratio) - available
end

return playbook {
  name     = "drop-rotated-logs",
  summary  = "Delete the oldest rotated logs when nothing gentler made enough room",
  on       = { any = { "disk-space-high", "disk-space-critical" } },
  after    = { "reopen-deleted-logs", "free-ballast", "compress-logs", "rotate-logs", "vacuum-journal" },
  options  = { high = 0.79, critical = 0.89, blind = 64 * 1024 * 1024 },
  budget   = { runs = 4, per = "1d" },
  cooldown = "10m",
  run = function(incident, options)
    local path, blind = incident.labels.path, options.blind
    local dropped
    for _ = 1, ROUNDS do
      local bytes, guessed
      if path then
        bytes, guessed = missing(path, incident.critical and options.critical or options.high, blind)
      end
      if not bytes then
        log("nothing is dropped: it cannot be seen how much room is missing")
        return false
      elseif bytes <= 0 then
        if not dropped then
          log(("nothing is dropped: %s has the room that is wanted"):format(path))
        end
        return verify { clears = incident.condition, within = "10s" }
      end
      local target = math.min(math.max(bytes, LEAST), MOST)
      dropped = act("logs.drop_rotated", { path = path, target = ("%.0f"):format(target) })
      local gone = dropped.status == "done" and dropped.count > 0
      if gone then
        diagnose(("log data was destroyed to make room on %s: %s"):format(path, dropped.text))
      end
      if not guessed or not gone then
        break
      end
      -- What is missing is seen again a moment later.
      wait("2s", "the space to be seen")
      blind = blind * 2
    end
    return verify_room(incident, dropped)
  end,
}
