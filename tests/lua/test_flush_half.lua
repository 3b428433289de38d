-- SPDX-License-Identifier: MIT
-- flush-after-recovery with several next hops, and with those that are back only by half

local flush = support("flush_support")
local relay, hop, pause, pass, publish, until_true, sum, most =
  flush.relay, flush.hop, flush.pause, flush.pass, flush.publish, flush.until_true, flush.sum, flush.most

test("several next hops come back side by side, and none waits for a slow or a broken one", function()
  relay()
  local fast = hop("fast.test", { waiting = 2000 })
  local slow = hop("slow.test", { waiting = 2000, rate = 2 })
  local silent = hop("silent.test", { waiting = 2000, takes = function() end })
  local broken = hop("broken.test", { waiting = 2000, takes = function() return "deferred" end })
  pause()
  for _, each in ipairs(flush.hops) do
    each.ratio = 1
  end
  local alone = 0
  until_true(400, function()
    alone = alone + 1
    return fast.delivered == 2000
  end)
  check(alone < 300, "it took " .. alone .. " s")
  check(slow.delivered > 100, slow.delivered .. " of the slow one")
  check(slow.active <= 40, slow.active .. " under way to the slow one")
  equal(silent.delivered + broken.delivered, 0)
  check(broken.attempts <= 15, broken.attempts .. " into the broken one")
  equal(silent.active, 5)
  until_true(1200, function() return slow.delivered == 2000 end)
  equal(count("lease-end"), 0)
  equal(silent.paused + silent.active + broken.paused + broken.active, 4000)
end)

