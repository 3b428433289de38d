-- SPDX-License-Identifier: MIT
-- What flush-after-recovery brings back, and what there may be in its way

local flush = support("flush_support")
local relay, hop, pause, pass, publish, until_true =
  flush.relay, flush.hop, flush.pause, flush.pass, flush.publish, flush.until_true

test("Postfix that does not know the new name servers yet is given nothing", function()
  relay()
  local one = hop("one.test", { waiting = 2000 })
  sim.set("resolver_stale", { instance = "-" }, 1)
  pause()
  one.ratio = 1
  pass(600)
  equal(#one.given, 0)
  sim.set("resolver_stale", { instance = "-" }, 0)
  until_true(300, function() return one.delivered == 2000 end)
end)

test("but what we postponed does not wait for them for ever: canaries find out whether the old ones answer", function()
  relay()
  local one = hop("one.test", { waiting = 2000 })
  pause()
  sim.set("resolver_stale", { instance = "-" }, 1)
  pass(30)
  one.ratio = 1
  pass(880)
  equal(#one.given, 0)
  until_true(60, function() return #one.given > 0 end)
  equal(one.given[1], 5)
  until_true(300, function() return one.delivered == 2000 end)
end)

test("a relay that is given by its address needs no name server, as on a host without any DNS", function()
  for _, name in ipairs { "[192.0.2.25]", "[192.0.2.25]:26", "[2001:db8::25]", "[ipv6:2001:db8::25]:26",
    "[192.0.2.25],[192.0.2.26]" } do
    relay()
    local one = hop(name, { waiting = 2000 })
    sim.set("dns_server_up", { server = "127.0.0.1" }, 0)
    sim.set("resolver_stale", { instance = "-" }, 1)
    pause()
    one.ratio = 1
    until_true(300, function() return one.delivered == 2000 end)
  end
end)

test("one that is given by name waits for a name server, brackets or not", function()
  for _, name in ipairs { "one.test", "[one.test]:26", "[192.0.2.25]:26,[one.test]:26" } do
    relay()
    local one = hop(name, { waiting = 2000 })
    sim.set("dns_server_up", { server = "127.0.0.1" }, 0)
    pause()
    one.ratio = 1
    pass(600)
    equal(#one.given, 0)
    equal(sim.lease(1), "in-force")
  end
end)

test("a link that is down does not keep back the mail of a next hop that answers by another one", function()
  relay()
  local one = hop("one.test", { waiting = 2000 })
  pause()
  sim.set("network_link_up", { interface = "eth1" }, 0)
  pass(10)
  one.ratio = 1
  until_true(300, function() return one.delivered == 2000 end)
  pass(60)
  equal(count("lease-end"), 1)
end)

test("the mail of one that is not known to answer waits for the link, and a link that goes stops what is under way", function()
  relay()
  local one = hop("one.test", { waiting = 2000, rate = 5 })
  pause()
  one.ratio = 1
  until_true(100, function() return one.delivered >= 20 end)
  sim.set("network_link_up", { interface = "eth0" }, 0)
  one.rate = 0
  pass(5)
  local tries = #one.given
  check(line("note the flush for one.test stopped: the link is down") ~= "", "it goes on")
  one.ratio = false
  sim.set("relay_up_ratio", { nexthop = "one.test" }, nil)
  pass(600)
  equal(#one.given, tries)
  sim.set("network_link_up", { interface = "eth0" }, 1)
  one.ratio, one.rate = 1, 300
  until_true(600, function() return one.delivered == 2000 end)
end)

test("mail that nobody postponed comes back when names are there again", function()
  relay()
  local one = hop("one.test", { stranded = 2000, ratio = false })
  local few = hop("few.test", { stranded = 9, ratio = false })
  sim.set("dns_server_up", { server = "192.0.2.53" }, 0)
  publish()
  pass(120)
  equal(count("act"), 0)
  sim.set("dns_server_up", { server = "192.0.2.53" }, 1)
  until_true(300, function() return one.delivered == 2000 end)
  equal(#few.given, 0)
  pass(60)
  equal(count("note 2000 messages that waited for one.test were brought back"), 1)
  equal(count("end flush-after-recovery cleared"), 1)
  equal(count("close"), 1)
end)

test("and when Postfix has been told of the corrected name servers", function()
  relay()
  local one = hop("one.test", { stranded = 500, ratio = false })
  sim.set("dns_server_up", { server = "10.255.255.53" }, 0)
  sim.set("dns_server_up", { server = "127.0.0.1" }, 1)
  publish()
  pass(60)
  sim.withdraw("dns_server_up", { server = "10.255.255.53" })
  sim.set("resolver_stale", { instance = "-" }, 1)
  pass(60)
  equal(#one.given, 0)
  sim.set("resolver_stale", { instance = "-" }, 0)
  until_true(200, function() return one.delivered == 500 end)
end)

test("and when they were corrected and Postfix was reloaded at once, so that nothing was ever stale", function()
  relay()
  local one = hop("one.test", { stranded = 500, ratio = false })
  sim.set("dns_server_up", { server = "10.255.255.53" }, 0)
  sim.set("resolver_wait_seconds", {}, math.huge)
  publish()
  pass(60)
  sim.withdraw("dns_server_up", { server = "10.255.255.53" })
  sim.set("dns_server_up", { server = "127.0.0.1" }, 1)
  sim.set("resolver_wait_seconds", {}, 0.001)
  until_true(200, function() return one.delivered == 500 end)
end)

test("a message that went unseen is not waited for when none is left", function()
  relay()
  local one = hop("one.test", { waiting = 500 })
  pause()
  local unseen = 0
  one.takes = function()
    unseen = unseen + 1
    return unseen > 497 and "unseen" or "delivered"
  end
  one.unseen, one.ratio = 0, 1
  until_true(240, function() return count("end flush-after-recovery cleared") == 1 end)
  equal(one.delivered + one.unseen, 500)
  equal(count("note the flush for one.test stopped"), 0)
end)

test("somebody's pause is told, tried seldom, and nothing is sent past it", function()
  relay()
  local one = hop("one.test", { waiting = 2000 })
  pause()
  flush.refused, one.ratio = "defer_transports names smtp: somebody wants such mail to wait, and it does", 1
  pass(890)
  check(count("act postfix.retry") <= 3, count("act postfix.retry") .. " tries")
  equal(sim.lease(1), "in-force")
  check(line("note the flush for one.test stopped: denied: defer_transports names smtp") ~= "", "nobody says why")
end)

test("a pause that is there for good, and may be of other mail, keeps none of ours from Postfix's own schedule", function()
  relay()
  local one, two = hop("one.test", { waiting = 2000 }), hop("two.test", { waiting = 300 })
  pause()
  flush.refused, one.ratio, two.ratio = "defer_transports names slow: somebody wants such mail to wait, and it does", 1, 1
  until_true(3600, function() return count("lease-end") == 2 end)
  equal(one.attempts + two.attempts, 0)
  equal(count("note as it may not be tried, what is left for"), 2)
  pass(3600)
  check(count("act postfix.retry") <= 16, count("act postfix.retry") .. " tries")
  equal(count("escalate"), 0)
end)

test("and of several next hops all of it is let go of together", function()
  relay()
  for i = 1, 4 do
    hop(i .. ".test", { waiting = 300 })
  end
  pause()
  flush.refused = "defer_transports names slow: somebody wants such mail to wait, and it does"
  for _, each in ipairs(flush.hops) do
    each.ratio = 1
  end
  pass(900)
  equal(count("lease-end"), 0)
  until_true(90, function() return count("lease-end") == 4 end)
  pass(3600)
  check(count("act postfix.retry") <= 4 * 4, count("act postfix.retry") .. " tries")
  equal(count("close"), 1)
end)

test("but not what nobody may try because its next hop is down again, or before it is known that it may not", function()
  relay()
  local one, two = hop("one.test", { waiting = 300 }), hop("two.test", { waiting = 300 })
  pause()
  flush.refused = "defer_transports names slow: somebody wants such mail to wait, and it does"
  one.ratio = 1
  until_true(1000, function() return count("lease-end") == 1 end)
  equal(sim.lease(2), "in-force")
  two.ratio = 1
  pass(600)
  equal(sim.lease(2), "in-force")
  flush.refused = nil
  until_true(420, function() return two.delivered == 300 end)
  equal(one.attempts, 0)
end)

test("one that is down again before its lease has ended keeps it", function()
  relay()
  local one = hop("one.test", { waiting = 300 })
  pause()
  flush.refused, one.ratio = "defer_transports names slow: somebody wants such mail to wait, and it does", 1
  until_true(1000, function() return count("note as it may not be tried") == 1 end)
  one.ratio = 0
  pass(300)
  equal(count("lease-end"), 0)
  flush.refused, one.ratio = nil, 1
  until_true(1500, function() return one.delivered == 300 end)
end)

test("nor does another next hop that refuses mail, for which the run would last on", function()
  relay()
  local one, two = hop("one.test", { waiting = 2000 }), hop("two.test", { waiting = 300 })
  pause()
  sim.set("nexthop_refused_ratio", { instance = "-", nexthop = "two.test" }, 1)
  pass(10)
  flush.refused, one.ratio, two.ratio = "defer_transports names slow: somebody wants such mail to wait, and it does", 1, 1
  until_true(3600, function() return count("lease-end 1 next-hop-down_one.test") == 1 end)
  equal(one.attempts + two.attempts, 0)
  equal(sim.lease(2), "in-force")
end)

test("one that is lifted in time is no reason to let go, and neither are two with mail between them", function()
  relay()
  local one = hop("one.test", { waiting = 20000, rate = 5 })
  pause()
  flush.refused, one.ratio = "defer_transports names smtp: somebody wants such mail to wait, and it does", 1
  pass(600)
  flush.refused = nil
  until_true(900, function() return one.delivered > 5 end)
  flush.refused = "defer_transports names smtp: somebody wants such mail to wait, and it does"
  pass(600)
  equal(sim.lease(1), "in-force")
  flush.refused = nil
  until_true(8000, function() return one.delivered == 20000 end)
end)

test("another playbook's turn is waited for, and is no failure", function()
  relay()
  local one = hop("one.test", { waiting = 300 })
  pause()
  flush.refused, one.ratio = "it cools down for another 600ms", 1
  pass(40)
  check(count("act postfix.retry") > 5, "it is not tried again")
  flush.refused = nil
  until_true(200, function() return one.delivered == 300 end)
  equal(count("note the flush"), 0)
end)

test("a lease that an admin returns meanwhile is none of ours any more", function()
  relay()
  local one = hop("one.test", { waiting = 2000, takes = function() return "deferred" end })
  pause()
  one.ratio = 1
  pass(60)
  local tries = #one.given
  sim.lease(1, "ended")
  pass(3600)
  equal(#one.given, tries)
  equal(count("end flush-after-recovery"), 1)
end)

test("in observe it is said what would be done", function()
  relay { observe = true }
  local one = hop("one.test", { stranded = 2000, ratio = false })
  sim.set("dns_server_up", { server = "192.0.2.53" }, 0)
  publish()
  pass(60)
  sim.set("dns_server_up", { server = "192.0.2.53" }, 1)
  pass(60)
  equal(count("act postfix.retry"), 1)
  equal(count("end flush-after-recovery observed"), 1)
end)
