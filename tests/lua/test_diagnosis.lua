-- SPDX-License-Identifier: MIT
-- What a playbook knows of the evidence and of the time that is left, and whose words people read in the end

local conditions = {
  { name = "disk-full-soon", reading = "disk_full_seconds", below = true, trip = 7200, clear = 21600, cause = 50 },
  { name = "resolver-slow", reading = "resolver_wait_seconds", trip = 2.4, clear = 2.2, cause = 80 },
  { name = "name-server-down", reading = "dns_server_up", below = true, clear = 0.5, level = "notice" },
  { name = "next-hop-down", reading = "relay_up_ratio", below = true, clear = 0.01, level = "notice", cause = 50 },
  { name = "disk-space-high", reading = "disk_used_ratio", trip = 0.85, clear = 0.80, cause = 50 },
  { name = "disk-space-critical", reading = "disk_used_ratio", trip = 0.95, clear = 0.90, level = "critical", cause = 50 },
}
local server = { server = "10.0.0.53" }
local hop = { nexthop = "example.test" }
local pause = { source = [[
return playbook {
  name = "pause", on = { all = "next-hop-down", any = { "disk-full-soon", "disk-space-high", "disk-space-critical" } },
  cooldown = "1h", run = function() diagnose("2000 messages for example.test: the retries are paused") end,
}]] }
local paused = "2000 messages for example.test: the retries are paused"

local function ended(text, given)
  local wanted = { playbooks = { body(text) } }
  for key, value in pairs(given or {}) do
    wanted[key] = value
  end
  world(wanted)
  sim.set("dns_server_up", server, 0, "10.0.0.53 does not answer (0 of 20)")
  sim.set("dns_server_up", { server = "127.0.0.1" }, 1)
  sim.set("dns_server_up", { server = "::1" }, nil)
  used(0.9)
  sim.advance(5)
  return sim.run()
end

test("reading_text is the sensor's sentence, and nil where there is none", function()
  local run = ended([[
    assert(reading_text("dns_server_up", { server = "10.0.0.53" }) == "10.0.0.53 does not answer (0 of 20)")
    assert(reading_text("dns_server_up", { server = "127.0.0.1" }) == nil)
    assert(reading_text("dns_server_up", { server = "::1" }) == nil)
    assert(reading_text("dns_server_up", { server = "10.9.9.9" }) == nil)
    assert(reading_text("no_such_reading") == nil)
    local ok, problem = pcall(reading_text, "dns_server_up")
    assert(not ok and problem:find("reading_text: several label sets", 1, true))
    return true
  ]])
  equal(run.text, "")
  equal(run.result, "cleared")
end)

-- The simulated night is Thursday, 2025-12-25 00:00; the run is five seconds old.
test("back_by is the time that is left, and nil when nobody knows", function()
  equal(ended([[ return back_by() > 374390 and back_by() <= 374400 ]], { back_by = "Mon 08:00" }).result, "cleared")
  equal(ended([[ return back_by() > 3590 and back_by() <= 3600 ]], { back_by = "2025-12-25 01:00" }).result, "cleared")
  equal(ended([[ return back_by() == nil ]], { back_by = "2025-12-24 08:00" }).result, "cleared")
  equal(ended([[ return back_by() == nil ]]).result, "cleared")
end)

local function night(server_is_dead)
  world { playbooks = { pause }, conditions = conditions }
  sim.set("disk_available_bytes", { path = "/var/log" }, 60e6)
  sim.set("disk_full_seconds", { path = "/var/log" }, 600)
  sim.advance(2)
  if server_is_dead then
    sim.set("dns_server_up", server, 0, "10.0.0.53 does not answer (0 of 20), 127.0.0.1 does")
    sim.set("resolver_wait_seconds", {}, 5, "10.0.0.53 does not answer (0 of 20), 127.0.0.1 does")
  end
  sim.set("relay_up_ratio", hop, 0, "example.test: 192.0.2.66 does not answer (0 of 3)")
  sim.advance(30)
end

test("on Christmas Eve people read what was found and done, although hop and disk have a cause, too", function()
  night(false)
  equal(count("diagnosis " .. paused), 1)
  -- The sensors have more to say every few seconds, and a disk that fills has figures.
  for i = 4, 300 do
    sim.set("relay_up_ratio", hop, 0, ("example.test: 192.0.2.66 does not answer (0 of %d)"):format(i))
    used(i < 150 and 0.9 or 0.96)
    sim.advance(5)
  end
  equal(sim.diagnosis(), paused)
  equal(count("diagnosis "), 1 + count("run pause"))
end)

test("a dead name server is not talked over by what it caused", function()
  night(true)
  equal(sim.diagnosis(), "10.0.0.53 does not answer (0 of 20), 127.0.0.1 does")
  equal(count("note " .. paused), 1)
  equal(count("diagnosis " .. paused), 0)
  sim.set("dns_server_up", server, 1)
  sim.set("resolver_wait_seconds", {}, 0.001)
  sim.advance(15)
  equal(sim.diagnosis(), paused)
end)

local SPARE = "10.0.0.53 does not answer (0 of 20), 127.0.0.1 does; smtp does not wait for it"

test("a dead name server that nobody waits for is named while nothing worse stands", function()
  world { playbooks = {}, conditions = conditions }
  sim.set("resolver_wait_seconds", {}, 0.001)
  sim.set("dns_server_up", server, 0, SPARE)
  sim.advance(30)
  equal(sim.diagnosis(), SPARE)
  equal(count("escalate"), 0)
  sim.advance(7 * 86400)
  equal(count("escalate"), 0)
  used(0.9)
  sim.advance(1)
  check(sim.diagnosis():find("/var/log", 1, true), sim.diagnosis())
  equal(count("open "), 1)
end)

test("and is the cause of nothing that was there before it", function()
  world { playbooks = { pause }, conditions = conditions }
  sim.set("relay_up_ratio", hop, 0, "example.test: 192.0.2.66 does not answer (0 of 3)")
  sim.advance(2)
  sim.set("dns_server_up", server, 0, SPARE)
  sim.advance(30)
  equal(sim.diagnosis(), "example.test: 192.0.2.66 does not answer (0 of 3)")
  sim.set("disk_available_bytes", { path = "/var/log" }, 60e6)
  sim.set("disk_full_seconds", { path = "/var/log" }, 600)
  sim.advance(30)
  equal(sim.diagnosis(), paused)
  equal(count("diagnosis 10.0.0.53"), 0)
end)
