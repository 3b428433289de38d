-- SPDX-License-Identifier: MIT
-- compress-logs: the gentle step that comes first, and what it leaves to the others

test("it compresses once and is done when the condition clears", function()
  local asked
  world { playbooks = { "compress-logs" }, act = function(verb)
    asked = verb
    used(0.5)
    return { status = "done", freed_bytes = 1 << 30 }
  end }
  used(0.9)
  sim.advance(60)
  equal(asked, "logs.compress")
  equal(count("act"), 1)
  equal(count("end compress-logs cleared"), 1)
  equal(count("close"), 1)
end)

test("when what came back is not enough, it says so after ten seconds and is not repeated", function()
  world { playbooks = { "compress-logs" }, act = function()
    return { status = "done", freed_bytes = 1 << 20 }
  end }
  used(0.9)
  sim.advance(11)
  equal(count("end"), 0)
  equal(sim.run().waiting_for, "disk-space-high_/var/log to clear")
  sim.advance(2)
  equal(count("end compress-logs not-cleared"), 1)
  sim.advance(86400)
  equal(count("act"), 1)
end)

test("what destroys log data waits until it had its turn", function()
  world { playbooks = { "vacuum-journal", "compress-logs" } }
  used(0.9)
  sim.advance(4)
  equal(line("run"), "run compress-logs")
  equal(count("run vacuum-journal"), 0)
  -- Nothing came back, so there is nothing to wait for.
  sim.advance(2)
  equal(count("run vacuum-journal"), 1)
end)

test("when it clears, nothing that destroys log data is begun", function()
  world { playbooks = { "vacuum-journal", "compress-logs" }, act = function()
    used(0.5)
    return { status = "done", freed_bytes = 1 << 30 }
  end }
  used(0.9)
  sim.advance(600)
  equal(count("run compress-logs"), 1)
  equal(count("run vacuum-journal"), 0)
end)
