-- SPDX-License-Identifier: MIT
-- trim-logs: the last resort comes last, with what is to stay

test("it says what is to stay, and is done when the condition clears", function()
  local asked
  world { plugins = true, playbooks = { "trim-logs" }, act = function(verb, args)
    asked = ("%s %s %s %s"):format(verb, args.path or "-", args.head, args.tail)
    used(0.5)
    return { status = "done", freed_bytes = 1 << 30, text = "1300.0 MiB are cut out of /var/log/mail.log" }
  end }
  used(0.97)
  sim.advance(60)
  equal(asked, "logs.trim - 16M 64M")
  equal(count("end trim-logs cleared"), 1)
  equal(count("close"), 1)
end)

test("a high level is none of its business", function()
  world { playbooks = { "trim-logs" } }
  used(0.9)
  sim.advance(3600)
  equal(count("act"), 0)
end)

test("every gentler step has its turn before", function()
  world { playbooks = { "trim-logs", "vacuum-journal", "compress-logs", "free-ballast" } }
  used(0.97)
  sim.advance(900)
  equal(count("act logs.trim"), 1)
  equal(count("run trim-logs"), 1)
  local last
  for _, step in ipairs(sim.trace()) do
    if step:match("^run ") then
      last = step:match("^run %S+")
    end
  end
  equal(last, "run trim-logs")
end)

test("when a gentler step was enough, nothing is cut", function()
  world { playbooks = { "trim-logs", "free-ballast" }, act = function(verb)
    if verb == "disk.free_ballast" then
      used(0.5)
    end
    return { status = "done", freed_bytes = 1 << 30, text = "done" }
  end }
  used(0.97)
  sim.advance(900)
  equal(count("run trim-logs"), 0)
end)

test("when the executor denies it, the run ends and says so", function()
  world { playbooks = { "trim-logs" }, act = function()
    return { status = "denied", text = "/var/log/mail.log: gentler steps are left" }
  end }
  used(0.97)
  sim.advance(60)
  equal(count("end trim-logs refused"), 1)
end)

test("the next log is cut when one was not enough, and no more than so many", function()
  local cuts = 0
  world { playbooks = { "trim-logs" }, act = function()
    cuts = cuts + 1
    return { status = "done", freed_bytes = 1 << 20, text = "cut" }
  end }
  used(0.97)
  sim.advance(900)
  equal(cuts, 3)
  equal(count("end trim-logs not-cleared"), 1)
end)

test("what gave too little has another turn after a quarter of an hour, what gave nothing has none", function()
  local cuts, gives = 0, 1 << 20
  world { playbooks = { "trim-logs" }, act = function()
    cuts = cuts + 1
    return { status = "done", freed_bytes = gives, text = "cut" }
  end }
  used(0.97)
  sim.advance(900)
  equal(cuts, 3)
  gives = 0
  sim.advance(120)
  equal(cuts, 4)
  sim.advance(86400)
  equal(cuts, 4)
  equal(count("escalate"), 1)
end)
