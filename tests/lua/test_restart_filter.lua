-- SPDX-License-Identifier: MIT
-- restart-filter: the site's remedy for a stuck filter, once, and what is called progress

local FILTER = "[127.0.0.1]:10024"
local MINUTE = 60

local conditions = {
  { name = "disk-space-high", reading = "disk_used_ratio", trip = 0.85, clear = 0.80 },
  { name = "disk-space-critical", reading = "disk_used_ratio", trip = 0.95, clear = 0.90, level = "critical" },
  { name = "disk-full-soon", reading = "disk_full_seconds", below = true, trip = 7200, clear = 21600 },
  { name = "disk-inodes-high", reading = "disk_inodes_used_ratio", trip = 0.85, clear = 0.80 },
  { name = "disk-inodes-critical", reading = "disk_inodes_used_ratio", trip = 0.95, clear = 0.90, level = "critical" },
  { name = "resolver-stale", reading = "resolver_stale", trip = 1, clear = 0.5 },
  { name = "filter-stuck", reading = "filter_wait_seconds", trip = 300, clear = 60, lasting = 0, clear_lasting = 5 },
}

local function mail(seconds, incoming, active, deferred)
  sim.set("queue_messages", { instance = "-", queue = "incoming" }, incoming)
  sim.set("queue_messages", { instance = "-", queue = "active" }, active)
  sim.set("queue_messages", { instance = "-", queue = "deferred" }, deferred or 0)
  sim.set("queue_nexthop_messages", { instance = "-", nexthop = FILTER }, deferred or 0)
  sim.set("filter_wait_seconds", { nexthop = FILTER }, seconds)
end

-- As on the night of INCIDENTS 4.
local function night(options, act, observe)
  world {
    playbooks = { "restart-filter" }, conditions = conditions, plugins = true, act = act, observe = observe,
    options = { ["restart-filter"] = options },
  }
  sim.set("queue_oldest_seconds", { instance = "-", queue = "incoming" }, 320 * MINUTE)
  sim.set("queue_oldest_seconds", { instance = "-", queue = "active" }, 319 * MINUTE)
  sim.set("queue_domain_messages", { instance = "-", queue = "active", domain = "lab.example" }, 1000)
  sim.set("queue_domain_messages", { instance = "-", queue = "deferred", domain = "lab.example" }, 324)
  sim.set("queue_domain_messages", { instance = "-", queue = "deferred", domain = "*" }, 22)
  sim.set("queue_sender_messages", { instance = "-", sender = "spam.example" }, 1300)
  sim.set("queue_sender_messages", { instance = "-", sender = "<>" }, 46)
  mail(320 * MINUTE, 1320, 20, 6)
end

local UNIT = { unit = "amavis.service" }

test("without a word of the site nothing is done, what waits is told, and people are called", function()
  night()
  sim.advance(20 * MINUTE)
  equal(count("act"), 0)
  equal(count("note nothing is restarted: playbooks"), 1)
  equal(line("note queues"),
    "note queues: incoming 1320 (oldest 320 min), active 20 (oldest 319 min), deferred 6")
  equal(line("note recipient domains"), "note recipient domains: lab.example 1324, others 22")
  equal(line("note sender domains"), "note sender domains: spam.example 1300, <> 46")
  equal(count("escalate refused"), 1)
  equal(count("diagnosis the filter"), 0)
end)

test("the unit is restarted once, and a queue that drains is waited for until its wait is over", function()
  local asked
  night(UNIT, function(verb, args)
    asked = verb .. " " .. args.unit
    return { status = "done", count = 1, text = "amavis.service was restarted" }
  end)
  sim.advance(10)
  equal(asked, "service.restart amavis.service")
  for i = 1, 6 do
    mail(320 * MINUTE - i * 50 * MINUTE, 1320 - i * 200, 20)
    sim.advance(2 * MINUTE)
  end
  equal(count("end"), 0)
  mail(20, 40, 20)
  sim.set("queue_oldest_seconds", { instance = "-", queue = "incoming" }, 30)
  sim.set("queue_oldest_seconds", { instance = "-", queue = "active" }, 50)
  sim.advance(20)
  equal(count("act"), 1)
  equal(count("end restart-filter cleared"), 1)
  equal(count("diagnosis the filter " .. FILTER
    .. " was stuck while 1346 messages waited, the oldest for 320 min; amavis.service was restarted, and now 60 messages wait, the oldest for 50 s"), 1)
  equal(count("escalate"), 0)
end)

