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
