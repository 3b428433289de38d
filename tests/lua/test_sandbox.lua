-- SPDX-License-Identifier: MIT
-- What a playbook cannot do: escape, run for ever, eat the memory, harm the next run

local function result(text, name)
  world { playbooks = { body(text, name) } }
  used(0.9)
  sim.advance(5)
  return sim.run() or { result = "none" }
end

local escapes = {
  "io.open('/etc/shadow')", "os.execute('true')", "load('x = 1')", "require('os')", "debug.sethook()",
  "getmetatable('').__index = {}", "setmetatable({}, {})", "rawset(options, 'keep', 1)", "rawget(incident, 1)",
  "coroutine.wrap(function() end)", "collectgarbage()", "print(1)", "string.rep = 1", "('x'):dump()",
  "string.dump(act)", "dofile('x')", "package.loaded = 1", "math.random()", "_G.act = nil",
}

for _, escape in ipairs(escapes) do
  test("there is no way out by " .. escape, function()
    local shown = result(escape)
    equal(shown.result, "failed")
    check(shown.text:find("^site%.lua:2: "), shown.text)
  end)
end

local runaways = {
  "while true do end",
  "while true do pcall(function() while true do end end) end",
  "while true do pcall(error) end",
  "local function again() return again() end again()",
  "table.sort({ 3, 2, 1 }, function() while true do end end)",
  "while true do pcall(table.sort, { 3, 2, 1 }, function() while true do end end) end",
  "for i = 1, math.huge do ('x'):gsub('x', function() end) end",
}

for _, runaway in ipairs(runaways) do
  test("a runaway is stopped: " .. runaway, function()
    local shown = result(runaway)
    equal(shown.result, "failed")
    check(shown.text:find("^site%.lua:2: "), shown.text)
    check(shown.text:find("without an end", 1, true), shown.text)
  end)
end

local hogs = {
  "local s = ('x'):rep(1 << 30)",
  "local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end",
  "local s = 'x' while true do s = s .. s end",
  "hog = {} while true do hog[#hog + 1] = #hog end",
}

for _, hog in ipairs(hogs) do
  test("a hog fails alone: " .. hog, function()
    local shown = result(hog)
    equal(shown.result, "failed")
    check(shown.text:find("not enough memory", 1, true), shown.text)
    equal(sim.state(), "incident")
  end)
end

test("a long computation is sliced, and ends well", function()
  equal(result("local n = 0 for i = 1, 3000000 do n = n + i end return n > 0").result, "cleared")
end)

test("waiting starts the count anew", function()
  world { playbooks = { body([[
    for round = 1, 10 do
      for i = 1, 3000000 do end
      wait("1s")
    end
    return true
  ]]) } }
  used(0.9)
  sim.advance(30)
  equal(count("end site cleared"), 1)
end)

test("a hog that holds its memory in a wait does not harm another run", function()
  world { playbooks = {
    body([[ held = ("x"):rep(7 << 20) wait("60s") return true ]], "hog"),
    body([[ local mine = ("y"):rep(7 << 20) return #mine == 7 << 20 ]], "other"),
  } }
  used(0.9)
  sim.by_hand("hog")
  sim.advance(10)
  equal(count("end other cleared"), 1)
  equal(count("end hog"), 0)
end)

test("nothing is left of a run for the next one", function()
  world { playbooks = { body([[
    assert(left == nil)
    left = 1
    return true
  ]]) } }
  used(0.1)
  for _ = 1, 3 do
    equal(sim.by_hand("site"), nil)
    sim.advance(30)
  end
  equal(count("end site cleared"), 3)
end)

test("a broken playbook does not keep the next one from its turn", function()
  world { playbooks = { body("error(\"broken\")", "broken"), body("return act('sample.verb').ok", "good") } }
  used(0.9)
  sim.advance(60)
  equal(count("end broken failed"), 1)
  equal(count("end good cleared"), 1)
end)
