-- SPDX-License-Identifier: MIT
-- reopen-deleted-logs: the first step of all, which only looks when there is nothing to let go

local LARGE = 100 << 20

local function deleted(bytes, answer)
  return function(verb, args)
    if verb == "disk.deleted_open" then
      return { status = "done", count = bytes > 0 and 1 or 0, found_bytes = bytes,
               text = "1 deleted file is still open: /var/log/mail.info by rsyslogd" }
    end
    return answer and answer(verb, args)
  end
end

local conditions = {
  { name = "disk-space-critical", reading = "disk_used_ratio", trip = 0.95, clear = 0.90, level = "critical" },
  { name = "disk-space-high", reading = "disk_used_ratio", trip = 0.85, clear = 0.80, lasting = 2 },
  { name = "deleted-open-large", reading = "deleted_open_bytes", trip = 1e8, clear = 1e7, lasting = 5 },
}

local function night(given)
  given.plugins = true
  given.conditions = conditions
  given.playbooks = given.playbooks or { "reopen-deleted-logs" }
  world(given)
end

test("it looks, asks the daemons, and is done when the condition clears", function()
  local where
  night { act = deleted(LARGE, function(verb)
    used(0.5)
    return { status = "done", count = 1, freed_bytes = LARGE }
  end) }
  used(0.9)
  sim.advance(60)
  equal(count("act disk.deleted_open path=/var/log"), 1)
  equal(count("act logs.reopen"), 1)
  equal(count("end reopen-deleted-logs cleared"), 1)
  equal(count("diagnosis 1 deleted file is still open"), 1)
end)

test("who writes the logs is asked when a disk fills and no deleted log is the reason", function()
  night { act = deleted(0, function(verb)
    return verb == "logs.reopen" and { status = "nothing" } or verb == "logs.writers" and { status = "done", count = 2,
      text = "/var/log/mail.log grows by 1.2 MiB/s, written by rsyslogd (rsyslog.service, pid 312)" } or nil
  end) }
  used(0.9)
  sim.advance(60)
  equal(count("act logs.writers"), 1)
  night { act = deleted(LARGE, function()
    return { status = "done", count = 1, freed_bytes = LARGE }
  end) }
  used(0.9)
  sim.advance(60)
  equal(count("act logs.reopen"), 1)
  equal(count("act logs.writers"), 0)
  night { act = deleted(0, function() return { status = "nothing" } end) }
  sim.set("deleted_open_bytes", {}, 2e8)
  sim.advance(60)
  equal(count("act logs.reopen"), 1)
  equal(count("act logs.writers"), 0)
end)

test("it is about all file systems when nobody says which", function()
  night { act = deleted(LARGE, function()
    sim.set("deleted_open_bytes", {}, 0)
    return { status = "done", count = 1 }
  end) }
  sim.set("deleted_open_bytes", {}, 2e8)
  sim.advance(4)
  equal(count("act"), 0)
  sim.advance(60)
  equal(count("act disk.deleted_open"), 1)
  equal(count("act disk.deleted_open path"), 0)
  equal(count("end reopen-deleted-logs cleared"), 1)
end)

test("it has had its turn when there is nothing to let go, and the next one begins at once", function()
  night { playbooks = { "reopen-deleted-logs", "vacuum-journal" }, act = deleted(0, function(verb)
    return verb == "logs.reopen" and { status = "nothing", text = "no deleted log is still open" } or nil
  end) }
  used(0.9)
  sim.advance(3)
  equal(count("act logs.reopen"), 1)
  equal(count("end reopen-deleted-logs refused"), 1)
  equal(count("diagnosis 1 deleted"), 0)
  equal(count("run vacuum-journal"), 1)
end)

test("what others hold is said and not touched", function()
  night { act = deleted(LARGE, function()
    return { status = "denied", text = "nginx.service holds 100 MiB" }
  end) }
  used(0.9)
  sim.advance(10)
  equal(count("note nginx.service holds 100 MiB"), 1)
  equal(count("diagnosis 1 deleted file"), 1)
  equal(count("end reopen-deleted-logs refused"), 1)
end)

test("where it only observes, it looks, and nothing is counted that it did not do", function()
  night { observe = true, act = deleted(0, function()
    return { status = "nothing" }
  end) }
  used(0.9)
  sim.advance(60)
  equal(count("act disk.deleted_open"), 1)
  equal(count("end reopen-deleted-logs refused"), 1)
  night { observe = true, act = deleted(LARGE, function()
    return { status = "would-have" }
  end) }
  used(0.9)
  sim.advance(60)
  equal(count("end reopen-deleted-logs observed"), 1)
end)
