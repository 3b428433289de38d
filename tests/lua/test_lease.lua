-- SPDX-License-Identifier: MIT
-- Leases: taken, renewed while the evidence stands, brought back in order, ended; and what a playbook sees of them

local MINUTE = 60

local pause = { source = [[
return playbook {
  name = "pause", on = { all = { "next-hop-down" }, any = { "log-volume-high" } },
  run = function(incident)
    return act("queue.postpone", { nexthop = incident.labels.nexthop }).ok
  end,
}]] }

local flush = { source = [[
return playbook {
  name = "flush", on = { cleared = "next-hop-down" },
  run = function(incident)
    log("flush " .. incident.condition .. " " .. incident.labels.nexthop)
    act("queue.retry", { nexthop = incident.labels.nexthop })
    wait("5m", "the first ones to be delivered")
    return true
  end,
}]] }

local verbs = {
  ["queue.postpone"] = { reversible = true, selects = true, args = { "nexthop" } },
  ["queue.retry"] = { selects = true, args = { "nexthop" } },
  ["queue.reload"] = {},
}

local conditions = {
  { name = "log-volume-high", reading = "log_growth", trip = 500, clear = 100, level = "notice" },
  { name = "next-hop-down", reading = "relay_up_ratio", below = true, trip = 0, clear = 0.01, level = "notice" },
}

local function up(ratio, nexthop)
  sim.set("relay_up_ratio", { nexthop = nexthop or "example.test" }, ratio)
end

local function growth(bytes)
  sim.set("log_growth", { path = "/var/log" }, bytes)
end

local function night(given)
  given = given or {}
  given.verbs, given.conditions = verbs, conditions
  given.playbooks = given.playbooks or { flush, pause }
  world(given)
end

test("a dead next hop alone pauses nothing, harm alone neither, and nobody is called for either", function()
  night()
  up(0)
  sim.advance(600 * MINUTE)
  growth(1000)
  up(1)
  sim.advance(600 * MINUTE)
  equal(count("act queue.postpone"), 0)
  equal(count("escalate"), 0)
  equal(count("open"), 1)
  equal(count("diagnosis example.test speaks SMTP at none of its addresses"), 1)
end)

test("a whole night: paused, renewed, unknown, up again, flushed, ended, closed", function()
  night()
  up(1)
  growth(10)
  sim.advance(MINUTE)
  up(0)
  growth(1000)
  sim.advance(10)
  equal(count("run pause"), 1)
  equal(count("act queue.postpone nexthop=example.test"), 1)
  equal(sim.lease(1), "in-force")
  equal(count("end pause cleared"), 1)

  -- Renewed each 30 to 60 s while it is down, not sooner, whatever else is published.
  sim.advance(49)
  equal(count("renew 1"), 0)
  for _ = 1, 60 do
    growth(1000 + math.random(9))
    sim.advance(10)
  end
  equal(count("renew 1"), 14)
  growth(10)
  sim.advance(5 * MINUTE)
  equal(count("renew 1"), 20)

  -- Nobody knows: neither renewed nor ended, and it lapses by itself.
  up(nil)
  sim.advance(10 * MINUTE)
  equal(count("renew 1"), 20)
  equal(sim.lease(1), "in-force")
  sim.advance(6 * MINUTE)
  equal(sim.lease(1), "lapsed")
  equal(count("lease-end"), 0)
  -- Known again and still down: one renewal brings it back.
  up(0)
  sim.advance(1)
  equal(sim.lease(1), "in-force")
  equal(count("renew 1"), 21)

  -- Up: the flush has it in hand for five minutes, and the lease is renewed meanwhile.
  up(1)
  sim.advance(10)
  equal(count("run flush"), 1)
  equal(count("note flush next-hop-down_example.test example.test"), 1)
  equal(sim.state(), "incident")
  sim.advance(4 * MINUTE + 40)
  equal(count("end flush"), 0)
  check(count("renew 1") >= 20, "renewed " .. count("renew 1"))
  equal(count("lease-end"), 0)
  sim.advance(20)
  equal(count("end flush cleared"), 1)
  local renewed = count("renew 1")
  equal(count("lease-end 1 next-hop-down_example.test is over"), 1)
  sim.advance(20)
  equal(count("renew 1"), renewed)
  equal(count("close over after"), 1)
  equal(sim.state(), "ok")
  sim.advance(1000 * MINUTE)
  equal(count("renew 1"), renewed)
  equal(count("lease-end"), 1)
  equal(count("escalate"), 0)
end)

