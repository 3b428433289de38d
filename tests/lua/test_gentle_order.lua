-- SPDX-License-Identifier: MIT
-- A disk that fills to critical: the gentlest step first, none left out, none once it is clear, and then people

local steps = {
  { playbook = "reopen-deleted-logs", verb = "logs.reopen" },
  { playbook = "free-ballast", verb = "disk.free_ballast" },
  { playbook = "compress-logs", verb = "logs.compress" },
  { playbook = "rotate-logs", verb = "logs.rotate" },
  { playbook = "vacuum-journal", verb = "journal.vacuum" },
  { playbook = "drop-rotated-logs", verb = "logs.drop_rotated" },
  { playbook = "trim-logs", verb = "logs.trim" },
}

-- Both trip at once, so that the second does not give the first step another turn.
local conditions = {
  { name = "disk-space-critical", reading = "disk_used_ratio", trip = 0.95, clear = 0.90, level = "critical" },
  { name = "disk-space-high", reading = "disk_used_ratio", trip = 0.85, clear = 0.80 },
}

local function playbooks()
  local names = {}
  for i, step in ipairs(steps) do
    -- Neither the order of the files nor that of the alphabet is that of the steps.
    names[#steps + 1 - i] = step.playbook
  end
  return names
end

-- Each step brings back a little; the one that helps brings the disk to a level.
local function night(helps, level, status)
  world { playbooks = playbooks(), conditions = conditions, plugins = true, act = function(verb)
    if verb == "disk.deleted_open" then
      return { status = "done", found_bytes = 0 }
    end
    if helps and verb == steps[helps].verb then
      return { status = "done", freed_bytes = 1 << 30, done = function()
        used(level)
        sim.set("disk_available_bytes", { path = "/var/log" }, 1e12 * (1 - level))
      end }
    end
    return { status = status or "done", freed_bytes = status and 0 or 4096, count = status and 0 or 1 }
  end }
  sim.set("disk_available_bytes", { path = "/var/log" }, 1e9)
end

local function begun()
  local names = {}
  for _, text in ipairs(sim.trace()) do
    names[#names + 1] = text:match("^run (%S+)")
  end
  return names
end

local function expect_steps(names, first, last)
  for i = first, last do
    equal(names[i - first + 1], steps[i].playbook)
  end
  equal(#names, last - first + 1)
end

test("when nothing helps all of them run once, in order, and then people are called", function()
  night()
  used(0.97)
  sim.advance(3600)
  expect_steps(begun(), 1, #steps)
  for _, step in ipairs(steps) do
    check(count("act " .. step.verb) >= 1, step.verb)
  end
  equal(count("escalate not-cleared"), 1)
  local trace, called, trimmed = sim.trace(), nil, nil
  for i, text in ipairs(trace) do
    called = called or text:match("^escalate") and i
    trimmed = text:match("^end trim%-logs") and i or trimmed
  end
  check(trimmed < called, "people are called after the last step")
  local told = trace[called]
  check(told:find("reopen-deleted-logs", 1, true) < told:find("free-ballast", 1, true), told)
  check(told:find("free-ballast", 1, true) < told:find("compress-logs", 1, true), told)
  equal(count("close"), 0)
end)

test("the lossy ones go in order as well when nothing is there to act on", function()
  night(nil, nil, "nothing")
  used(0.97)
  sim.advance(600)
  expect_steps(begun(), 1, #steps)
  equal(count("escalate refused"), 1)
end)

test("whichever step brings it below the clear level is the last one", function()
  for helps = 1, #steps do
    night(helps, 0.5)
    used(0.97)
    sim.advance(3600)
    expect_steps(begun(), 1, helps)
    equal(count("escalate"), 0)
    equal(count("close"), 1)
  end
end)

test("below the trip level and above the clear level it goes on", function()
  for helps = 1, #steps - 1 do
    night(helps, 0.92)
    used(0.97)
    sim.advance(3600)
    local names = begun()
    for i = 1, #steps do
      equal(names[i], steps[i].playbook)
    end
  end
end)

test("what is only high is not trimmed, and the ballast stays", function()
  night()
  used(0.9)
  sim.advance(3600)
  local names = begun()
  equal(#names, 5)
  for i, name in ipairs { "reopen-deleted-logs", "compress-logs", "rotate-logs", "vacuum-journal", "drop-rotated-logs" } do
    equal(names[i], name)
  end
  equal(count("escalate not-cleared"), 1)
end)

test("high that becomes critical in between has the ballast before the next lossy step, and trims last", function()
  night()
  used(0.9)
  for _ = 1, 150 do
    if count("run rotate-logs") == 0 then
      sim.advance(1)
    end
  end
  equal(count("run rotate-logs"), 1)
  equal(count("run vacuum-journal"), 0)
  used(0.97)
  sim.advance(3600)
  local at = {}
  for i, name in ipairs(begun()) do
    at[name] = at[name] or i
  end
  check(at["free-ballast"] < at["vacuum-journal"], "ballast before vacuum")
  check(at["vacuum-journal"] < at["drop-rotated-logs"], "vacuum before drop")
  check(at["drop-rotated-logs"] < at["trim-logs"], "drop before trim")
  equal(count("escalate not-cleared"), 1)
end)

test("two file systems that are full are each helped, and people are called for both", function()
  night()
  used(0.97)
  used(0.97, "/var/spool")
  sim.advance(7200)
  for _, step in ipairs(steps) do
    check(count("run " .. step.playbook) >= 1, step.playbook)
  end
  equal(count("escalate"), 2)
end)
