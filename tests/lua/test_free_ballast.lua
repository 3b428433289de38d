-- SPDX-License-Identifier: MIT
-- free-ballast: only when critical, and never in the way of the next step

test("a warning does not touch the ballast", function()
  world { playbooks = { "free-ballast" } }
  used(0.94)
  sim.advance(600)
  equal(count("run"), 0)
end)

test("critical frees it without arguments", function()
  world { playbooks = { "free-ballast" }, act = function(verb, args)
    equal(next(args), nil)
    used(0.5)
  end }
  used(0.95)
  sim.advance(10)
  equal(count("act disk.free_ballast"), 1)
  equal(count("end free-ballast cleared"), 1)
end)

test("when that is not enough the next playbook has its turn after ten seconds", function()
  world { playbooks = { "free-ballast", "vacuum-journal" }, act = function()
    return { status = "done", freed_bytes = 1 << 20 }
  end }
  used(0.95)
  sim.advance(9)
  equal(count("run vacuum-journal"), 0)
  sim.advance(2)
  equal(count("end free-ballast not-cleared"), 1)
  equal(count("run vacuum-journal"), 1)
end)

test("when there is no ballast the next playbook has its turn at once", function()
  world { playbooks = { "free-ballast", "vacuum-journal" }, act = function(verb)
    return verb == "disk.free_ballast" and { status = "nothing" } or nil
  end }
  used(0.95)
  sim.advance(1)
  equal(count("run vacuum-journal"), 1)
end)
