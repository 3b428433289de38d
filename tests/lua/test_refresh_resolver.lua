-- SPDX-License-Identifier: MIT
-- refresh-resolver: Postfix is made to use the present name servers, once, and only when one of them answers

local STALE = "smtp (pid 812, since 14:02) still uses the name servers of before 14:31"

local conditions = {
  { name = "resolver-stale", reading = "resolver_stale", trip = 1, clear = 0.5, lasting = 10, cause = 70 },
  { name = "resolver-slow", reading = "resolver_wait_seconds", trip = 2.4, clear = 2.2, lasting = 3, clear_lasting = 10, cause = 80 },
  { name = "name-server-down", reading = "dns_server_up", below = true, trip = 0, clear = 0.5, lasting = 3, level = "notice" },
  { name = "disk-space-high", reading = "disk_used_ratio", trip = 0.85, clear = 0.80 },
  { name = "disk-space-critical", reading = "disk_used_ratio", trip = 0.95, clear = 0.90, level = "critical" },
  { name = "link-down", reading = "network_link_up", below = true, trip = 0, clear = 0.5, lasting = 2, cause = 90 },
}

for _, name in ipairs {
  "disk-full-soon", "disk-inodes-critical", "disk-inodes-high", "log-volume-high", "deleted-open-large",
  "bounce-cliff", "bounce-storm", "filter-stuck",
} do
  conditions[#conditions + 1] = { name = name, reading = name, trip = 1, clear = 0 }
end

local function server(address, up)
  sim.set("dns_server_up", { server = address }, up)
end

-- What a lookup waits with the servers that are named now.
local function wait(seconds)
  sim.set("resolver_wait_seconds", {}, seconds)
end

local function stale(value, instance)
  sim.set("resolver_stale", { instance = instance or "-" }, value, value == 1 and STALE or nil)
end

local function done()
  stale(0)
end

local function night(act, observe)
  world {
    playbooks = { "refresh-resolver" }, conditions = conditions, plugins = true, observe = observe,
    act = act or function()
      return { status = "done", count = 2, text = "resolv.conf in /var/spool/postfix/etc refreshed", done = done }
    end,
  }
end

test("copies are refreshed and Postfix is reloaded when it is stale and a server answers", function()
  local asked
  night(function(verb, args)
    asked = { verb = verb, instance = args.instance }
    return { status = "done", count = 2, text = "resolv.conf in /var/spool/postfix/etc refreshed", done = done }
  end)
  server("127.0.0.1", 1)
  stale(1)
  sim.advance(30)
  equal(asked.verb, "postfix.refresh_resolver")
  equal(asked.instance, "-")
  equal(count("act postfix.refresh_resolver"), 1)
  equal(count("diagnosis " .. STALE), 2)
  equal(count("diagnosis " .. STALE .. ": resolv.conf in /var/spool/postfix/etc refreshed"), 1)
  sim.advance(120)
  equal(count("act postfix.refresh_resolver"), 1)
  equal(count("escalate"), 0)
end)

test("what is not stale is left alone", function()
  night()
  server("127.0.0.1", 1)
  stale(0)
  sim.advance(3600)
  equal(count("run"), 0)
end)

test("what cannot be told is left alone", function()
  night()
  server("127.0.0.1", 1)
  stale(nil)
  sim.advance(3600)
  equal(count("act"), 0)
end)

test("one server of several that answers is enough", function()
  night()
  server("10.255.255.53", 0)
  server("127.0.0.1", 1)
  stale(1)
  sim.advance(30)
  equal(count("act postfix.refresh_resolver"), 1)
end)

test("while none of the name servers answers nothing is reloaded, and it is said why", function()
  night()
  server("10.255.255.53", 0)
  server("10.255.255.54", 0)
  stale(1)
  sim.advance(700)
  equal(count("act"), 0)
  equal(count("note Postfix is not reloaded: none of the name servers that resolv.conf names now answers"), 1)
  check(line("note Postfix is not reloaded"):find("10.255.255.53, 10.255.255.54", 1, true), "they are not named")
end)

test("it has another turn when a name server answers at last", function()
  night()
  server("10.255.255.53", 0)
  stale(1)
  sim.advance(700)
  equal(count("end refresh-resolver done"), 1)
  server("10.255.255.53", 1)
  sim.advance(30)
  equal(count("act postfix.refresh_resolver"), 1)
end)

test("an answer that comes soon is waited for", function()
  night()
  server("127.0.0.1", nil)
  stale(1)
  sim.advance(40)
  equal(count("act"), 0)
  server("127.0.0.1", 1)
  sim.advance(10)
  equal(count("act postfix.refresh_resolver"), 1)
end)

test("a server that is named a few minutes later, in the place of a dead one, is not missed", function()
  night()
  server("10.255.255.53", 0)
  stale(1)
  sim.advance(500)
  equal(count("act"), 0)
  sim.withdraw("dns_server_up", { server = "10.255.255.53" })
  server("10.255.255.54", 1)
  sim.advance(20)
  equal(count("act postfix.refresh_resolver"), 1)
end)

test("nor is one that is named when it has long given up", function()
  night()
  server("10.255.255.53", 0)
  wait(math.huge)
  stale(1)
  sim.advance(700)
  equal(count("end refresh-resolver done"), 1)
  sim.withdraw("dns_server_up", { server = "10.255.255.53" })
  wait(nil)
  sim.advance(1)
  server("10.255.255.54", 1)
  wait(0.001)
  sim.advance(30)
  equal(count("act postfix.refresh_resolver"), 1)
end)

test("nor when it is not the first that took the place of a dead one", function()
  night()
  server("10.255.255.53", 0)
  wait(math.huge)
  stale(1)
  sim.advance(700)
  sim.withdraw("dns_server_up", { server = "10.255.255.53" })
  server("10.255.255.54", nil)
  wait(nil)
  sim.advance(10)
  server("10.255.255.54", 0)
  wait(math.huge)
  sim.advance(1800)
  equal(count("act"), 0)
  sim.withdraw("dns_server_up", { server = "10.255.255.54" })
  server("10.255.255.55", 1)
  wait(0.001)
  sim.advance(30)
  equal(count("act postfix.refresh_resolver"), 1)
end)

test("nobody has to wait long for it who has something to do", function()
  night()
  server("10.255.255.53", 0)
  stale(1)
  sim.advance(30)
  used(0.9)
  sim.advance(20)
  equal(count("end refresh-resolver"), 0)
  sim.advance(30)
  equal(count("end refresh-resolver done"), 1)
  equal(count("act"), 0)
end)

test("and who is named before it may have another turn is not forgotten", function()
  night()
  server("10.255.255.53", 0)
  wait(math.huge)
  stale(1)
  sim.advance(30)
  used(0.9)
  sim.advance(60)
  equal(count("end refresh-resolver done"), 1)
  sim.withdraw("dns_server_up", { server = "10.255.255.53" })
  server("10.255.255.54", 1)
  wait(0.001)
  sim.advance(620)
  equal(count("act postfix.refresh_resolver"), 1)
end)

test("people are not told later because of it", function()
  night()
  server("10.255.255.53", 0)
  stale(1)
  sim.advance(16 * 60)
  equal(count("escalate"), 1)
end)

test("it has another turn when the link is back", function()
  night()
  sim.set("network_link_up", { interface = "eth0" }, 0)
  server("127.0.0.1", nil)
  stale(1)
  sim.advance(700)
  equal(count("end refresh-resolver done"), 1)
  server("127.0.0.1", 1)
  sim.set("network_link_up", { interface = "eth0" }, 1)
  sim.advance(60)
  equal(count("act postfix.refresh_resolver"), 1)
end)

test("whether they answer must be known", function()
  night()
  stale(1)
  sim.advance(700)
  equal(count("act"), 0)
  equal(count("note Postfix is not reloaded: whether the name servers that resolv.conf names now answer is not known"), 1)
end)

test("a name server that comes back is no reason while Postfix is up to date", function()
  night()
  server("127.0.0.1", 1)
  server("10.255.255.53", 0)
  stale(0)
  sim.advance(60)
  server("10.255.255.53", 1)
  sim.advance(60)
  equal(count("act"), 0)
end)

test("what did not help is not repeated, and people are told", function()
  night(function()
    return { status = "done", count = 2, text = "reloaded" }
  end)
  server("127.0.0.1", 1)
  stale(1)
  sim.advance(3600)
  equal(count("act postfix.refresh_resolver"), 1)
  equal(count("escalate"), 1)
end)

test("a refusal is told, tried again seldom, and people are told no later than ever", function()
  night(function()
    return { status = "denied", text = "/etc/resolv.conf: line 1: \"nameserver x\" is no address" }
  end)
  server("127.0.0.1", 1)
  stale(1)
  sim.advance(930)
  equal(count("escalate refused resolver-stale_- for 15m"), 1)
  sim.advance(3600)
  equal(count("act postfix.refresh_resolver"), 4)
  equal(count("note refreshing the resolver: denied: /etc/resolv.conf: line 1"), 4)
end)

test("what was in the way of it for some minutes is not in its way for good", function()
  local his, other = "/etc/postfix/main.cf was written at 14:30 and Postfix has not read it yet", 0
  night(function(_, args)
    if args.instance == "-" and his then
      return { status = "denied", text = his }
    end
    other = other + (args.instance == "-" and 0 or 1)
    return { status = "done", count = 2, text = "reloaded", done = function() stale(0, args.instance) end }
  end)
  server("127.0.0.1", 1)
  stale(1)
  stale(1, "postfix-out")
  sim.advance(100)
  equal(other, 1)
  his = nil
  sim.advance(200)
  equal(count("end refresh-resolver cleared"), 1)
  equal(count("act postfix.refresh_resolver instance=-"), 3)
  equal(other, 1)
end)

test("nor is it in the way when he does the rest himself", function()
  night(function()
    return { status = "denied", text = "/etc/postfix/main.cf was written at 14:30 and Postfix has not read it yet" }
  end)
  server("127.0.0.1", 1)
  stale(1)
  sim.advance(40)
  stale(0)
  sim.advance(600)
  equal(count("act postfix.refresh_resolver"), 1)
  equal(count("end refresh-resolver cleared"), 1)
end)

test("who has something to do does not wait for it either", function()
  night(function()
    return { status = "denied", text = "/etc/postfix/main.cf was written at 14:30 and Postfix has not read it yet" }
  end)
  server("127.0.0.1", 1)
  stale(1)
  sim.advance(30)
  sim.set("disk_used_ratio", { path = "/" }, 0.9)
  sim.advance(120)
  equal(count("end refresh-resolver"), 1)
  equal(count("act postfix.refresh_resolver"), 2)
end)

test("each instance that is stale has its own chroot", function()
  local asked = {}
  night(function(_, args)
    asked[#asked + 1] = args.instance
    return { status = "done", count = 2, text = "reloaded", done = function() stale(0, args.instance) end }
  end)
  server("127.0.0.1", 1)
  stale(1)
  stale(1, "postfix-out")
  sim.advance(60)
  table.sort(asked)
  equal(table.concat(asked, " "), "- postfix-out")
end)

test("in observe it says what it would have done", function()
  night(function()
    return { status = "would-have", text = "resolv.conf in /var/spool/postfix/etc would be refreshed" }
  end, true)
  server("127.0.0.1", 1)
  stale(1)
  sim.advance(300)
  equal(count("act postfix.refresh_resolver"), 1)
  equal(count("diagnosis " .. STALE), 1)
  equal(count("diagnosis " .. STALE .. ":"), 0)
end)
