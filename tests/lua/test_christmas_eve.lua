-- SPDX-License-Identifier: MIT
-- pause-deferred and flush-after-recovery: what they ask for, what they conclude, and the night in which both act

local verbs = {
  ["postfix.postpone"] = { reversible = true, selects = true, args = { "instance", "nexthop" } },
  ["postfix.retry"] = { selects = true, args = { "instance", "nexthop", "how", "messages" } },
}

local conditions = {
  { name = "disk-full-soon", reading = "disk_full_seconds", below = true, trip = 1800, clear = 7200 },
  { name = "disk-space-critical", reading = "disk_used_ratio", trip = 0.95, clear = 0.90, level = "critical" },
  { name = "next-hop-down", reading = "relay_up_ratio", below = true, trip = 0, clear = 0.01, lasting = 20, level = "notice" },
  { name = "next-hop-refuses", reading = "nexthop_refused_ratio", trip = 0.9, clear = 0.5, level = "notice" },
  { name = "link-down", reading = "network_link_up", below = true, trip = 0, clear = 0.5, level = "warning" },
  { name = "resolver-slow", reading = "resolver_wait_seconds", trip = 2.4, clear = 2.2, level = "warning" },
  { name = "name-server-down", reading = "dns_server_up", below = true, trip = 0, clear = 0.5, level = "notice" },
  { name = "resolver-stale", reading = "resolver_stale", trip = 1, clear = 0.5, level = "warning" },
}

local dead = { instance = "-", nexthop = "example.test" }
local waiting, due, delivered, deferred -- of example.test

local function publish()
  sim.set("queue_nexthop_messages", dead, waiting)
  sim.set("queue_nexthop_due_messages", dead, due)
  sim.set("queue_retry_delivered_total", dead, delivered)
  sim.set("queue_retry_deferred_total", dead, deferred)
  sim.set("queue_retry_put_off_total", dead, 0)
  sim.set("queue_retry_bounced_total", dead, 0)
  sim.set("queue_messages", { instance = "-", queue = "active" }, 0)
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
  local playbooks = world {
    playbooks = { "pause-deferred", "flush-after-recovery" }, verbs = verbs, conditions = conditions,
    admit = given.admit, act = given.act or honest, options = given.options, observe = given.observe,
    select = given.selects or function(verb)
      return verb == "postfix.postpone" and due or waiting
    end,
  }
  publish()
  sim.set("disk_full_seconds", { path = "/var/log" }, given.forecast or 600)
  sim.set("disk_available_bytes", { path = "/" }, 1e12)
  sim.set("disk_available_bytes", { path = "/var/log" }, 60e6)
  sim.set("log_growth_bytes_per_second", { path = "/var/log" }, given.growth or 100000)
  sim.set("relay_up", { nexthop = "example.test", address = "192.0.2.66" }, 0)
  hop(0)
  return playbooks
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
  equal(terms.reason, "example.test does not answer at 192.0.2.66, and retries of its mail fill the log")
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

test("what people read names the next hop, what its retries do, and what was done", function()
  night()
  sim.advance(60)
  equal(count("diagnosis 2000 messages for example.test, which does not answer at 192.0.2.66; " ..
    "/var/log grows by 98K a second and is full in 10 min: the retries are paused"), 1)
end)

test("mail that is all being tried at this moment is paused when it comes back", function()
  night { waiting = 0 }
  due = 2000
  publish()
  sim.advance(30)
  equal(count("act"), 0)
  waiting, due = 2000, 2000
  publish()
  sim.advance(30)
  equal(count("act postfix.postpone"), 1)
  equal(sim.lease(1), "in-force")
  equal(count("end pause-deferred done"), 1)
end)

test("mail that no selection takes, as it goes elsewhere, too, is no reason to try again", function()
  night { selects = function() return count("act postfix.postpone") == 0 and 1500 or 0 end, act = function()
    return { status = "done", count = 1500, done = function()
      due = 40
      publish()
    end }
  end }
  sim.advance(120)
  equal(count("act postfix.postpone"), 1)
  equal(count("end pause-deferred done"), 1)
end)

test("a calm log is not what fills the disk, and nothing is paused", function()
  night { growth = 0 }
  sim.advance(3600)
  equal(count("act"), 0)
  check(line("note retries are not what fills a disk") ~= "", "nobody says why")
end)

test("a critical disk is no time for that question", function()
  night { growth = 200 }
  sim.advance(60)
  used(0.97)
  sim.advance(60)
  equal(count("act postfix.postpone"), 1)
end)

