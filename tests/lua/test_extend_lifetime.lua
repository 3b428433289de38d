-- SPDX-License-Identifier: MIT
-- extend-lifetime: mail lives longer when an outage would return it, once, and never for junk

local MINUTE, DAY = 60, 86400

local conditions = {
  { name = "bounce-cliff", reading = "bounce_cliff_messages", trip = 100, clear = 50, lasting = 300, clear_lasting = 60 },
  { name = "next-hop-cliff", reading = "queue_nexthop_cliff_messages", trip = 50, clear = 25, lasting = 300, level = "notice" },
  { name = "next-hop-down", reading = "relay_up_ratio", below = true, trip = 0, clear = 0.01, lasting = 20, level = "notice" },
  { name = "next-hop-refuses", reading = "nexthop_refused_ratio", trip = 0.9, clear = 0.5 },
  { name = "link-down", reading = "network_link_up", below = true, trip = 0, clear = 1 },
  { name = "resolver-slow", reading = "resolver_wait_seconds", trip = 2.4, clear = 2.2, lasting = 3 },
  { name = "name-server-down", reading = "dns_server_up", below = true, trip = 0, clear = 0.5, lasting = 3, level = "notice" },
  { name = "resolver-stale", reading = "resolver_stale", trip = 1, clear = 0.5, lasting = 10 },
}

local asked

local function sets(verb, args, terms)
  asked = { verb = verb, args = args, terms = terms }
  return { status = "done", count = 1, text = "maximal_queue_lifetime = 28d (before: not set); reloaded" }
end

local function night(given)
  given = given or {}
  asked = nil
  world {
    playbooks = { "extend-lifetime" }, conditions = conditions, plugins = true, lasting = true,
    act = given.act or not given.observe and sets or nil, observe = given.observe, options = given.options, back_by = given.back_by,
  }
  used(0.5)
  sim.set("queue_messages", { instance = "-", queue = "deferred" }, given.messages or 1000)
  sim.set("queue_null_sender_messages", { instance = "-", queue = "deferred" }, given.bounces or 20)
  sim.set("queue_oldest_seconds", { instance = "-", queue = "deferred" }, given.oldest or 4 * DAY)
  sim.set("queue_reason_messages", { instance = "-", reason = "dns" }, given.dns or 0)
end

local function cliff(messages)
  sim.set("bounce_cliff_messages", { instance = "-" }, messages)
end

-- `going`: so many of them would be returned; all, when it is not said.
local function waits(name, waiting, going)
  sim.set("queue_nexthop_messages", { instance = "-", nexthop = name }, waiting)
  sim.set("queue_nexthop_cliff_messages", { instance = "-", nexthop = name }, going or waiting)
end

local function hop(name, ratio, waiting, going)
  sim.set("relay_up_ratio", { nexthop = name }, ratio)
  waits(name, waiting, going)
end

test("it ships in observe", function()
  local file = assert(io.open(SHARE .. "/playbooks/extend-lifetime.lua"))
  local source = file:read("a")
  file:close()
  local fields = assert(load(source, "extend-lifetime", "t", { playbook = function(table) return table end }))()
  equal(fields.mode, "observe")
end)

test("before a dead primary's mail goes back, its lifetime is raised until the primary answers", function()
  night()
  hop("primary.example", 0, 900)
  hop("other.example", 0, 20)
  sim.advance(60 * MINUTE)
  equal(count("act"), 0)
  cliff(400)
  sim.advance(10 * MINUTE)
  equal(asked.verb, "postfix.set")
  equal(asked.args.instance, "-")
  equal(asked.args.settings, "maximal_queue_lifetime = 28d")
  equal(asked.terms.until_clear, "next-hop-down_primary.example")
  equal(asked.terms.reason,
    "900 messages wait for primary.example, which does not answer, and 400 would soon be returned to their senders")
  check(count("diagnosis 900 messages wait for primary.example, which does not answer; 400 were about to be returned") >= 1,
    "no diagnosis")
  equal(sim.lease(1), "in-force")
end)

test("what the sensors say of it is what people read", function()
  night()
  waits("primary.example", 900)
  sim.set("relay_up_ratio", { nexthop = "primary.example" }, 0, "primary.example is dead at 192.0.2.1")
  sim.set("bounce_cliff_messages", { instance = "-" }, 400, "400 messages return to their senders before Mon 08:00")
  sim.advance(10 * MINUTE)
  equal(line("diagnosis primary.example is dead at 192.0.2.1; "), "diagnosis primary.example is dead at 192.0.2.1; "
    .. "400 messages return to their senders before Mon 08:00; mail may wait for 28 days now")
end)

