-- SPDX-License-Identifier: MIT
-- vacuum-journal: what it asks for, and what it concludes

test("it vacuums down to `keep` and is done when the condition clears", function()
  local asked
  world { playbooks = { "vacuum-journal" }, act = function(verb, args)
    asked = verb .. " " .. args.keep
    used(0.5)
    return { status = "done", freed_bytes = 1 << 20 }
  end }
  used(0.9)
  sim.advance(60)
  equal(asked, "journal.vacuum 200M")
  equal(count("end vacuum-journal cleared"), 1)
  equal(count("close"), 1)
end)

test("a site's own `keep` is what is asked for", function()
  local keep
  world {
    playbooks = { "vacuum-journal" }, options = { ["vacuum-journal"] = { keep = "64M" } },
    act = function(_, args) keep = args.keep end,
  }
  used(0.9)
  sim.advance(60)
  equal(keep, "64M")
end)

test("a site may let old entries go as well", function()
  local age
  world {
    playbooks = { "vacuum-journal" }, options = { ["vacuum-journal"] = { older_than = "30d" } }, plugins = true,
    act = function(_, args) age = args.older_than end,
  }
  used(0.9)
  sim.advance(60)
  equal(age, "30d")
end)

test("when what came back is not enough, it says so after ten seconds and is not repeated", function()
  world { playbooks = { "vacuum-journal" }, act = function()
    return { status = "done", freed_bytes = 1 << 20 }
  end }
  used(0.9)
  sim.advance(11)
  equal(count("end"), 0)
  equal(sim.run().waiting_for, "disk-space-high_/var/log to clear")
  sim.advance(2)
  equal(count("end vacuum-journal not-cleared"), 1)
  sim.advance(86400)
  equal(count("act"), 1)
  equal(count("escalate not-cleared"), 1)
end)

test("when the executor denies it, the run ends at once", function()
  world { playbooks = { "vacuum-journal" }, act = function()
    return { status = "denied", text = "all archived files are younger than the floor" }
  end }
  used(0.9)
  sim.advance(5)
  equal(count("end vacuum-journal refused"), 1)
end)

test("it waits for the gentler steps that are installed", function()
  world { playbooks = { "free-ballast", "vacuum-journal" } }
  used(0.97)
  sim.advance(300)
  check(line("run") == "run free-ballast", line("run"))
  equal(count("run vacuum-journal"), 1)
end)
