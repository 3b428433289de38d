-- SPDX-License-Identifier: MIT
-- pause-deferred and flush-after-recovery: what they ask for, what they conclude, and the night in which both act

local verbs = {
  ["postfix.postpone"] = { reversible = true, selects = true, args = { "instance", "nexthop" } },
  ["postfix.retry"] = { selects = true, args = { "instance", "nexthop", "how", "messages" } },
}

local conditions = {
  { name = "disk-full-soon", reading = "disk_full_seconds", below = true, trip = 1800, clear = 7200 },
  { name = "next-hop-down", reading = "relay_up_ratio", below = true, trip = 0, clear = 0.01, lasting = 20, level = "notice" },
}

local dead = { instance = "-", nexthop = "example.test" }
local waiting, due, delivered, deferred -- of example.test

local function publish()
  sim.set("queue_nexthop_messages", dead, waiting)
  sim.set("queue_nexthop_due_messages", dead, due)
  sim.set("queue_retry_delivered_total", dead, delivered)
  sim.set("queue_retry_deferred_total", dead, deferred)
end

local function hop(ratio)
  sim.set("relay_up_ratio", { nexthop = "example.test" }, ratio)
end

-- What the queue does when nothing is wrong: postponed mail is not due, retried mail is delivered.
local function honest(verb, args)
  if verb == "postfix.postpone" then
    return { status = "done", count = waiting, done = function()
      due = 0
      publish()
    end }
  end
  local batch = math.min(waiting, tonumber(args.messages))
  return { status = "done", count = batch, done = function()
    waiting, delivered = waiting - batch, delivered + batch
    publish()
  end }
end

local function night(given)
  given = given or {}
  waiting, due, delivered, deferred = given.waiting or 2000, given.waiting or 2000, 0, 0
  world {
    playbooks = { "pause-deferred", "flush-after-recovery" }, verbs = verbs, conditions = conditions,
    act = given.act or honest, options = given.options, observe = given.observe,
    select = function(verb)
      return verb == "postfix.postpone" and due or waiting
    end,
  }
  publish()
  sim.set("disk_full_seconds", { path = "/var/log" }, given.forecast or 600)
  hop(0)
end

test("a dead next hop with a roomy disk is one incident and no action", function()
  night { forecast = math.huge }
  sim.advance(24 * 3600)
  equal(count("open"), 1)
  equal(count("act"), 0)
  equal(count("escalate"), 0)
end)

test("a filling disk without a dead next hop pauses nothing", function()
  night()
  hop(0.5)
  sim.advance(24 * 3600)
  equal(count("act"), 0)
end)

test("with both, the mail of the dead next hop is postponed until it is up again", function()
  local terms
  night { act = function(verb, args, given)
    terms = given
    equal(args.nexthop, "example.test")
    equal(args.instance, "-")
    return honest(verb, args)
  end }
  sim.advance(60)
  equal(count("act postfix.postpone"), 1)
  equal(terms.until_clear, "next-hop-down_example.test")
  equal(terms.reason, "example.test is down and 2000 messages for it are retried in vain")
  equal(sim.lease(1), "in-force")
end)

test("messages that were being tried are postponed as soon as they are back", function()
  local times = 0
  night { act = function()
    times = times + 1
    return { status = "done", count = 2000, done = function()
      due = times < 3 and 700 or 0
      publish()
    end }
  end }
  sim.advance(120)
  equal(count("act postfix.postpone"), 3)
  equal(count("end pause-deferred done"), 1)
end)

test("a pause that does not hold says so, and is not repeated without end", function()
  night { act = function() return { status = "done", count = 2000 } end }
  sim.advance(3600)
  equal(count("act postfix.postpone"), 6)
  equal(count("end pause-deferred not-cleared"), 1)
end)

test("a queue that cannot be seen is not called quiet", function()
  night { act = function()
    return { status = "done", count = 2000, done = function()
      sim.set("queue_nexthop_due_messages", dead, nil)
    end }
  end }
  sim.advance(600)
  equal(count("end pause-deferred not-cleared"), 1)
end)

test("a handful of messages is not worth a pause", function()
  night { waiting = 9 }
  sim.advance(600)
  equal(count("act"), 0)
end)

test("in observe the decision is the same, and no lease is taken", function()
  night { observe = true, act = function() end }
  sim.advance(600)
  equal(count("act postfix.postpone"), 1)
  equal(sim.lease(1), nil)
end)

test("the whole night: paused, up again, canary, growing batches, lease over, incident closed", function()
  local batches = {}
  night { act = function(verb, args)
    if verb == "postfix.retry" then
      batches[#batches + 1] = args.how .. " " .. args.messages
    end
    return honest(verb, args)
  end }
  sim.advance(600)
  sim.set("disk_full_seconds", { path = "/var/log" }, math.huge)
  hop(1)
  sim.advance(300)
  equal(delivered, 2000)
  equal(table.concat(batches, " "), "canary 3 batch 100 batch 600 batch 1100 batch 1600")
  equal(count("end flush-after-recovery cleared"), 1)
  equal(count("lease-end"), 1)
  equal(count("close"), 1)
  equal(count("escalate"), 0)
end)

local function flush_with(retry)
  night { act = function(verb, args)
    return verb == "postfix.retry" and retry(args) or honest(verb, args)
  end }
  sim.advance(600)
  sim.set("disk_full_seconds", { path = "/var/log" }, math.huge)
  hop(1)
  sim.advance(600)
end

test("a canary that is deferred again is the end of the flush", function()
  flush_with(function()
    return { status = "done", count = 3, done = function()
      deferred = deferred + 3
      publish()
    end }
  end)
  equal(count("act postfix.retry"), 1)
  equal(count("end flush-after-recovery not-cleared"), 1)
  check(count("note") > 0, "nobody says why")
end)

test("the first batch that fails is the last one", function()
  flush_with(function(args)
    return { status = "done", count = tonumber(args.messages), done = function()
      if args.how == "canary" then
        waiting, delivered = waiting - 3, delivered + 3
      else
        deferred = deferred + 11
      end
      publish()
    end }
  end)
  equal(count("act postfix.retry"), 2)
end)

test("a batch of which nothing is heard ends the flush after its patience", function()
  flush_with(function() return { status = "done", count = 3 } end)
  equal(count("act postfix.retry"), 1)
  equal(count("end flush-after-recovery not-cleared"), 1)
end)

test("counters that are missing end the flush as an error, before anything is retried", function()
  night()
  sim.advance(600)
  sim.set("queue_retry_delivered_total", dead, nil)
  hop(1)
  sim.advance(60)
  equal(count("act postfix.retry"), 0)
  equal(count("end flush-after-recovery failed"), 1)
end)

test("mail that was not postponed by us is left to Postfix's own schedule", function()
  night { forecast = math.huge }
  sim.advance(600)
  hop(1)
  sim.advance(600)
  equal(count("act"), 0)
end)