test("of one that keeps up again it is not said how long the rest has waited", function()
  night(UNIT, function()
    return { status = "done", count = 1, text = "amavis.service was restarted" }
  end)
  sim.advance(10)
  mail(0, 1180, 20)
  sim.advance(MINUTE)
  equal(count("end restart-filter cleared"), 1)
  check(line("diagnosis the filter"):find("and now 1200 messages wait, and it keeps up with them", 1, true),
    line("diagnosis the filter"))
end)

test("one that is empty at once is not waited for", function()
  night(UNIT, function()
    mail(0, 0, 0)
    return { status = "done", count = 1 }
  end)
  sim.advance(MINUTE)
  equal(count("end restart-filter cleared"), 1)
end)

test("what does not help is not repeated, and what waits is told", function()
  night(UNIT, function()
    return { status = "done", count = 1, text = "amavis.service was restarted" }
  end)
  sim.advance(10 * MINUTE)
  equal(count("end"), 0)
  -- Some come and go: that is no progress.
  mail(330 * MINUTE, 1317, 20, 6)
  sim.advance(3 * MINUTE)
  equal(count("end restart-filter not-cleared"), 1)
  equal(count("diagnosis the filter " .. FILTER .. " is stuck, and it did not help that amavis.service was restarted"), 1)
  check(line("diagnosis the filter"):find("; before, 1346 messages waited, the oldest for 320 min", 1, true),
    line("diagnosis the filter"))
  equal(count("note recipient domains: lab.example 1324"), 1)
  sim.advance(86400)
  equal(count("act"), 1)
  equal(count("escalate not-cleared"), 1)
end)

test("progress that comes to a halt is over when there was none for as long again", function()
  night(UNIT, function()
    return { status = "done", count = 1 }
  end)
  sim.advance(10 * MINUTE)
  mail(300 * MINUTE, 1200, 20)
  sim.advance(10 * MINUTE)
  equal(count("end"), 0)
  sim.advance(2 * MINUTE)
  equal(count("end restart-filter not-cleared"), 1)
end)

test("a queue that only drains slowly is not waited for without end", function()
  night(UNIT, function()
    return { status = "done", count = 1 }
  end)
  for i = 1, 17 do
    mail(320 * MINUTE, 1320 - i * 70, 20)
    sim.advance(1.5 * MINUTE)
  end
  equal(count("end restart-filter done"), 1)
  equal(count("diagnosis the filter " .. FILTER .. " was stuck while"), 1)
end)

test("what cannot be seen any more is no progress", function()
  night(UNIT, function()
    for _, queue in ipairs { "incoming", "active", "deferred" } do
      sim.set("queue_messages", { instance = "-", queue = queue }, nil)
    end
    sim.set("filter_wait_seconds", { nexthop = FILTER }, nil)
    return { status = "done", count = 1 }
  end)
  sim.advance(12 * MINUTE)
  equal(count("end restart-filter not-cleared"), 1)
  equal(count("act"), 1)
end)

test("a unit that is not allowed is not restarted, and people are called", function()
  night(UNIT, function()
    return { status = "denied", text = "\"amavis.service\" is not in plugins.service.units" }
  end)
  sim.advance(20 * MINUTE)
  equal(count("note service.restart amavis.service: denied: \"amavis.service\" is not in plugins.service.units"), 1)
  equal(count("note queues"), 1)
  equal(count("act"), 1)
  equal(count("escalate refused"), 1)
end)

