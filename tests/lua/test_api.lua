-- SPDX-License-Identifier: MIT
-- What a playbook can call, and that every mistake is named with file and line

local function run(text, given)
  given = given or {}
  given.playbooks = { body(text) }
  world(given)
  used(0.9)
  sim.advance(given.advance or 600)
  return sim.run() or {}
end

-- The run is over and forgotten after ten seconds: look at it while it is shown.
local function ended(text, given)
  given = given or {}
  given.advance = 5
  return run(text, given)
end

test("what run returns decides", function()
  run("return true")
  equal(count("end site cleared"), 1)
  run("return false")
  equal(count("end site not-cleared"), 1)
  run("return nil")
  equal(count("end site done"), 1)
end)

test("incident and options are there and read-only", function()
  equal(ended([[
    assert(incident.condition == "disk-space-high_/var/log" and incident.labels.path == "/var/log")
    assert(incident.id == 1 and incident.since > 1.7e9 and incident.critical == false)
    assert(options.keep == "1M" and options.n == 2 and options.yes == true)
    local n = 0
    for name, value in pairs(options) do n = n + 1 end
    assert(n == 3)
    assert(not pcall(function() incident.id = 2 end))
    assert(not pcall(function() incident.labels.path = "/" end))
    assert(not pcall(function() options.keep = "0" end))
    return true
  ]]).result, "cleared")
end)

test("act takes numbers, booleans and lists, and its result tells all", function()
  local got
  equal(ended([[
    local result = act("sample.verb", { number = 12, ratio = 0.5, yes = true, names = { "a", "b" }, text = "x y" })
    assert(result.ok and result.status == "done" and result.freed_bytes == 7 and result.count == 3)
    assert(result.text == "fine")
    return true
  ]], { act = function(_, args)
    got = args
    return { status = "done", freed_bytes = 7, count = 3, text = "fine" }
  end }).result, "cleared")
  equal(got.number, "12")
  equal(got.ratio, "0.5")
  equal(got.yes, "true")
  equal(got.names, "a,b")
  equal(got.text, "x y")
end)

test("arguments are asked for in the order of their names", function()
  ended([[ act("x.y", { b = 1, d = 2, a = 3, e = 4, c = 5 }) ]])
  equal(count("act x.y a=3 b=1 c=5 d=2 e=4"), 1)
end)

test("a denied action is an answer; must makes it the end of the run", function()
  local denied = { act = function() return { status = "denied", text = "not now" } end }
  equal(ended([[ return not act("sample.verb").ok and act("sample.verb").status == "denied" ]], denied).result, "cleared")
  local shown = ended([[ must(act("sample.verb")) ]], denied)
  equal(shown.result, "failed")
  check(shown.text:find("site.lua:2: denied: not now", 1, true), shown.text)
end)

test("pcall around act works, because waiting passes through it", function()
  equal(ended([[
    local ok, result = pcall(act, "sample.verb")
    return ok and result.ok
  ]]).result, "cleared")
end)

test("wait takes its time under its label", function()
  world { playbooks = { body([[ wait("30s", "the dust to settle") log("settled") return true ]]) } }
  used(0.9)
  sim.advance(20)
  equal(sim.run().state, "waiting")
  equal(sim.run().waiting_for, "the dust to settle")
  sim.advance(20)
  equal(count("note settled"), 1)
  equal(count("end site cleared"), 1)
end)

test("reading gives numbers, and nil for what is missing or unknown", function()
  equal(ended([[
    assert(reading("disk_used_ratio", incident.labels) == 0.9)
    assert(reading("disk_used_ratio") == 0.9)
    assert(reading("disk_used_ratio", { path = "/nowhere" }) == nil)
    assert(reading("no_such_reading") == nil)
    return true
  ]]).result, "cleared")
  world { playbooks = { body([[
    assert(not pcall(reading, "disk_used_ratio"))
    assert(reading("disk_used_ratio", { path = "/mnt" }) == nil)
    return true
  ]]) } }
  used(nil, "/mnt")
  used(0.9)
  sim.advance(5)
  equal(count("end site cleared"), 1)
end)

