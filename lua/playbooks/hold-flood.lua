-- SPDX-License-Identifier: MIT
--
-- hold-flood - take a storm of undeliverable bounces out of Postfix's hands while it does harm
--
-- An address-guessing attack makes bounces that nobody takes.  Many deferred ones are no harm;
-- they are when they become more and crowd the queues that deliver, or when a disk is in
-- trouble.  Then the deferred bounces are put on hold.  They are released when the storm is
-- over, all but those that would expire at once.  Nothing is deleted, other mail is not
-- touched, and what an admin holds stays his.
--
-- Held mail does not come back by itself if spoolguard goes away for good, so by default this
-- only records what it would have done:  playbooks = { ["hold-flood"] = { mode = "enforce" } }
--
--   at_least   fewer deferred bounces than this are not what does the harm

-- A queue that delivers is large, or a disk is in trouble: in words.
local function harm(instance)
  for _, large in ipairs(tripped("queue-large")) do
    local queue = large.labels.queue
    if large.labels.instance == instance and (queue == "active" or queue == "incoming") then
      return ("the %s queue is crowded"):format(queue)
    end
  end
  local disk = disk_trouble()
  return disk and ("%s is filling"):format(disk.labels.path)
end

-- ", 1709 of 2193 messages are bounces", as far as it is known.
local function share(instance)
  local bounces, all = 0, 0
  for _, queue in ipairs { "incoming", "active", "deferred", "hold" } do
    local where = { instance = instance, queue = queue }
    local without_sender, messages = reading("queue_null_sender_messages", where), reading("queue_messages", where)
    if not without_sender or not messages then
      return ""
    end
    bounces, all = bounces + without_sender, all + messages
  end
  return (", %.0f of %.0f messages are bounces"):format(bounces, all)
end

return playbook {
  name     = "hold-flood",
  summary  = "Hold deferred bounces while a storm of them does harm",
  mode     = "observe",
  on       = {
    all = "bounce-storm",
    any = {
      "queue-large", "disk-full-soon", "disk-space-high", "disk-space-critical", "disk-inodes-high",
      "disk-inodes-critical",
    },
  },
  options  = { at_least = 500 },
  budget   = { runs = 6, per = "1d" },
  cooldown = "10m",
  run = function(incident, options)
    local instance = incident.labels.instance
    local how = harm(instance)
    if not how then
      log("bounces pile up, but the queues that deliver are quiet and no disk is in trouble")
      return
    end
    local deferred = reading("queue_null_sender_messages", { instance = instance, queue = "deferred" })
    if not deferred or deferred < options.at_least then
      log(("%s, but %s"):format(how, deferred and ("only %.0f bounces are deferred"):format(deferred)
        or "how many bounces are deferred is not known"))
      return
    end

    local mail = share(instance)
    local result = act("postfix.hold", { instance = instance, sender = "<>" }, {
      until_clear = incident.condition,
      reason = ("bounces pile up and %s%s"):format(how, mail),
    })
    if not result.ok then
      log(("holding the bounces: %s: %s"):format(result.status, result.text))
      return false
    elseif result.status == "done" then
      diagnose(("a storm of bounces, and %s%s: %s"):format(how, mail, result.text))
    end
    -- Retries that are not made any more empty no queue and no disk: that is for others to do.
  end,
}