test("that the cliff is gone ends nothing, the primary's answer does", function()
  night()
  hop("primary.example", 0, 900)
  cliff(400)
  sim.advance(10 * MINUTE)
  cliff(0)
  sim.advance(600 * MINUTE)
  equal(sim.lease(1), "in-force")
  equal(count("act postfix.set"), 1)
  hop("primary.example", 1, 900)
  sim.advance(30 * MINUTE)
  equal(count("lease-end 1"), 1)
end)

test("a cliff in spite of a lease: the same is asked for again, which changes nothing where it is in force", function()
  local answers = { { status = "done", count = 1, text = "reloaded" } }
  night { act = function(verb, args, terms)
    sets(verb, args, terms)
    return table.remove(answers, 1) or { status = "nothing", text = "the settings are in force by this lease" }
  end }
  hop("primary.example", 0, 900)
  cliff(400)
  sim.advance(10 * MINUTE)
  local first = asked
  sim.set("queue_oldest_seconds", { instance = "-", queue = "deferred" }, 40 * DAY)
  for _ = 1, 3 do
    cliff(0)
    sim.advance(20 * MINUTE)
    cliff(400)
    sim.advance(20 * MINUTE)
  end
  equal(asked.args.settings, first.args.settings)
  equal(asked.terms.until_clear, first.terms.until_clear)
  equal(count("note lease 1 has changed how long mail lives: nothing: the settings are in force by this lease"), 3)
  equal(count("lease 2"), 0)
end)

test("where somebody put back what main.cf was, that is not called in force, and it is no help", function()
  local answers, his = { { status = "done", count = 1, text = "reloaded" } },
    "somebody else has changed main.cf, and his word stays: maximal_queue_lifetime is 5d, where lease 1 had set 28d"
  night { act = function()
    return table.remove(answers, 1) or { status = "denied", text = his }
  end }
  hop("primary.example", 0, 900)
  cliff(400)
  sim.advance(10 * MINUTE)
  cliff(0)
  sim.advance(20 * MINUTE)
  cliff(400)
  sim.advance(30 * MINUTE)
  equal(count("note lease 1 has changed how long mail lives: denied: " .. his), 1)
  equal(count("end extend-lifetime refused"), 1)
  check(line("escalate refused bounce-cliff_-"):find("his word stays", 1, true), line("escalate"))
end)

test("a lease of which nobody knows whether it took effect is asked for once more, as it was", function()
  local counts = { 0, 1 }
  night { act = function(verb, args, terms)
    sets(verb, args, terms)
    return { status = "done", count = table.remove(counts, 1), text = "reloaded" }
  end }
  hop("primary.example", 0, 900)
  cliff(400)
  sim.advance(10 * MINUTE)
  local first = asked
  sim.set("queue_oldest_seconds", { instance = "-", queue = "deferred" }, 40 * DAY)
  cliff(0)
  sim.advance(20 * MINUTE)
  cliff(400)
  sim.advance(20 * MINUTE)
  equal(count("act postfix.set"), 2)
  check(asked ~= first, "not asked again")
  equal(asked.args.settings, first.args.settings)
  equal(asked.terms.until_clear, first.terms.until_clear)
  equal(count("note lease 1 was cut short while it was taken: done: reloaded"), 1)
  equal(sim.lease(1), "in-force")
end)