test("two next hops that come back together are flushed one after the other", function()
  night { playbooks = { flush } }
  up(0, "a.test")
  up(0, "b.test")
  sim.advance(10)
  up(1, "a.test")
  up(1, "b.test")
  sim.advance(MINUTE)
  equal(count("run flush"), 1)
  equal(count("note flush next-hop-down_a.test a.test"), 1)
  sim.advance(10 * MINUTE)
  equal(count("note flush next-hop-down_b.test b.test"), 1)
  sim.advance(100 * MINUTE)
  equal(count("run flush"), 2)
  equal(count("close"), 1)
end)

test("one that comes back while another is flushed has its own flush afterwards", function()
  night { playbooks = { flush } }
  up(0, "a.test")
  up(0, "b.test")
  sim.advance(10)
  up(1, "b.test")
  sim.advance(MINUTE)
  up(1, "a.test")
  sim.advance(MINUTE)
  equal(count("run flush"), 1)
  sim.advance(10 * MINUTE)
  equal(count("run flush"), 2)
  equal(count("note flush next-hop-down_a.test a.test"), 1)
end)

test("labels are still there when the next hop is withdrawn before its run begins", function()
  night { playbooks = { flush }, admit = function()
    sim.withdraw("relay_up_ratio", { nexthop = "example.test" })
  end }
  up(0)
  sim.advance(10)
  up(1)
  sim.advance(10)
  equal(count("note flush next-hop-down_example.test example.test"), 1)
end)

test("the lease of one that waits for its flush is kept up, but not for the budget of another day", function()
  for _, case in ipairs { { "cooldown", 60, true }, { "spent", 3000, true }, { "spent", 4000, false } } do
    local verdict, seconds, renewals = table.unpack(case)
    night { admit = function(playbook)
      if playbook == "flush" then
        return verdict, seconds
      end
    end }
    up(0)
    growth(1000)
    sim.advance(10)
    up(1)
    growth(10)
    sim.advance(5 * MINUTE)
    equal(count("renew 1") > 2, renewals)
    equal(count("lease-end 1"), renewals and 0 or 1)
  end
end)

test("a lease that a run lets go of ends beside it, unless its condition is not clear or trips again", function()
  local give_up = { source = [[
return playbook {
  name = "flush", on = { cleared = "next-hop-down" },
  run = function(incident)
    for _, lease in ipairs(leases("queue.postpone")) do
      log(lease.args.nexthop .. " " .. tostring(let_go(lease.id)))
    end
    log("none " .. tostring(let_go(77)))
    wait("2h", "something else")
  end,
}]] }
  night { playbooks = { give_up, pause } }
  for _, nexthop in ipairs { "a.test", "b.test", "c.test" } do
    up(0, nexthop)
    sim.advance(1)
    growth(1000)
    sim.advance(5)
  end
  equal(sim.lease(3), "in-force")
  growth(10)
  up(1, "b.test")
  up(1, "c.test")
  sim.advance(10)
  equal(count("note a.test false"), 1)
  equal(count("note b.test true"), 1)
  equal(count("note none false"), 1)
  up(0, "c.test")
  sim.advance(10)
  up(1, "c.test")
  sim.advance(5 * MINUTE)
  equal(count("lease-end 2"), 1)
  equal(sim.lease(1), "in-force")
  equal(sim.lease(3), "in-force")
end)

test("in mode observe nothing is renewed, and nothing is taken", function()
  night { observe = true }
  up(0)
  growth(1000)
  sim.advance(100 * MINUTE)
  equal(count("act queue.postpone"), 1)
  equal(count("lease"), 0)
  equal(count("renew"), 0)
end)

