-- SPDX-License-Identifier: MIT
-- rotate-logs: what was rotated is compressed, and what was not is left to others

local function answers(rotate, compress)
  return function(verb)
    return verb == "logs.rotate" and rotate or compress
  end
end

test("it rotates, lets the daemons settle, compresses, and is done when the condition clears", function()
  local asked = {}
  world { plugins = true, playbooks = { "rotate-logs" }, act = function(verb)
    asked[#asked + 1] = verb
    return { status = "done", count = 1, done = function()
      if verb == "logs.compress" then
        used(0.5)
      end
    end }
  end }
  used(0.9)
  sim.advance(5)
  equal(table.concat(asked, " "), "logs.rotate")
  equal(sim.run().waiting_for, "the daemons to let go of the rotated log")
  sim.advance(60)
  equal(table.concat(asked, " "), "logs.rotate logs.compress")
  equal(count("end rotate-logs cleared"), 1)
  equal(count("close"), 1)
end)

test("what was not rotated is not compressed either", function()
  for _, status in ipairs { "denied", "failed", "nothing" } do
    world { playbooks = { "rotate-logs" }, act = answers { status = status, text = "rotated in this incident already" } }
    used(0.9)
    sim.advance(120)
    equal(count("act logs.rotate"), 1)
    equal(count("act logs.compress"), 0)
    equal(count("end rotate-logs"), 1)
    equal(count("end rotate-logs cleared"), 0)
  end
end)

test("when it does not clear, it says so and is not repeated", function()
  world { playbooks = { "rotate-logs" } }
  used(0.9)
  sim.advance(120)
  equal(count("end rotate-logs not-cleared"), 1)
  sim.advance(86400)
  equal(count("act logs.rotate"), 1)
end)

test("what is gentler has its turn before, and what destroys log data has it later", function()
  world { playbooks = { "vacuum-journal", "rotate-logs", "free-ballast", "compress-logs" } }
  used(0.97)
  sim.advance(900)
  local order = {}
  for _, step in ipairs(sim.trace()) do
    order[#order + 1] = step:match("^run (%S+)")
  end
  local at = {}
  for i, name in ipairs(order) do
    at[name] = at[name] or i
  end
  check(at["compress-logs"] < at["rotate-logs"], "compress-logs is later")
  check(at["free-ballast"] < at["rotate-logs"], "free-ballast is later")
end)

test("in observe it only says that it would", function()
  world { playbooks = { "rotate-logs" }, observe = true }
  used(0.9)
  sim.advance(120)
  equal(count("act logs.rotate"), 1)
  equal(count("act logs.compress"), 0)
end)
