-- SPDX-License-Identifier: MIT
-- The shipped playbooks together, from trip to close

local all = { "free-ballast", "rebuild-ballast", "vacuum-journal" }

test("a filling disk is healed: ballast, vacuum, verified, ballast again, closed", function()
  local after = { ["disk.free_ballast"] = 0.94, ["journal.vacuum"] = 0.3 }
  world { playbooks = all, act = function(verb)
    used(after[verb] or 0.31)
    return { status = "done", freed_bytes = 1 << 20 }
  end }
  used(0.5)
  sim.advance(100)
  used(0.96)
  sim.advance(600)
  expect {
    "open disk-space-critical_/var/log",
    "diagnosis /var/log is 96.0 % used",
    "run free-ballast",
    "act disk.free_ballast",
    "condition disk-space-high_/var/log",
    "diagnosis /var/log is 94.0 % used",
    "end free-ballast not-cleared",
    "run vacuum-journal",
    "act journal.vacuum keep=200M",
    "note disk-space-critical_/var/log cleared",
    "note disk-space-high_/var/log cleared",
    "end vacuum-journal cleared",
    "run rebuild-ballast",
    "act disk.build_ballast",
    "end rebuild-ballast done",
    "close over after",
  }
  equal(sim.state(), "ok")
end)

test("observing asks for the same, in the same order", function()
  world { playbooks = all, observe = true }
  used(0.96)
  sim.advance(600)
  equal(count("act disk.free_ballast"), 1)
  equal(count("act journal.vacuum keep=200M"), 1)
  equal(count("end free-ballast observed"), 1)
  equal(count("end vacuum-journal observed"), 1)
  equal(count("escalate"), 0)
end)

test("three years of a full disk are one escalation and no more actions than playbooks", function()
  world { playbooks = all }
  used(0.97)
  sim.advance(1e8)
  equal(count("act"), 2)
  equal(count("escalate"), 1)
  equal(sim.state(), "escalated")
end)

test("a flutter around the level is one incident", function()
  world { playbooks = all, act = function() return { status = "denied" } end }
  for _ = 1, 200 do
    used(0.86)
    sim.advance(10)
    used(0.82)
    sim.advance(10)
  end
  equal(count("open"), 1)
  equal(count("run"), 1)
  equal(count("close"), 0)
end)

test("a file system that fills while something is brought back does not wait for that", function()
  world {
    playbooks = { "free-ballast", { source = [[
return playbook {
  name = "bring-back", on = { cleared = "disk-space-high" },
  run = function() wait("30m", "what it brings back") end,
}]] } },
    act = function()
      used(0.5)
      return { status = "done", freed_bytes = 1 << 20 }
    end,
  }
  used(0.9)
  sim.advance(10)
  used(0.5)
  sim.advance(10)
  equal(count("run bring-back"), 1)
  used(0.97)
  sim.advance(10)
  equal(count("act disk.free_ballast"), 1)
  equal(count("close"), 0)
  sim.advance(3600)
  equal(count("end bring-back"), 1)
  equal(count("close"), 1)
end)

local hops = {
  { name = "disk-space-critical", reading = "disk_used_ratio", trip = 0.95, clear = 0.90, level = "critical" },
  { name = "next-hop-down", reading = "relay_up_ratio", below = true, trip = 0, clear = 0.01, level = "notice" },
}

local function hop(i, ratio)
  sim.set("relay_up_ratio", { nexthop = ("hop%d.test"):format(i) }, ratio)
end

test("next hops that come and go for weeks beside a dead one leave room for a disk that fills", function()
  world { playbooks = all, conditions = hops }
  used(0.5)
  hop(0, 0)
  sim.advance(60)
  for i = 1, 200 do
    hop(i, 0)
    sim.advance(3600)
    hop(i, 1)
    sim.advance(60)
  end
  equal(count("open"), 1)
  equal(count("condition next-hop-down"), 200)
  used(0.96)
  sim.advance(600)
  equal(count("act disk.free_ballast"), 1)
  equal(count("escalate"), 1)
  equal(count("close"), 0)
end)

