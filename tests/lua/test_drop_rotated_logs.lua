-- SPDX-License-Identifier: MIT
-- drop-rotated-logs: how much it asks for, when it asks for nothing, and that it comes late

local GIB = 1 << 30

-- A file system of so many bytes, as df counts them.
local function disk(ratio, total, path)
  sim.set("disk_available_bytes", { path = path or "/var/log" }, (1 - ratio) * total)
  used(ratio, path)
end

local function night(given)
  given.playbooks = given.playbooks or { "drop-rotated-logs" }
  given.plugins = true
  world(given)
end

local function remember(asked)
  return function(verb, args)
    asked[#asked + 1] = ("%s %s %s"):format(verb, args.path, args.target)
  end
end

test("it asks for what is missing to the clear level and no more", function()
  local cases = {
    { ratio = 0.90, total = 10 * GIB, target = 0.11 },
    { ratio = 0.86, total = 4 * GIB, target = 0.07 },
    { ratio = 0.96, total = 10 * GIB, target = 0.07 },
  }
  for _, case in ipairs(cases) do
    local asked = {}
    night { act = remember(asked) }
    disk(case.ratio, case.total)
    sim.advance(10)
    local verb, path, target = asked[1]:match("^(%S+) (%S+) (%d+)$")
    equal(verb, "logs.drop_rotated")
    equal(path, "/var/log")
    local off = math.abs(tonumber(target) - case.target * case.total)
    check(off <= 1, asked[1])
  end
end)

test("when it clears, the run is done, and people read what was destroyed", function()
  night { act = function()
    disk(0.78, GIB)
    return { status = "done", count = 2, freed_bytes = GIB // 8, text = "2 of 2 rotated logs are gone" }
  end }
  disk(0.9, GIB)
  sim.advance(60)
  equal(count("end drop-rotated-logs cleared"), 1)
  equal(count("diagnosis log data was destroyed to make room on /var/log: 2 of 2"), 1)
  equal(count("close"), 1)
end)

test("while df cannot say how much is missing, it goes by small steps", function()
  local asked = {}
  night { act = remember(asked), options = { ["drop-rotated-logs"] = { blind = 1000000 } } }
  disk(1, GIB)
  sim.advance(60)
  equal(asked[1], "logs.drop_rotated /var/log 1000000")
end)

test("without the readings nothing is dropped", function()
  night {}
  used(0.9)
  sim.advance(600)
  equal(count("act"), 0)
  equal(count("end drop-rotated-logs not-cleared"), 1)
end)

test("a level that the site has moved is what is reached", function()
  local asked = {}
  night { act = remember(asked), options = { ["drop-rotated-logs"] = { high = 0.5 } } }
  disk(0.9, GIB)
  sim.advance(10)
  equal(asked[1], ("logs.drop_rotated /var/log %.0f"):format(0.4 * GIB))
end)

test("another file system's room is not asked for", function()
  local asked = {}
  night { act = remember(asked) }
  disk(0.3, 100 * GIB, "/")
  disk(0.9, GIB)
  sim.advance(600)
  equal(#asked, 1)
  equal(asked[1]:match("^%S+ (%S+)"), "/var/log")
end)

test("everything gentler has its turn before", function()
  night { playbooks = { "drop-rotated-logs", "vacuum-journal", "compress-logs", "rotate-logs", "free-ballast" } }
  disk(0.97, GIB)
  sim.advance(1800)
  local last
  for _, step in ipairs(sim.trace()) do
    last = step:match("^run (%S+)") or last
  end
  equal(last, "drop-rotated-logs")
end)

test("when something gentler was enough, nothing is dropped", function()
  night { playbooks = { "drop-rotated-logs", "compress-logs" }, act = function()
    disk(0.5, GIB)
    return { status = "done", freed_bytes = GIB // 2 }
  end }
  disk(0.9, GIB)
  sim.advance(1800)
  equal(count("run drop-rotated-logs"), 0)
end)

test("when the executor denies it, the run ends and is not repeated", function()
  night { act = function()
    return { status = "denied", text = "all of them are younger than the floor" }
  end }
  disk(0.9, GIB)
  sim.advance(600)
  equal(count("end drop-rotated-logs refused"), 1)
  equal(count("diagnosis log data"), 0)
end)