test("a second next hop is paused without another word about the first", function()
  local hops = {}
  local second = { instance = "-", nexthop = "second.test" }
  night { selects = function() return 50 end, act = function(verb, args)
    hops[#hops + 1] = args.nexthop
    if args.nexthop == "example.test" then
      return honest(verb, args)
    end
    return { status = "done", count = 50, done = function() sim.set("queue_nexthop_due_messages", second, 0) end }
  end }
  sim.advance(600)
  sim.set("queue_nexthop_messages", second, 50)
  sim.set("queue_nexthop_due_messages", second, 50)
  sim.set("relay_up_ratio", { nexthop = "second.test" }, 0)
  sim.advance(60)
  equal(table.concat(hops, " "), "example.test second.test")
end)

test("a next hop that turns out to be dead while another one is being paused has its turn at once", function()
  local hops = {}
  night { selects = function() return 50 end, act = function(verb, args)
    hops[#hops + 1] = args.nexthop
    return { status = "done", count = 50, done = function()
      sim.set("queue_nexthop_due_messages", { instance = "-", nexthop = args.nexthop }, 0)
    end }
  end }
  sim.set("queue_nexthop_messages", { instance = "-", nexthop = "second.test" }, 50)
  sim.advance(5)
  sim.set("relay_up_ratio", { nexthop = "second.test" }, 0)
  sim.advance(45)
  equal(table.concat(hops, " "), "example.test second.test")
  check(count("diagnosis 50 messages for example.test, which does not answer at 192.0.2.66; " ..
    "50 messages for second.test, which does not answer; /var/log grows") > 0, "one of them is not told")
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
  equal(batches[1], "canary 5")
  check(batches[#batches] > "batch 100", "the batches do not grow")
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

test("a next hop that answered for a moment is paused still, and flushed when it is up in earnest", function()
  local alive = false
  flush_with(function(args)
    if args.how == "canary" or alive then
      return honest("postfix.retry", args)
    end
    return { status = "done", count = tonumber(args.messages), done = function()
      deferred = deferred + tonumber(args.messages)
      publish()
      hop(0)
    end }
  end)
  equal(count("act postfix.retry"), 2)
  equal(count("lease-end"), 0)
  check(sim.lease(1), "the lease is over")
  alive = true
  hop(1)
  sim.advance(600)
  equal(waiting, 0)
  check(count("end flush-after-recovery cleared") > 0, "it did not end well")
  equal(count("lease-end"), 1)
  equal(count("close"), 1)
end)

local units = { m = 60, h = 3600, d = 86400 }

local function seconds(text)
  local number, unit = text:match("^(%d+)(%a)$")
  return number * units[unit]
end

-- As the executor does, when every run acts.
local function admission(playbook, clock)
  local begun, per = {}, seconds(playbook.budget.per)
  return function()
    local first = begun[#begun - playbook.budget.runs + 1]
    local last = begun[#begun]
    if first and clock() < first + per then
      return "spent", first + per - clock()
    elseif last and clock() < last + seconds(playbook.cooldown) then
      return "cooldown", last + seconds(playbook.cooldown) - clock()
    end
    begun[#begun + 1] = clock()
  end
end

test("a next hop that flaps for hours costs a few messages an hour, and keeps the pause until it is up for good", function()
  local clock, up_for_good, tried, admit = 0, false, 0, nil
  local function pass(time)
    for _ = 1, time do
      sim.advance(1)
      clock = clock + 1
    end
  end
  local playbooks = night {
    admit = function(name)
      if name == "flush-after-recovery" then
        return admit()
      end
    end,
    selects = function() return waiting end,
    act = function(verb, args)
      if verb == "postfix.postpone" or up_for_good then
        return honest(verb, args)
      end
      tried = tried + tonumber(args.messages)
      return { status = "done", count = tonumber(args.messages), done = function()
        deferred = deferred + tonumber(args.messages)
        publish()
      end }
    end,
  }
  admit = admission(playbooks[2], function() return clock end)
  pass(60)
  sim.set("disk_full_seconds", { path = "/var/log" }, math.huge)
  for _ = 1, 3 * 45 do
    hop(1)
    pass(40)
    hop(0)
    pass(40)
  end
  check(tried >= 10 and tried <= 3 * 12 * 2, tried .. " messages were tried")
  equal(count("lease-end"), 0)
  hop(1)
  up_for_good = true
  for _ = 1, 3600 + 60 do
    pass(1)
    check(delivered == 2000 or count("lease-end") == 0, "let go of all at once")
  end
  equal(delivered, 2000)
  equal(count("lease-end"), 1)
  equal(count("close"), 1)
end)

test("mail that nobody postponed and no outage keeps is left to Postfix's own schedule", function()
  night { forecast = math.huge }
  sim.advance(600)
  hop(1)
  sim.advance(600)
  equal(count("act"), 0)
end)

test("while the link to it is down a next hop is not to blame, and is dealt with afterwards", function()
  night()
  sim.advance(5)
  hop(nil)
  sim.set("network_link_up", { interface = "eth0" }, 0)
  sim.advance(3600)
  equal(count("act"), 0)
  sim.set("network_link_up", { interface = "eth0" }, 1)
  hop(0)
  sim.advance(60)
  equal(count("act postfix.postpone"), 1)
end)

test("a link that only others are reached by does not keep a dead next hop from being paused", function()
  night()
  sim.set("network_link_up", { interface = "eth1" }, 0)
  sim.advance(60)
  equal(count("act postfix.postpone"), 1)
  equal(sim.lease(1), "in-force")
end)

test("when it is not known any more whether it answers, nothing more is postponed", function()
  night { act = function()
    hop(nil)
    return { status = "done", count = 2000 }
  end }
  sim.advance(600)
  equal(count("act postfix.postpone"), 1)
  equal(count("note pausing mail for example.test: it is not known any more whether it answers"), 1)
  equal(count("escalate"), 0)
end)

test("a next hop that cannot be probed any more is not known to be dead", function()
  night { forecast = math.huge }
  sim.advance(60)
  sim.set("relay_up_ratio", { nexthop = "example.test" }, nil)
  sim.set("disk_full_seconds", { path = "/var/log" }, 600)
  sim.advance(3600)
  equal(count("act"), 0)
end)

test("mail in front of a content filter is never paused", function()
  night()
  sim.set("filter_wait_seconds", { nexthop = "example.test" }, 4000)
  sim.advance(3600)
  equal(count("act"), 0)
end)

test("a relayhost that is dead is all of the mail, and is paused as one", function()
  night { waiting = 20000 }
  sim.advance(60)
  equal(count("act postfix.postpone"), 1)
  equal(sim.lease(1), "in-force")
end)

test("of several dead next hops none waits for another whose mail does not come back", function()
  local hops = {}
  night { waiting = 0, selects = function() return 50 end, act = function(_, args)
    hops[#hops + 1] = args.nexthop
    return { status = "done", count = 50, done = function()
      sim.set("queue_nexthop_due_messages", { instance = "-", nexthop = args.nexthop }, 0)
    end }
  end }
  due = 5000 -- all of it is being tried at this moment, and stays there
  publish()
  for _, name in ipairs { "second.test", "third.test" } do
    sim.set("queue_nexthop_messages", { instance = "-", nexthop = name }, 50)
    sim.set("queue_nexthop_due_messages", { instance = "-", nexthop = name }, 50)
    sim.set("relay_up_ratio", { nexthop = name }, 0)
  end
  sim.advance(30)
  table.sort(hops)
  equal(table.concat(hops, " "), "second.test third.test")
end)

test("one that answers again while it is being paused is left in peace, and may have another turn", function()
  night { act = function() return { status = "done", count = 2000 } end }
  sim.advance(25)
  hop(1)
  sim.advance(60)
  check(count("act postfix.postpone") <= 2, "paused on")
  equal(count("end pause-deferred not-cleared"), 0)
end)

test("mail that is deferred for moments only is caught in one of them", function()
  local all, at = 2000, 0
  night { act = function(verb, args)
    return verb == "postfix.postpone" and waiting == 0 and { status = "nothing" } or honest(verb, args)
  end }
  -- In a rhythm of ten seconds, as that of the playbook's own tries, and deferred for three of them.
  for _ = 1, 120 do
    at = at + 1
    if sim.lease(1) == nil then
      waiting = at % 10 < 3 and all or 0
      due = waiting
      publish()
    end
    sim.advance(1)
  end
  equal(sim.lease(1), "in-force")
  equal(count("act postfix.postpone"), 1)
end)

test("and so is the rest, when a part of it was there at first", function()
  local postponed, rest = 0, 1500
  night { waiting = 3000, selects = function() return due end, act = function()
    local n = due
    postponed = postponed + n
    return { status = n > 0 and "done" or "nothing", count = n, done = function()
      rest, due = postponed == 3000 and 0 or rest, 0
      publish()
    end }
  end }
  -- All that is not postponed is tried for seven seconds of ten, in the rhythm of the playbook's own tries.
  for second = 1, 200 do
    local is_tried = second % 10 ~= 0 and second % 10 < 8
    due = postponed == 0 and 1500 or is_tried and 0 or rest
    waiting = postponed == 0 and 1500 or postponed + due
    publish()
    sim.set("queue_nexthop_due_messages", dead, rest)
    sim.set("queue_nexthop_underway_messages", dead, rest - due)
    sim.advance(1)
    if count("end pause-deferred") > 0 then
      break
    end
  end
  equal(postponed, 3000)
  equal(count("end pause-deferred done"), 1)
end)
