-- SPDX-License-Identifier: MIT
-- rebuild-ballast: after the trouble, and harmless when there is no room

test("it runs when the condition has cleared, before the incident closes", function()
  world { playbooks = { "rebuild-ballast" } }
  used(0.9)
  sim.advance(10)
  equal(count("run"), 0)
  used(0.5)
  sim.advance(10)
  equal(count("act disk.build_ballast"), 1)
  equal(count("end rebuild-ballast done"), 1)
  equal(count("close"), 1)
end)

test("when it is refused the incident closes all the same", function()
  world { playbooks = { "rebuild-ballast" }, act = function()
    return { status = "denied", text = "not enough room" }
  end }
  used(0.9)
  sim.advance(10)
  used(0.75)
  sim.advance(10)
  equal(count("end rebuild-ballast refused"), 1)
  equal(count("close"), 1)
  equal(count("escalate"), 0)
end)

test("by hand it builds the first one", function()
  world { playbooks = { "rebuild-ballast" } }
  used(0.1)
  equal(sim.by_hand("rebuild-ballast"), nil)
  sim.advance(1)
  equal(count("act disk.build_ballast"), 1)
  equal(sim.run().state, "ended")
end)
