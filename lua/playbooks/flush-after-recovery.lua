-- SPDX-License-Identifier: MIT
--
-- flush-after-recovery - bring postponed mail back once its next hop answers again
--
-- Only what we postponed is brought back by us; the rest has Postfix's own schedule.  A few
-- messages go first.  When they are delivered, batches follow, each larger than the one
-- before, or half as large when that one went slowly; the first one that fails ends it.  Then
-- the lease ends, and what is left is retried by Postfix, spread over some minutes.  Nothing
-- here overrides a pause of the admin's.
--
-- A next hop that answered for a moment only is still paused when that is noticed: after a
-- failure the lease is kept until the next hop was probed again.  One that does so for hours
-- is tried some times an hour, however often it answers.  The budget is by the hour because
-- the lease waits for the next run no longer than that: when the next hop stays up, its mail
-- comes back in batches within the hour, not all at once because the day's budget is spent.
--
--   canary      messages that go first
--   first, step, most   size of the first batch, what each later one has more, and the limit
--   tolerance   share of a batch that may be deferred again (a full mailbox is no outage)
--   patience    seconds in which something of a batch must have been delivered
--   slow        seconds after which a batch is called slow
--   longest     seconds for all of it, as other playbooks have to wait for its end
--   doubt       seconds until a next hop that is down again is known to be

local function totals(where)
  local delivered = reading("queue_retry_delivered_total", where)
  local deferred = reading("queue_retry_deferred_total", where)
  if not delivered or not deferred then
    error("what became of the mail for " .. where.nexthop .. " cannot be seen")
  end
  return delivered, deferred
end

-- "delivered" and in how many seconds; "none" when nothing is left to retry; or why it stopped.
local function retry(where, how, messages, ends, options)
  local delivered_before, deferred_before = totals(where)
  local result = act("postfix.retry", { instance = where.instance, nexthop = where.nexthop, how = how, messages = messages })
  if result.status == "nothing" or result.status == "would-have" then
    return "none"
  elseif not result.ok then
    return result.status .. ": " .. result.text
  end

  local started, moved, last = now(), now(), 0
  while true do
    wait("1s", ("%d messages to reach %s"):format(result.count, where.nexthop))
    local delivered, deferred = totals(where)
    delivered, deferred = delivered - delivered_before, deferred - deferred_before
    if delivered + deferred > last then
      moved, last = now(), delivered + deferred
    end
    if deferred > result.count * options.tolerance then
      return ("%.0f of %d messages were deferred again"):format(deferred, result.count)
    elseif delivered + deferred >= result.count then
      return "delivered", now() - started
    elseif now() - moved > options.patience or now() > ends then
      return ("only %.0f of %d messages were delivered in %.0f s"):format(delivered, result.count, now() - started)
    end
  end
end

local function bring_back(where, options)
  local ends = now() + options.longest
  local answer, took = retry(where, "canary", options.canary, ends, options)
  local batch = options.first
  while answer == "delivered" do
    answer, took = retry(where, "batch", batch, ends, options)
    if took and took > options.slow then
      batch = math.max(batch // 2, options.first)
    else
      batch = math.min(batch + options.step, options.most)
    end
  end
  return answer
end

-- Meanwhile the lease is kept, and what is postponed stays so.
local function is_down_again(name, nexthop, options)
  local ends = now() + options.doubt
  while now() < ends do
    if #tripped(name) > 0 then
      return true
    end
    wait("5s", "whether " .. nexthop .. " is down again")
  end
  return false
end

return playbook {
  name     = "flush-after-recovery",
  summary  = "Bring postponed mail back in growing batches once its next hop answers",
  on       = { cleared = "next-hop-down" },
  options  = {
    canary = 3, first = 100, step = 500, most = 5000, tolerance = 0.1,
    patience = 120, slow = 60, longest = 1800, doubt = 100,
  },
  budget   = { runs = 12, per = "1h" },
  cooldown = "1m",
  run = function(incident, options)
    local done = true
    for _, lease in ipairs(leases("postfix.postpone")) do
      if lease.until_clear == incident.condition then
        local nexthop = lease.args.nexthop
        local answer = bring_back(lease.args, options)
        if answer == "none" then
          diagnose(("%s did not answer; %d messages for it were paused, and brought back when it did"):format(
            nexthop, lease.count))
        else
          log(("the flush for %s stopped: %s"):format(nexthop, answer))
          if is_down_again(incident.condition, nexthop, options) then
            return
          end
          done = false
        end
      end
    end
    return done
  end,
}