test("a renewal that selects nothing is not sent", function()
  local asked = 0
  night { playbooks = { pause }, select = function(verb, args, renewal)
    equal(verb .. " " .. args.nexthop, "queue.postpone example.test")
    asked = asked + (renewal and 1 or 0)
    return renewal and 0 or 7
  end }
  up(0)
  growth(1000)
  sim.advance(10 * MINUTE)
  equal(count("renew"), 0)
  check(asked >= 9, tostring(asked))
end)

-- The run of one playbook with this body, while example.test is down.
local function ended(text, given)
  given = given or {}
  given.playbooks = { { source = ([[return playbook { name = "site", on = { any = "next-hop-down" }, run = function(incident)
%s
end }]]):format(text) } }
  night(given)
  up(0)
  sim.advance(9)
  return sim.run() or {}
end

test("nothing selected is an answer, and so is a selection that cannot be made; neither is asked for", function()
  equal(ended([[
    local result = act("queue.retry", { nexthop = "x" })
    assert(result.ok and result.status == "nothing" and result.text == "nothing there to act on")
  ]], { select = function() return 0 end }).result, "refused")
  equal(count("act "), 0)
  local shown = ended([[
    local result = act("queue.retry", { nexthop = "x" })
    assert(not result.ok and result.status == "failed" and result.count == 0)
    assert(result.text:find("^the selection could not be made: "), result.text)
    log("went on")
  ]], { select = function() return -5 end })
  equal(shown.result, "refused")
  equal(count("note went on"), 1)
  equal(count("act "), 0)
end)

test("terms left out are the condition of the run and the diagnosis of the incident", function()
  local terms
  ended([[ act("queue.postpone", { nexthop = "x" }) ]], { act = function(_, _, given) terms = given end })
  equal(terms.until_clear, "next-hop-down_example.test")
  check(terms.reason:find("example.test", 1, true), terms.reason)
  ended([[ act("queue.postpone", { nexthop = "x" }, { until_clear = "log-volume-high", reason = "it is loud" }) ]],
    { act = function(_, _, given) terms = given end })
  equal(terms.until_clear, "log-volume-high")
  equal(terms.reason, "it is loud")
  ended([[ act("queue.retry", { nexthop = "x" }) ]], { act = function(_, _, given) terms = given end })
  equal(terms.until_clear, "")
  equal(terms.reason, "")
end)

test("the same action again is the same lease", function()
  ended([[ for _ = 1, 20 do act("queue.postpone", { nexthop = "x" }) end act("queue.postpone", { nexthop = "y" }) ]])
  equal(sim.lease(2), "in-force")
  equal(sim.lease(3), nil)
end)