test("and those that nobody asks for any more do so while the mail of the dead one is paused", function()
  world {
    playbooks = { "free-ballast", { source = [[
return playbook {
  name = "pause", on = { any = "next-hop-down" }, cooldown = "1000d",
  run = function() act("queue.postpone", { nexthop = "hop0.test" }, { until_clear = "next-hop-down_hop0.test" }) end,
}]] } },
    conditions = hops, lasting = true, verbs = { ["queue.postpone"] = { reversible = true, args = { "nexthop" } } },
    act = function(verb)
      return verb == "queue.postpone" and { status = "done", count = 7 } or nil
    end,
  }
  used(0.5)
  hop(0, 0)
  sim.advance(60)
  equal(sim.lease(1), "in-force")
  for i = 1, 200 do
    hop(i, 0)
    sim.advance(60)
    sim.withdraw("relay_up_ratio", { nexthop = ("hop%d.test"):format(i) })
    sim.advance(60)
  end
  equal(count("condition next-hop-down"), 200)
  equal(sim.lease(1), "in-force")
end)

test("and so do those that are all down at the same time", function()
  world { playbooks = all, conditions = hops }
  used(0.5)
  for i = 1, 100 do
    hop(i, 0)
  end
  sim.advance(600)
  used(0.96)
  sim.advance(600)
  equal(count("act disk.free_ballast"), 1)
  equal(count("escalate"), 1)
  for i = 1, 100 do
    hop(i, 1)
  end
  used(0.5)
  sim.advance(600)
  equal(count("close"), 1)
end)

local HOUR = 3600

test("beside an outage that lasts for weeks, what trips on another night is told as well, once", function()
  world { playbooks = all, conditions = {
    { name = "disk-space-high", reading = "disk_used_ratio", trip = 0.85, clear = 0.80, level = "critical" },
    { name = "filter-stuck", reading = "filter_wait_seconds", trip = 300, clear = 60 },
    { name = "name-server-down", reading = "dns_server_up", below = true, trip = 0, clear = 0.5 },
  } }
  used(0.5)
  sim.set("dns_server_up", { server = "192.0.2.53" }, 0)
  sim.advance(1 * HOUR)
  equal(count("escalate"), 1)
  -- Whoever was called sees this, too.
  sim.set("filter_wait_seconds", { nexthop = "one.test" }, 400)
  sim.advance(7 * 24 * HOUR)
  equal(count("escalate"), 1)
  sim.set("filter_wait_seconds", { nexthop = "two.test" }, 400)
  sim.advance(24 * HOUR)
  equal(count("escalate"), 2)
  used(0.9)
  sim.advance(24 * HOUR)
  equal(count("act journal.vacuum"), 1)
  equal(count("escalate"), 3)
  -- It trips again in the same night, and two weeks later.
  used(0.5)
  sim.advance(1 * HOUR)
  used(0.9)
  sim.advance(24 * HOUR)
  equal(count("act journal.vacuum"), 1)
  equal(count("escalate"), 3)
  used(0.5)
  sim.advance(14 * 24 * HOUR)
  used(0.9)
  sim.advance(24 * HOUR)
  equal(count("act journal.vacuum"), 2)
  equal(count("escalate"), 4)
  equal(count("open"), 1)
end)

test("what comes and goes all night is noted more and more rarely, and anew when it was calm", function()
  world { playbooks = {} }
  used(0.9, "/")
  sim.advance(10)
  local function flutter(times)
    for _ = 1, times do
      used(0.96)
      sim.advance(20)
      used(0.5)
      sim.advance(20)
    end
  end
  flutter(700)
  -- The first four times and eight times more, of the critical one and of the other.
  equal(count("note disk-space-critical_/var/log comes and goes: it tripped 512 times"), 1)
  check(count("note disk-space-critical_/var/log") <= 24, count("note disk-space-critical_/var/log") .. " notes")
  equal(count("note disk-space-critical_/var/log cleared"), 11)
  sim.advance(3700)
  flutter(1)
  equal(count("note disk-space-critical_/var/log cleared"), 12)
  equal(line("close"), "")
end)
