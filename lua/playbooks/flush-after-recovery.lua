-- SPDX-License-Identifier: MIT
--
-- flush-after-recovery - bring postponed mail back once its next hop answers again
--
-- Only what we postponed is brought back by us; the rest has Postfix's own schedule.  A few
-- messages go first.  When they are delivered, batches follow, each larger than the one
-- before; the first one that fails ends it.  Then the lease ends, and what is left is retried
-- by Postfix, spread over some minutes.  Nothing here overrides a pause of the admin's.
--
--   canary      messages that go first
--   first, step, most   size of the first batch, what each later one has more, and the limit
--   tolerance   share of a batch that may be deferred again (a full mailbox is no outage)
--   patience    seconds that a batch may take

local function totals(where)
  local delivered = reading("queue_retry_delivered_total", where)
  local deferred = reading("queue_retry_deferred_total", where)
  if not delivered or not deferred then
    error("what became of the mail for " .. where.nexthop .. " cannot be seen")
  end
  return delivered, deferred
end

-- "delivered", "none" when nothing is left to retry, or why it stopped.
local function retry(where, how, messages, options)
  local delivered_before, deferred_before = totals(where)
  local result = act("postfix.retry", { instance = where.instance, nexthop = where.nexthop, how = how, messages = messages })
  if result.status == "nothing" or result.status == "would-have" then
    return "none"
  elseif not result.ok then
    return result.status .. ": " .. result.text
  end

  local started = now()
  while true do
    wait("1s", ("%d messages to reach %s"):format(result.count, where.nexthop))
    local delivered, deferred = totals(where)
    delivered, deferred = delivered - delivered_before, deferred - deferred_before
    if deferred > result.count * options.tolerance then
      return ("%.0f of %d messages were deferred again"):format(deferred, result.count)
    elseif delivered + deferred >= result.count then
      return "delivered"
    elseif now() - started > options.patience then
      return ("only %.0f of %d messages were delivered in %d s"):format(delivered, result.count, options.patience)
    end
  end
end

local function bring_back(where, options)
  local answer = retry(where, "canary", options.canary, options)
  local batch = options.first
  while answer == "delivered" do
    answer = retry(where, "batch", batch, options)
    batch = math.min(batch + options.step, options.most)
  end
  return answer
end

return playbook {
  name     = "flush-after-recovery",
  summary  = "Bring postponed mail back in growing batches once its next hop answers",
  on       = { cleared = "next-hop-down" },
  options  = { canary = 3, first = 100, step = 500, most = 5000, tolerance = 0.1, patience = 120 },
  budget   = { runs = 24, per = "1d" },
  cooldown = "1m",
  run = function(incident, options)
    local done = true
    for _, lease in ipairs(leases("postfix.postpone")) do
      if lease.until_clear == incident.condition then
        local answer = bring_back(lease.args, options)
        if answer ~= "none" then
          log(("the flush for %s stopped: %s"):format(lease.args.nexthop, answer))
          done = false
        end
      end
    end
    return done
  end,
}