test("leases are listed, of one verb or of all", function()
  equal(ended([[
    assert(#leases() == 0)
    must(act("queue.postpone", { nexthop = "x" }))
    local lease = leases("queue.postpone")[1]
    assert(lease.id == 1 and lease.verb == "queue.postpone" and lease.args.nexthop == "x")
    assert(lease.until_clear == "next-hop-down_example.test" and lease.count == 12)
    assert(lease.owner == "site" and lease.state == "in-force")
    assert(#leases() == 1 and #leases("queue.retry") == 0)
    return true
  ]], { act = function() return { status = "done", count = 12 } end }).result, "cleared")
end)

test("lease_of finds the one with these arguments, and nil is as good an answer", function()
  equal(ended([[
    assert(lease_of("queue.postpone", { nexthop = "x" }) == nil)
    must(act("queue.postpone", { nexthop = "x" }))
    must(act("queue.postpone", { nexthop = "7" }))
    assert(lease_of("queue.postpone", { nexthop = "x" }).id == 1)
    assert(lease_of("queue.postpone", { nexthop = 7 }).id == 2)
    assert(lease_of("queue.postpone", { nexthop = "y" }) == nil and lease_of("queue.retry", { nexthop = "x" }) == nil)
    assert(lease_of("queue.postpone", { nexthop = "x", instance = "-" }) == nil)
    return true
  ]]).result, "cleared")
end)

test("tripped lists the objects of a name, and readings those with a value", function()
  night { playbooks = { { source = [[return playbook { name = "site", on = { any = "log-volume-high" }, run = function(incident)
    local down = tripped("next-hop-down")
    assert(#down == 2)
    assert(down[1].name == "next-hop-down_a.test" and down[1].labels.nexthop == "a.test" and down[1].value == 0)
    assert(down[2].name == "next-hop-down_c.test" and down[2].value == nil)
    assert(#tripped("next-hop-down_a.test") == 1 and #tripped("log-volume-high") == 1)
    local rows = readings("relay_up_ratio")
    assert(#rows == 2 and rows[1].labels.nexthop == "a.test" and rows[1].value == 0)
    assert(rows[2].labels.nexthop == "b.test" and rows[2].value == 1)
    assert(#readings("relay_up_ratio", { nexthop = "b.test" }) == 1)
    assert(#readings("relay_up_ratio", { nexthop = "c.test" }) == 0 and #readings("no_such") == 0)
    return true
  end }]] } } }
  up(0, "a.test")
  up(1, "b.test")
  up(0, "c.test")
  sim.advance(1)
  up(nil, "c.test")
  growth(1000)
  sim.advance(2)
  equal(sim.run().result, "cleared")
end)

test("readings gives at most 256, in order", function()
  night { playbooks = { { source = [[return playbook { name = "site", on = { any = "log-volume-high" }, run = function(incident)
    local rows = readings("many", { instance = "-" })
    assert(#rows == 256 and rows[1].labels.nexthop == "n000" and rows[256].labels.nexthop == "n255")
    return true
  end }]] } } }
  for i = 299, 0, -1 do
    sim.set("many", { instance = "-", nexthop = ("n%03d"):format(i) }, i)
    sim.set("many", { instance = "other", nexthop = ("n%03d"):format(i) }, i)
  end
  growth(1000)
  sim.advance(2)
  equal(sim.run().result, "cleared")
end)

test("now measures what passed", function()
  equal(ended([[
    local began = now()
    wait("1s500ms")
    local took = now() - began
    assert(took > 1.49 and took < 1.51, took)
    return true
  ]]).result, "cleared")
end)

local mistakes = {
  { [[ act("queue.reload", {}, {}) ]], "queue.reload cannot be taken back" },
  { [[ act("queue.postpone", {}, { until_claer = "x" }) ]], "'until_claer' is not known here" },
  { [[ act("queue.postpone", {}, { until_clear = "next-hop-dwon" }) ]], "did you mean 'next-hop-down'" },
  { [[ act("queue.postpone", {}, { reason = 5 }) ]], "'reason' is a text" },
  { [[ act("queue.postpone", {}, "forever") ]], "table expected" },
  { [[ act("queue.postpone", { nexthpo = "x" }) ]], "did you mean" },
  { [[ tripped("next-hop-dwon") ]], "did you mean 'next-hop-down'" },
  { [[ readings() ]], "bad argument #1" },
}

for _, mistake in ipairs(mistakes) do
  test("a mistake is named with file and line: " .. mistake[1], function()
    local shown = ended(mistake[1])
    equal(shown.result, "failed")
    check(shown.text:find("^site%.lua:2: "), shown.text)
    check(shown.text:find(mistake[2], 1, true), shown.text)
    equal(count("act"), 0)
  end)
end

test("by hand without a condition a lease has nothing to wait for", function()
  night { playbooks = { { source = [[return playbook { name = "site", run = function()
    act("queue.postpone", { nexthop = "x" })
  end }]] } } }
  sim.by_hand("site")
  sim.advance(1)
  equal(sim.run().result, "failed")
  check(sim.run().text:find("say with until_clear which condition it waits for", 1, true), sim.run().text)
end)

test("what an action does to the world happens when it is done", function()
  night { playbooks = { pause }, act = function()
    return { status = "done", done = function() growth(10) end }
  end }
  up(0)
  growth(1000)
  sim.advance(0.05)
  equal(count("note log-volume-high_/var/log cleared"), 0)
  sim.advance(10)
  equal(count("note log-volume-high_/var/log cleared"), 1)
end)

test("a lease that is undone by an admin is not asked for again, and nothing is renewed", function()
  night()
  up(0)
  growth(1000)
  sim.advance(10)
  sim.lease(1, "ending")
  sim.advance(30 * MINUTE)
  equal(sim.lease(1), nil)
  equal(count("renew"), 0)
  equal(count("act queue.postpone"), 1)
end)