test("disk_trouble is the worst of the disks, and nil while all have room", function()
  world { conditions = {
    { name = "disk-space-critical", reading = "disk_used_ratio", trip = 0.95, clear = 0.90, level = "critical" },
    { name = "disk-space-high", reading = "disk_used_ratio", trip = 0.85, clear = 0.80 },
    { name = "disk-full-soon", reading = "disk_full_seconds", below = true, trip = 1800, clear = 7200 },
    { name = "disk-inodes-critical", reading = "inodes", trip = 0.95, clear = 0.90 },
    { name = "disk-inodes-high", reading = "disk_inodes_used_ratio", trip = 0.85, clear = 0.80 },
  }, playbooks = { body([[
    for _ = 1, 4 do
      local disk = disk_trouble()
      log(disk and disk.name .. " " .. disk.labels.path or "none")
      wait("10s", "another look")
    end
  ]]) } }
  used(0.9, "/srv")
  sim.advance(5)
  used(0.99, "/var")
  sim.advance(10)
  used(0.1, "/var")
  used(0.1, "/srv")
  sim.set("disk_inodes_used_ratio", { path = "/srv" }, 0.9)
  sim.advance(10)
  sim.set("disk_inodes_used_ratio", { path = "/srv" }, 0.1)
  sim.advance(10)
  equal(line("note "), "note disk-space-high_/srv /srv")
  equal(count("note disk-space-critical_/var /var"), 1)
  equal(count("note disk-inodes-high_/srv /srv"), 1)
  equal(count("note none"), 1)
end)

test("diagnose is what people read from then on", function()
  run([[ diagnose("a reject loop with 192.0.2.1") return false ]])
  equal(count("diagnosis a reject loop with 192.0.2.1"), 1)
  equal(count("diagnosis "), 2)
end)

test("verify without names means the condition of the run", function()
  world { playbooks = { body([[ return verify {} ]]) } }
  used(0.9)
  sim.advance(10)
  used(0.5)
  sim.advance(1)
  equal(count("end site cleared"), 1)
end)

local mistakes = {
  { [[ act("x.y", { [1] = "a" }) ]], "arguments have names" },
  { [[ act("x.y", { a = function() end }) ]], "argument 'a' is a function" },
  { [[ act("x.y", { a = { { } } }) ]], "a list holds texts only" },
  { [[ act("x.y", { a = ("x"):rep(600) }) ]], "too long" },
  { [[ act("x.y", options) ]], "write the arguments down" },
  { [[ act() ]], "bad argument #1 to 'act'" },
  { [[ act(("x"):rep(99)) ]], "at most 63 letters" },
  { [[ local t = {} for i = 1, 40 do t["a" .. i] = i end act("x.y", t) ]], "more than 16 arguments" },
  { [[ verify { clear = "disk-space-high" } ]], "'clear' is not known here" },
  { [[ verify { clears = "disk-space-hihg" } ]], "did you mean 'disk-space-high'" },
  { [[ verify { within = "soon" } ]], "within" },
  { [[ verify { within = 5 } ]], "is a duration" },
  { [[ verify() ]], "table expected" },
  { [[ wait("0s") ]], "wait" },
  { [[ wait("999d") ]], "wait" },
  { [[ table.sort({ 3, 2, 1 }, function() wait("1s") end) ]], "has to wait" },
  { [[ playbok = nil + 1 ]], "attempt to perform arithmetic" },
  { [[ error({ 1 }) ]], "a value of type table" },
  { [[ error("without position", 0) ]], "without position" },
}

for _, mistake in ipairs(mistakes) do
  test("a mistake is named with file and line: " .. mistake[1], function()
    local shown = ended(mistake[1])
    equal(shown.result, "failed")
    check(shown.text:find("^site%.lua:2: "), shown.text)
    check(shown.text:find(mistake[2], 1, true), shown.text)
    equal(sim.state(), "incident")
  end)
end

test("the functions are not for the top level of a file", function()
  world { playbooks = { { broken = true, source = "\nact('x.y')\nreturn playbook { name = 'site', run = function() end }" } } }
  used(0.9)
  sim.advance(5)
  equal(sim.run().result, "failed")
  check(sim.run().text:find("site.lua:2: act() can only be called while", 1, true), sim.run().text)
end)

test("a file that is none is named", function()
  for source, what in pairs({
    ["return 7"] = "does not return playbook",
    ["return playbook { name = 'site' }"] = "does not return playbook",
    ["return playbook 'x'"] = "table expected",
    ["return playbook {"] = "expected",
    ["while true do end"] = "without an end",
  }) do
    world { playbooks = { { broken = true, source = source } } }
    used(0.9)
    sim.advance(5)
    equal(sim.run().result, "failed")
    check(sim.run().text:find("^site%.lua:1: "), sim.run().text)
    check(sim.run().text:find(what, 1, true), sim.run().text)
  end
end)

test("with the plugins, a verb or an argument that they do not have is named", function()
  for text, what in pairs({
    [ [[ act("journal.vacum") ]] ] = "there is no verb 'journal.vacum', did you mean 'journal.vacuum'?",
    [ [[ act("journal.vacuum", { kep = "200M" }) ]] ] = 'did you mean "keep"',
    [ [[ act("journal.vacuum", { keep = "soon" }) ]] ] = "keep",
  }) do
    local shown = ended(text, { plugins = true })
    equal(shown.result, "failed")
    check(shown.text:find(what, 1, true), shown.text)
  end
  equal(ended([[ return act("journal.vacuum", { keep = "200M" }).ok ]], { plugins = true }).result, "cleared")
end)
