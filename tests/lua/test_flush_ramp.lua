-- SPDX-License-Identifier: MIT
-- How flush-after-recovery brings back thousands: how many are under way, how long it takes, how many actions

local flush = support("flush_support")
local relay, hop, pause, pass, publish, until_true =
  flush.relay, flush.hop, flush.pause, flush.pass, flush.publish, flush.until_true

test("a next hop gets canaries, and never more under way than a share of what it has taken", function()
  relay()
  local one = hop("one.test", { waiting = 3000 })
  pause()
  one.ratio = 1
  local seconds = until_true(300, function()
    check(one.active <= math.max(5, one.delivered / 4), one.active .. " after " .. one.delivered)
    return one.delivered == 3000
  end)
  equal(one.given[1], 5)
  equal(one.given[2], 5)
  check(seconds > 30, "in " .. seconds .. " s")
  equal(one.attempts, 3000)
  pass(60)
  equal(count("end flush-after-recovery cleared"), 1)
  equal(count("lease-end"), 1)
  equal(count("close"), 1)
  equal(count("diagnosis one.test did not answer; 3000 messages for it were paused, and brought back"), 1)
end)

-- All delivered, and attempts, actions and the most that was under way at once.
local function figures()
  local got = { delivered = 0, attempts = 0, actions = 0, active = 0 }
  for _, each in ipairs(flush.hops) do
    got.delivered, got.attempts = got.delivered + each.delivered, got.attempts + each.attempts
    got.actions, got.active = got.actions + #each.given, got.active + each.active
  end
  return got
end

local function bring_back(messages, seconds)
  local highest, got = 0, nil
  pause()
  for _, each in ipairs(flush.hops) do
    each.ratio = 1
  end
  local took = until_true(seconds, function()
    got = figures()
    highest = math.max(highest, got.active)
    return got.delivered == messages
  end)
  print(("       %d messages for %d next hops at %d a second: %d s, %d actions, at most %d under way"):format(
    messages, #flush.hops, flush.hops[1].rate, took, got.actions, highest))
  equal(got.attempts, messages)
  check(highest <= 2000, highest .. " at once")
  pass(240) -- each is found to be empty
  equal(count("end flush-after-recovery cleared"), #flush.hops)
  equal(count("end flush-after-recovery"), #flush.hops)
  equal(line("note after"), "")
  equal(count("escalate"), 0)
  return got.actions
end

test("80,000 messages come back as fast as they are taken, each once, with few actions", function()
  for rate, limit in pairs { [25] = { 3400, 150 }, [300] = { 330, 100 }, [600] = { 220, 100 } } do
    relay()
    hop("one.test", { waiting = 80000, rate = rate })
    local actions = bring_back(80000, limit[1])
    check(actions <= limit[2], actions .. " actions")
  end
end)

test("and in one run for eight next hops together, within the hour", function()
  relay()
  for i = 1, 8 do
    hop(i .. ".test", { waiting = 10000, rate = 50 })
  end
  bring_back(80000, 3600)
end)

test("many next hops are brought back whole in one run, those with least mail first", function()
  relay()
  for i = 1, 16 do
    hop(i .. ".test", { stranded = i < 16 and 5000 or 100, rate = 50, ratio = 1 })
  end
  sim.set("resolver_wait_seconds", {}, math.huge)
  pass(20)
  sim.set("resolver_wait_seconds", {}, 0.001)
  local begun = 0
  until_true(600, function()
    begun = 0
    for _, each in ipairs(flush.hops) do
      begun = begun + (#each.given > 0 and 1 or 0)
    end
    return flush.hops["16.test"].delivered == 100
  end)
  check(begun <= 9, begun .. " have begun")
  local highest, seconds = 0, nil
  seconds = until_true(5000, function()
    highest = math.max(highest, figures().active)
    return count("end flush-after-recovery ") == 1
  end)
  local got = figures()
  print(("       %d messages for 16 next hops: %d s, %d actions, at most %d under way"):format(
    got.delivered, seconds, got.actions, highest))
  equal(got.delivered, 75100)
  equal(got.attempts, 75100)
  check(highest <= 2000, highest .. " at once")
  check(got.actions <= 600, got.actions .. " actions")
end)

test("what little room others leave in the active queue is not given away message by message", function()
  relay()
  local one = hop("one.test", { waiting = 20000, rate = 50 })
  one.takes = function()
    flush.busy = 4800 + (flush.busy + 17) % 200
    return "delivered"
  end
  pause()
  one.ratio = 1
  pass(1200)
  check(one.delivered > 4000, one.delivered .. " delivered")
  check(#one.given <= 120, #one.given .. " actions in twenty minutes")
end)

test("a crowded active queue gets nothing more from us", function()
  relay()
  local one = hop("one.test", { waiting = 2000 })
  pause()
  flush.busy, one.ratio = 5000, 1
  pass(600)
  equal(#one.given, 0)
  equal(sim.lease(1), "in-force")
  flush.busy = 100
  until_true(300, function() return one.delivered == 2000 end)
end)

test("all next hops together have no more under way than one may", function()
  relay()
  for i = 1, 4 do
    hop(i .. ".test", { waiting = 20000 })
  end
  pause()
  for _, each in ipairs(flush.hops) do
    each.ratio = 1
  end
  local highest = 0
  until_true(900, function()
    local active, delivered = 0, 0
    for _, each in ipairs(flush.hops) do
      active, delivered = active + each.active, delivered + each.delivered
    end
    highest = math.max(highest, active)
    return delivered == 80000
  end)
  check(highest > 1000 and highest <= 2000, highest .. " at once")
end)

test("one that becomes slow has less and less under way", function()
  relay()
  local one = hop("one.test", { waiting = 20000 })
  pause()
  one.ratio = 1
  until_true(300, function() return one.delivered >= 8000 end)
  check(one.active > 300, one.active .. " while it was fast")
  one.rate = 1
  pass(2 * 3600)
  check(one.active > 0 and one.active <= 250, one.active .. " under way at one a second")
end)

test("a run ends by itself before it has asked for all that it may", function()
  relay()
  for i = 1, 63 do
    hop(i .. ".test", { stranded = 250, ratio = false })
  end
  sim.set("dns_server_up", { server = "192.0.2.53" }, 0)
  publish()
  pass(60)
  sim.set("dns_server_up", { server = "192.0.2.53" }, 1)
  pass(4000)
  check(count("act postfix.retry") > 940 and count("act postfix.retry") <= 990, count("act postfix.retry") .. " tries")
  check(line("note after 990 actions what is left for "):find(" and %d+ more has Postfix's own schedule$"), "nobody says so")
  equal(count("end flush-after-recovery failed"), 0)
  equal(count("end flush-after-recovery"), 1)
end)