test("a relay that is up and refuses every message costs canaries only, each time later", function()
  relay()
  local one = hop("one.test", { waiting = 2000, takes = function() return "deferred" end })
  pause()
  one.ratio = 1
  local times, tried = {}, 0
  for second = 1, 4 * 3600 do
    pass(1)
    if #one.given > tried then
      tried, times[#times + 1] = #one.given, second
    end
  end
  equal(most(one.given), 5)
  equal(sum(one.given), 5 * #one.given)
  equal(one.attempts, sum(one.given))
  for i = 3, #times do
    check(times[i] - times[i - 1] >= math.min(2 * (times[i - 1] - times[i - 2]) - 10, 3595), "the next try comes sooner")
  end
  check(#times >= 6 and #times <= 9, #times .. " tries in four hours")
  equal(count("lease-end"), 0)
  check(sim.lease(1), "the lease is over")
  equal(one.paused, 2000)
  one.takes = function() return "delivered" end
  until_true(3700 + 300, function() return one.delivered == 2000 end)
  pass(60)
  equal(count("lease-end"), 1)
  equal(count("close"), 1)
end)

test("what failed is postponed again before a Postfix in a hurry tries it by itself", function()
  relay()
  local one = hop("one.test", { waiting = 2000, takes = function() return "deferred" end })
  pause()
  one.ratio, one.hurry = 1, 5
  pass(170)
  equal(one.attempts, 5)
  equal(one.own, nil)
  equal(one.paused, 2000)
  equal(count("lease-end"), 0)
end)

test("one that takes fifty messages and dies gets at most twice the canaries after that, in each window", function()
  relay()
  local left = 50
  local one = hop("one.test", { waiting = 2000 })
  one.takes = function()
    left = left - 1
    return left >= 0 and "delivered" or "deferred"
  end
  pause()
  local broken, windows = {}, 0
  for _ = 1, 5 do
    one.ratio, left = 1, 50
    local before = one.deferred
    local ok = pcall(until_true, 4000, function() return left < -1 end)
    check(ok, "no try in window " .. windows + 1)
    windows = windows + 1
    pass(30)
    one.ratio = 0 -- the probe sees it
    pass(120)
    broken[#broken + 1] = one.deferred - before
  end
  equal(one.delivered, 250)
  print("       attempts after its death, by window: " .. table.concat(broken, " "))
  check(most(broken) <= 10, table.concat(broken, " "))
  equal(count("lease-end"), 0)
end)

test("a relay that would return everything to its senders is given no more than canaries", function()
  relay()
  local one = hop("one.test", { waiting = 2000, takes = function() return "bounced" end })
  pause()
  one.ratio = 1
  pass(100)
  equal(one.bounced, 5)
  equal(sim.lease(1), "in-force")
end)

test("some users that are unknown, and greylisting, are no failure", function()
  relay()
  local n = 0
  local one = hop("one.test", { waiting = 2000 })
  one.takes = function()
    n = n + 1
    return n % 40 == 0 and "bounced" or n % 7 == 0 and n < 1000 and "put_off" or "delivered"
  end
  pause()
  one.ratio = 1
  until_true(600, function() return one.delivered + one.bounced == 2000 end)
  equal(count("note the flush"), 0)
end)

test("while the next hop refuses by what others saw of it, nothing is sent, and the lease stays", function()
  relay()
  local one = hop("one.test", { waiting = 2000 })
  sim.set("nexthop_refused_ratio", one.where, 1)
  pause()
  one.ratio = 1
  pass(3600)
  equal(#one.given, 0)
  equal(sim.lease(1), "in-force")
  sim.set("nexthop_refused_ratio", one.where, 0)
  until_true(300, function() return one.delivered == 2000 end)
  equal(count("note the flush"), 0)
end)

test("that it refused once is no reason for ever: without mail to see it by, canaries find out", function()
  relay()
  local one = hop("one.test", { waiting = 2000 })
  sim.set("nexthop_refused_ratio", one.where, 1)
  pause()
  sim.set("nexthop_refused_ratio", one.where, nil)
  one.ratio = 1
  until_true(400, function() return one.delivered == 2000 end)
end)

test("DNS is fixed, the relay says 451: five attempts, and the rest has Postfix's own schedule", function()
  relay()
  local one = hop("one.test", { stranded = 2000, ratio = 1, takes = function() return "deferred" end })
  sim.set("dns_server_up", { server = "192.0.2.53" }, 0)
  publish()
  pass(60)
  sim.set("dns_server_up", { server = "192.0.2.53" }, 1)
  pass(3600)
  equal(one.attempts, 5)
  equal(count("note the flush for one.test stopped: 2 of"), 0)
  check(line("note the flush for one.test stopped") ~= "", "nobody says why")
  equal(count("close"), 1)
end)

test("what is stranded elsewhere is not tried because one next hop is back", function()
  relay()
  local one = hop("one.test", { stranded = 100 })
  local other = hop("other.test", { stranded = 500, ratio = false })
  publish()
  pass(60)
  one.ratio = 1
  until_true(200, function() return one.delivered == 100 end)
  pass(60)
  equal(#other.given, 0)
end)

test("counters that are missing end it for that next hop alone, before anything is sent", function()
  relay()
  local one = hop("one.test", { waiting = 300 })
  local other = hop("other.test", { waiting = 300 })
  pause()
  one.ratio, other.ratio = 1, 1
  for _ = 1, 200 do
    pass(1)
    sim.set("queue_retry_bounced_total", one.where, nil)
  end
  equal(#one.given, 0)
  equal(other.delivered, 300)
  equal(sim.lease(1), "in-force")
end)

test("one that is down again for good is waited for in another run", function()
  relay()
  local one = hop("one.test", { waiting = 2000, takes = function() return "deferred" end })
  pause()
  one.ratio = 1
  until_true(60, function() return #one.given > 0 end)
  one.ratio = 0
  pass(1700)
  equal(count("end flush-after-recovery"), 0)
  pass(300)
  equal(count("end flush-after-recovery"), 1)
  equal(sim.lease(1), "in-force")
  one.ratio, one.takes = 1, function() return "delivered" end
  until_true(300, function() return one.delivered == 2000 end)
end)

test("what failed after names came back is not begun again while others are served", function()
  relay()
  local slow = hop("slow.test", { stranded = 2000, rate = 2, ratio = false })
  local broken = hop("broken.test", { stranded = 2000, ratio = false, takes = function() return "deferred" end })
  sim.set("dns_server_up", { server = "192.0.2.53" }, 0)
  publish()
  pass(60)
  sim.set("dns_server_up", { server = "192.0.2.53" }, 1)
  pass(600)
  check(slow.delivered > 500, slow.delivered .. " of the slow one")
  equal(broken.attempts, 5)
end)

test("full mailboxes are tried seldom while another next hop is broken, and do not end the run for both", function()
  relay()
  local one = hop("one.test", { waiting = 500, hurry = math.huge })
  one.takes = function() return one.delivered < 480 and "delivered" or "put_off" end
  local broken = hop("broken.test", { waiting = 2000, takes = function() return "deferred" end })
  pause()
  one.ratio, broken.ratio = 1, 1
  for _ = 1, 4 * 60 do
    pass(60)
    one.paused, one.waiting = one.paused + one.waiting, 0 -- its lease is renewed
  end
  equal(one.delivered, 480)
  check(one.put_off <= 180, one.put_off .. " attempts for 20 messages in four hours")
  equal(count("lease-end"), 0)
  equal(count("end flush-after-recovery"), 0)
end)

test("what waits since a next hop that had rested for long was down again comes back soon", function()
  relay()
  local one = hop("one.test", { waiting = 500, hurry = math.huge })
  local is_full = true
  one.takes = function() return one.delivered >= 480 and is_full and "put_off" or "delivered" end
  local broken = hop("broken.test", { waiting = 2000, takes = function() return "deferred" end })
  pause()
  one.ratio, broken.ratio = 1, 1
  for _ = 1, 2 * 60 do
    pass(60)
    one.paused, one.waiting = one.paused + one.waiting, 0
  end
  one.ratio = 0
  pass(120)
  is_full, one.ratio, one.paused = false, 1, one.paused + 200
  until_true(360, function() return one.delivered == 700 end)
end)