test("the command goes first, and the unit follows only when that went well", function()
  local asked = {}
  night({ unit = "amavis.service", command = "flush-scanner" }, function(verb, args)
    asked[#asked + 1] = verb .. " " .. (args.name or args.unit)
    return { status = verb == "command.run" and "failed" or "done", text = "exit status 3" }
  end)
  sim.advance(MINUTE)
  equal(table.concat(asked, ", "), "command.run flush-scanner")
  equal(count("note command.run flush-scanner: failed: exit status 3"), 1)

  asked = {}
  night({ unit = "amavis.service", command = "flush-scanner" }, function(verb, args)
    asked[#asked + 1] = verb .. " " .. (args.name or args.unit)
    mail(0, 0, 0)
    return { status = "done" }
  end)
  sim.advance(MINUTE)
  equal(table.concat(asked, ", "), "command.run flush-scanner, service.restart amavis.service")
  check(line("diagnosis the filter"):find("the command flush-scanner was run and amavis.service was restarted, and now nothing waits", 1, true),
    "not told what was done")
end)

test("another filter's remedy is not tried", function()
  night { unit = "amavis.service", nexthop = "[127.0.0.1]:10026" }
  sim.advance(20 * MINUTE)
  equal(count("act"), 0)
  equal(count("note nothing is restarted: what is configured is for the filter [127.0.0.1]:10026"), 1)
end)

test("in observe it says what it would have done", function()
  night(UNIT, nil, true)
  sim.advance(10 * MINUTE)
  equal(count("act service.restart"), 1)
  equal(count("diagnosis the filter"), 0)
  equal(count("end restart-filter observed"), 1)
end)

test("by hand, while no filter is stuck, the remedy is tried once", function()
  night(UNIT)
  sim.withdraw("filter_wait_seconds", { nexthop = FILTER })
  sim.by_hand("restart-filter")
  sim.advance(MINUTE)
  equal(count("act service.restart"), 1)
  equal(count("end restart-filter done"), 1)
end)

-- The filter takes what is tried again, all of it unless the test says how many, and turns a share of it away.
local function tried_again(takes, seconds, turns_away)
  local asked, delivered, deferred, bounced = {}, 0, 0, 0
  local function totals()
    sim.set("queue_retry_bounced_total", { instance = "-", nexthop = FILTER }, bounced)
    sim.set("queue_retry_delivered_total", { instance = "-", nexthop = FILTER }, delivered)
    sim.set("queue_retry_deferred_total", { instance = "-", nexthop = FILTER }, deferred)
  end
  return asked, totals, function(verb, args)
    if verb ~= "postfix.retry" then
      return { status = "done", count = 1 }
    end
    local n = math.tointeger(tonumber(args.messages))
    asked[#asked + 1] = ("%s %s %d"):format(args.nexthop, args.how, n)
    return { status = "done", count = n, done = function()
      local taken = math.min(n, takes or n)
      local away = math.floor(taken * (turns_away or 0))
      delivered, deferred, bounced = delivered + taken - away, deferred + n - taken, bounced + away
      mail(seconds or 320 * MINUTE, 20, 20, math.max(1306 - delivered - bounced, 0))
      totals()
    end }
  end
end

test("deferred mail for the filter comes back in growing batches", function()
  local asked, totals, act = tried_again()
  night(UNIT, act)
  mail(320 * MINUTE, 20, 20, 1306)
  totals()
  sim.advance(2 * MINUTE)
  equal(table.concat(asked, ", "), FILTER .. " canary 5, " .. FILTER .. " batch 20, " .. FILTER .. " batch 80, "
    .. FILTER .. " batch 320, " .. FILTER .. " batch 1000")
  equal(count("act service.restart"), 1)
end)

test("what somebody deletes or holds of a batch is not waited for", function()
  for _, lost in ipairs { 1, 15 } do
    local asked, totals, act = tried_again()
    night(UNIT, function(verb, args)
      if verb == "postfix.retry" and args.messages == "20" then
        local result = act(verb, { nexthop = args.nexthop, how = args.how, messages = tostring(20 - lost) })
        return { status = "done", count = 20, done = result.done }
      end
      return act(verb, args)
    end)
    sim.set("queue_nexthop_underway_messages", { instance = "-", nexthop = FILTER }, lost == 1 and 40 or 0)
    mail(320 * MINUTE, 20, 20, 1306)
    totals()
    sim.advance(3 * MINUTE)
    equal(#asked, 5)
    equal(asked[5], FILTER .. " batch 1000")
    equal(count("note"), 0)
  end
end)

test("what is still on its way is waited for, however long nothing is heard of it", function()
  local asked, totals, act = tried_again()
  night(UNIT, function(verb, args)
    if verb == "postfix.retry" and args.messages == "20" then
      local result = act(verb, { nexthop = args.nexthop, how = args.how, messages = "5" })
      return { status = "done", count = 20, done = result.done }
    end
    return act(verb, args)
  end)
  sim.set("queue_nexthop_underway_messages", { instance = "-", nexthop = FILTER }, 40)
  mail(320 * MINUTE, 20, 20, 1306)
  totals()
  sim.advance(5 * MINUTE)
  equal(#asked, 2)
end)

test("what the filter does not take comes back no more, and after three failures it has not helped", function()
  local asked, totals, act = tried_again(15)
  night(UNIT, act)
  mail(320 * MINUTE, 20, 20, 1306)
  totals()
  sim.advance(5 * MINUTE)
  local round = FILTER .. " canary 5, " .. FILTER .. " batch 20"
  equal(table.concat(asked, ", "), round .. ", " .. round .. ", " .. round)
  equal(count("note 5 of 20 messages that were tried again were deferred again"), 3)
  equal(count("end restart-filter not-cleared"), 1)
end)

test("a filter that turns spam away does its work, and the rest comes back", function()
  local asked, totals, act = tried_again(nil, 0, 0.4)
  night(UNIT, act)
  mail(320 * MINUTE, 0, 0, 1306)
  totals()
  sim.advance(15 * MINUTE)
  equal(#asked, 5)
  equal(count("end restart-filter cleared"), 1)
  equal(count("escalate"), 0)
end)

test("one that turns all of it away is given no more than canaries", function()
  local asked, totals, act = tried_again(nil, nil, 1)
  night(UNIT, act)
  mail(320 * MINUTE, 20, 20, 1306)
  totals()
  sim.advance(5 * MINUTE)
  equal(table.concat(asked, ", "), FILTER .. " canary 5, " .. FILTER .. " canary 5, " .. FILTER .. " canary 5")
  equal(count("note 5 of 5 messages that were tried again were bounced"), 3)
  equal(count("end restart-filter not-cleared"), 1)
end)

test("what comes back cannot be seen: nothing is tried again", function()
  local asked, _, act = tried_again()
  night(UNIT, act)
  mail(320 * MINUTE, 20, 20, 1306)
  sim.advance(12 * MINUTE)
  equal(#asked, 0)
  equal(count("end restart-filter not-cleared"), 1)
end)

test("a clear that is only the first message after the restart is not the end", function()
  local asked, totals, act = tried_again(nil, 0)
  night(UNIT, act)
  mail(320 * MINUTE, 0, 0, 1306)
  totals()
  sim.advance(30)
  equal(count("note filter-stuck_" .. FILTER .. " cleared"), 1)
  equal(count("end"), 0)
  sim.advance(2 * MINUTE)
  equal(#asked, 5)
  equal(count("end restart-filter cleared"), 1)
end)

test("a disk that runs full meanwhile does not wait for the queue", function()
  night(UNIT, function()
    return { status = "done", count = 1 }
  end)
  sim.advance(MINUTE)
  equal(count("end"), 0)
  used(0.96)
  sim.advance(11)
  equal(count("end restart-filter done"), 1)
end)

test("a resolv.conf that is corrected meanwhile does not wait for the queue", function()
  night(UNIT, function()
    return { status = "done", count = 1 }
  end)
  sim.advance(MINUTE)
  equal(count("end"), 0)
  sim.set("resolver_stale", { instance = "-" }, 1)
  sim.advance(11)
  equal(count("end restart-filter done"), 1)
end)

test("one that was out of date before had its turn, and is no reason to end", function()
  night(UNIT, function()
    return { status = "done", count = 1 }
  end)
  sim.set("resolver_stale", { instance = "-" }, 1)
  sim.advance(5 * MINUTE)
  equal(count("act service.restart"), 1)
  equal(count("end"), 0)
end)

test("one that takes mail again has helped, however much comes in", function()
  night(UNIT, function()
    return { status = "done", count = 1 }
  end)
  sim.set("queue_nexthop_delivered_total", { instance = "-", nexthop = FILTER }, 1000)
  for i = 1, 15 do
    sim.advance(MINUTE)
    sim.set("queue_nexthop_delivered_total", { instance = "-", nexthop = FILTER }, 1000 + i * 10)
  end
  equal(count("end"), 0)
end)
