-- SPDX-License-Identifier: MIT
-- How a run of flush-after-recovery comes to the end of what it may ask for while much fails at once

local flush = support("flush_support")
local relay, hop, pause, pass, until_true = flush.relay, flush.hop, flush.pause, flush.pass, flush.until_true

local function requests()
  return count("act postfix.retry") + count("act postfix.postpone")
end

test("what fails with the last actions of a run is left to its lease, and is no error", function()
  relay()
  for i = 1, 28 do
    hop("slow" .. i .. ".test", { waiting = 20000, rate = 2 })
  end
  sim.set("network_link_up", { interface = "eth0" }, 1)
  pause()
  local before = requests()
  for _, each in ipairs(flush.hops) do
    each.ratio = 1
  end
  for i = 1, 34 do
    hop(i .. ".test", { stranded = 250, ratio = false })
  end
  sim.set("dns_server_up", { server = "192.0.2.53" }, 0)
  pass(60)
  sim.set("dns_server_up", { server = "192.0.2.53" }, 1)
  until_true(4000, function() return requests() - before >= 956 end)
  equal(count("end flush-after-recovery"), 0)
  sim.set("network_link_up", { interface = "eth0" }, 0)
  pass(60)
  equal(count("end flush-after-recovery failed"), 0)
  check(line("note after 990 actions what is left for slow"):find(" and 23 more has Postfix's own schedule$"), "nobody says it")
  check(line("note and "):find("^note and %d+ sentences like those before$"), "nobody says that there was more")
  equal(line("note flush-after-recovery had more to say"), "")
end)