test("two instances whose mail waits for the same primary both have their mail live longer", function()
  local got, refusals = {}, 0
  night { act = function(_, args)
    if #got == 1 and refusals < 3 then -- as long as a minute lasts
      refusals = refusals + 1
      return { status = "denied", text = "it cools down for another 19s 993ms" }
    end
    got[#got + 1] = args.instance
    return { status = "done", count = 1, text = "reloaded" }
  end }
  hop("primary.example", 0, 900)
  sim.set("queue_oldest_seconds", { instance = "postfix-out", queue = "deferred" }, 4 * DAY)
  sim.set("queue_nexthop_messages", { instance = "postfix-out", nexthop = "primary.example" }, 300)
  sim.set("queue_nexthop_cliff_messages", { instance = "postfix-out", nexthop = "primary.example" }, 200)
  cliff(400)
  sim.set("bounce_cliff_messages", { instance = "postfix-out" }, 200)
  sim.advance(30 * MINUTE)
  table.sort(got)
  equal(table.concat(got, " "), "- postfix-out")
  equal(sim.lease(2), "in-force")
end)

test("by hand, while nothing is about to be returned, nothing is done", function()
  night()
  sim.by_hand("extend-lifetime")
  sim.advance(MINUTE)
  equal(count("act"), 0)
  equal(count("end extend-lifetime done"), 1)
end)

test("a next hop that refuses is an outage, too, and one of another instance is none of ours", function()
  night()
  waits("primary.example", 900)
  sim.set("nexthop_refused_ratio", { instance = "postfix-out", nexthop = "primary.example" }, 1)
  cliff(400)
  sim.advance(20 * MINUTE)
  equal(count("act"), 0)
  sim.set("nexthop_refused_ratio", { instance = "-", nexthop = "primary.example" }, 1)
  sim.advance(20 * MINUTE)
  equal(count("act postfix.set"), 1)
  check(asked.terms.until_clear:find("^next%-hop%-refuses_"), asked.terms.until_clear)
end)

-- The only name server does not answer.
local function no_names()
  sim.set("dns_server_up", { server = "192.0.2.53" }, 0)
  sim.set("resolver_wait_seconds", {}, math.huge)
end

test("name servers that are down count when mail waits for names", function()
  night()
  no_names()
  cliff(400)
  sim.advance(20 * MINUTE)
  equal(count("act"), 0)
  equal(count("note mail is about to be returned, but no outage is why it waits"), 1)

  night { dns = 700 }
  no_names()
  cliff(400)
  sim.advance(20 * MINUTE)
  equal(asked.terms.until_clear, "resolver-slow")
end)

test("a message for a name that nobody can resolve does not make a dead name server the reason for all", function()
  night { dns = 3 }
  -- The second one answers, after five seconds.
  sim.set("dns_server_up", { server = "192.0.2.53" }, 0)
  sim.set("dns_server_up", { server = "192.0.2.54" }, 1)
  sim.set("resolver_wait_seconds", {}, 5)
  cliff(400)
  sim.advance(20 * MINUTE)
  equal(count("act"), 0)
  equal(count("note mail is about to be returned, but no outage is why it waits"), 1)

  -- When no lookup ends well, the others follow as they are tried.
  night { dns = 3 }
  no_names()
  cliff(400)
  sim.advance(20 * MINUTE)
  equal(asked.terms.until_clear, "resolver-slow")
end)

test("one that nobody waits for is no outage, whatever mail waits for names", function()
  night { dns = 700 }
  sim.set("dns_server_up", { server = "192.0.2.53" }, 1)
  sim.set("dns_server_up", { server = "192.0.2.54" }, 0)
  sim.set("resolver_wait_seconds", {}, 0.001)
  cliff(400)
  sim.advance(20 * MINUTE)
  equal(count("act"), 0)
end)

test("of name servers and a next hop that are down, the one that most mail waits for is it", function()
  night { dns = 1 }
  no_names()
  hop("primary.example", 0, 900)
  cliff(400)
  sim.advance(20 * MINUTE)
  equal(asked.terms.until_clear, "next-hop-down_primary.example")
  check(asked.terms.reason:find("^900 messages wait for primary.example"), asked.terms.reason)

  night { dns = 900 }
  no_names()
  hop("primary.example", 0, 900)
  cliff(400)
  sim.advance(20 * MINUTE)
  equal(asked.terms.until_clear, "resolver-slow")
end)

test("a link that is down comes before all that is behind it", function()
  night { dns = 700 }
  no_names()
  sim.set("network_link_up", { interface = "eth0" }, 0)
  hop("primary.example", 0, 900)
  cliff(400)
  sim.advance(20 * MINUTE)
  equal(asked.terms.until_clear, "link-down_eth0")
  check(asked.terms.reason:find("^eth0 has no link"), asked.terms.reason)
end)

test("without an outage nothing is done", function()
  night()
  hop("primary.example", 1, 900, 10)
  cliff(400)
  sim.advance(600 * MINUTE)
  equal(count("run"), 0)
  hop("primary.example", 1, 900)
  sim.advance(600 * MINUTE)
  equal(count("note mail is about to be returned, but no outage is why it waits"), 1)
  equal(count("act"), 0)
end)

test("a dead next hop that this instance's mail does not wait for is no outage", function()
  night()
  hop("primary.example", 0, 0)
  cliff(400)
  sim.advance(30 * MINUTE)
  equal(count("act"), 0)
end)

test("a dead next hop with little of what would be returned explains nothing of the rest", function()
  night()
  hop("primary.example", 0, 10)
  hop("junk.example", 1, 390)
  cliff(400)
  sim.advance(30 * MINUTE)
  equal(count("act"), 0)
  equal(count("note mail is about to be returned, but no outage is why it waits"), 1)

  -- Much waits for it, but that came today.
  night()
  hop("primary.example", 0, 900, 10)
  cliff(400)
  sim.advance(30 * MINUTE)
  equal(count("act"), 0)
end)

test("when later much of what would be returned is behind the dead next hop, that counts then", function()
  night()
  hop("primary.example", 0, 10)
  cliff(400)
  sim.advance(30 * MINUTE)
  equal(count("act"), 0)
  hop("primary.example", 0, 310)
  cliff(700)
  sim.advance(60 * MINUTE)
  equal(count("act postfix.set"), 1)
end)

test("it is what all next hops in trouble together would return that counts, each of them once", function()
  night()
  hop("primary.example", 0, 30)
  hop("second.example", 0, 25)
  sim.set("nexthop_refused_ratio", { instance = "-", nexthop = "primary.example" }, 1)
  cliff(400)
  sim.advance(30 * MINUTE)
  equal(asked.terms.until_clear, "next-hop-down_primary.example")

  night()
  hop("primary.example", 0, 30)
  sim.set("nexthop_refused_ratio", { instance = "-", nexthop = "primary.example" }, 1)
  cliff(400)
  sim.advance(30 * MINUTE)
  equal(count("act"), 0)
end)

test("it is about the next hop whose mail would be returned, and not about another with more mail of today", function()
  night()
  hop("today.example", 0, 900, 0)
  hop("primary.example", 0, 400)
  cliff(400)
  sim.advance(30 * MINUTE)
  equal(asked.terms.until_clear, "next-hop-down_primary.example")
  check(asked.terms.reason:find("^400 messages wait for primary.example"), asked.terms.reason)
end)

test("a dead next hop of which is not known what would be returned explains nothing", function()
  night()
  sim.set("relay_up_ratio", { nexthop = "primary.example" }, 0)
  sim.set("queue_nexthop_messages", { instance = "-", nexthop = "primary.example" }, 900)
  cliff(400)
  sim.advance(30 * MINUTE)
  equal(count("act"), 0)
end)

test("a primary that reboots for ten minutes is none either", function()
  night()
  hop("primary.example", 0, 900)
  cliff(0)
  sim.advance(10 * MINUTE)
  hop("primary.example", 1, 900)
  sim.advance(60 * MINUTE)
  equal(count("act"), 0)
  equal(count("escalate"), 0)
end)

test("mail that is old already gets the time that it needs, and no more than Postfix takes", function()
  -- Back in four days and a half, and two days of margin.
  night { oldest = 40 * DAY, back_by = "2025-12-29 12:00" }
  hop("primary.example", 0, 900)
  cliff(400)
  sim.advance(10 * MINUTE)
  equal(asked.args.settings, "maximal_queue_lifetime = 47d")

  night { oldest = 120 * DAY }
  hop("primary.example", 0, 900)
  cliff(400)
  sim.advance(10 * MINUTE)
  equal(asked.args.settings, "maximal_queue_lifetime = 100d")
end)

test("bounces live longer only when they are what would go", function()
  night { bounces = 700 }
  hop("primary.example", 0, 900)
  cliff(400)
  sim.advance(10 * MINUTE)
  equal(asked.args.settings, "maximal_queue_lifetime = 28d,bounce_queue_lifetime = 28d")
end)

test("a refusal is told and is no help", function()
  night { act = function()
    return { status = "denied", text = "main.cf is not touched: alice has it open in an editor" }
  end }
  hop("primary.example", 0, 900)
  cliff(400)
  sim.advance(30 * MINUTE)
  equal(count("act postfix.set"), 1)
  equal(count("note letting mail live longer: denied: main.cf is not touched: alice"), 1)
end)

test("in observe it says what it would have done", function()
  night { observe = true }
  hop("primary.example", 0, 900)
  cliff(400)
  sim.advance(10 * MINUTE)
  equal(count("act postfix.set"), 1)
  equal(count("diagnosis 900"), 0)
end)
