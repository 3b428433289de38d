-- SPDX-License-Identifier: MIT
-- hold-flood: bounces are held when a storm of them does harm, and neither a full queue nor a storm alone is that

local MINUTE = 60

local conditions = {
  { name = "bounce-storm", reading = "queue_bounce_growth", trip = 200, clear = 20, lasting = 60, clear_lasting = 300,
    level = "notice" },
  { name = "queue-large", reading = "queue_messages", trip = 5000, clear = 2500, lasting = 120, level = "notice" },
  { name = "disk-space-high", reading = "disk_used_ratio", trip = 0.85, clear = 0.80 },
  { name = "disk-space-critical", reading = "disk_used_ratio", trip = 0.95, clear = 0.90, level = "critical" },
  { name = "disk-full-soon", reading = "disk_full_seconds", below = true, trip = 7200, clear = 21600 },
  { name = "disk-inodes-high", reading = "disk_inodes_used_ratio", trip = 0.85, clear = 0.80 },
  { name = "disk-inodes-critical", reading = "disk_inodes_used_ratio", trip = 0.95, clear = 0.90, level = "critical" },
}

-- As on the night of INCIDENTS 5.
local function queues(active, growth)
  local messages = { incoming = 3, active = active, deferred = 2193, hold = 0 }
  local bounces = { incoming = 0, active = 1, deferred = 1709, hold = 0 }
  for queue, n in pairs(messages) do
    sim.set("queue_messages", { instance = "-", queue = queue }, n)
    sim.set("queue_null_sender_messages", { instance = "-", queue = queue }, bounces[queue])
  end
  sim.set("queue_bounce_growth", { instance = "-" }, growth)
end

local function night(act, observe)
  world { playbooks = { "hold-flood" }, conditions = conditions, plugins = true, lasting = true, act = act, observe = observe }
  used(0.5)
end

test("it ships in observe", function()
  local file = assert(io.open(SHARE .. "/playbooks/hold-flood.lua"))
  local source = file:read("a")
  file:close()
  local fields = assert(load(source, "hold-flood", "t", { playbook = function(table) return table end }))()
  equal(fields.mode, "observe")
end)

test("the same queue without growth, with active and incoming quiet, is left alone", function()
  night()
  queues(40, 3)
  sim.advance(12 * 60 * MINUTE)
  equal(count("open"), 0)
  equal(count("act"), 0)
end)

test("a storm that harms nobody is told of and nothing is done", function()
  night()
  queues(40, 900)
  sim.advance(60 * MINUTE)
  equal(count("run"), 0)
  equal(count("act"), 0)
  equal(count("escalate"), 0)
end)

test("a crowded deferred queue is no harm", function()
  night()
  queues(40, 900)
  sim.set("queue_messages", { instance = "-", queue = "deferred" }, 9000)
  sim.advance(60 * MINUTE)
  equal(count("act"), 0)
  equal(count("note bounces pile up, but the queues that deliver are quiet"), 1)
end)

test("bounces are held under a lease while the active queue is crowded, until the storm is over", function()
  local asked
  night(function(verb, args, terms)
    asked = { verb = verb, args = args, terms = terms }
    return { status = "done", count = 1709, text = "1,709 of 1,709 held; the last expires by 2026-11-27 04:00 UTC" }
  end)
  queues(8000, 900)
  sim.advance(5 * MINUTE)
  equal(asked.verb, "postfix.hold")
  equal(asked.args.instance, "-")
  equal(asked.args.sender, "<>")
  equal(asked.args.domain or "", "")
  equal(asked.terms.until_clear, "bounce-storm_-")
  equal(asked.terms.reason, "bounces pile up and the active queue is crowded, 1710 of 10196 messages are bounces")
  equal(count("act postfix.hold"), 1)
  equal(sim.lease(1), "in-force")
  check(line("diagnosis a storm of bounces"):find("1,709 of 1,709 held; the last expires by 2026-11-27", 1, true),
    "the outcome is not in the diagnosis")
  -- Nobody renews it; what is seen of the queue meanwhile changes nothing.
  queues(40, 900)
  sim.advance(60 * MINUTE)
  equal(count("renew"), 0)
  equal(count("act postfix.hold"), 1)
  equal(sim.lease(1), "in-force")
  queues(40, 0)
  sim.advance(4 * MINUTE)
  equal(sim.lease(1), "in-force")
  sim.advance(3 * MINUTE)
  equal(count("lease-end 1"), 1)
end)

test("a disk in trouble is harm, too", function()
  night()
  queues(40, 900)
  used(0.9, "/var/spool")
  sim.advance(5 * MINUTE)
  equal(count("act postfix.hold"), 1)
end)

test("some few bounces are not what does the harm", function()
  night()
  queues(8000, 900)
  sim.set("queue_null_sender_messages", { instance = "-", queue = "deferred" }, 499)
  sim.advance(5 * MINUTE)
  equal(count("act"), 0)
  equal(count("note the active queue is crowded, but only 499 bounces are deferred"), 1)
end)

test("what cannot be counted is not held", function()
  night()
  queues(8000, 900)
  sim.set("queue_null_sender_messages", { instance = "-", queue = "deferred" }, nil)
  sim.advance(5 * MINUTE)
  equal(count("act"), 0)
  equal(count("note the active queue is crowded, but how many bounces are deferred is not known"), 1)
end)

test("another instance's queue is no harm to this one", function()
  night()
  queues(40, 900)
  sim.set("queue_messages", { instance = "postfix-out", queue = "active" }, 9000)
  sim.advance(5 * MINUTE)
  equal(count("act"), 0)
end)

test("in observe it says what it would have done", function()
  night(nil, true)
  queues(8000, 900)
  sim.advance(5 * MINUTE)
  equal(count("act postfix.hold"), 1)
  equal(count("diagnosis a storm"), 0)
  equal(count("end hold-flood"), 1)
end)
