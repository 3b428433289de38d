-- SPDX-License-Identifier: MIT
--
-- harness.lua - what a Lua test can say
--
--   test("a sentence that is true", function() ... end)
--   check(condition, "what was wrong")       equal(is, should_be)
--   world { playbooks = { "vacuum-journal", { name = ..., run text } }, act = function(verb, args, terms) ... end }
--     act returns { status =, freed_bytes =, found_bytes =, count =, text =, done = function() ... end } or nothing; `done` is
--       called when the action is done.  One that comes with terms.until_clear takes a lease (fake_executor.h)
--     admit = function(playbook) ... end    the executor's verdict, and for how many seconds; nothing is "go"
--     select = function(verb, args, renewal) ... end    how many things a selector finds, or -errno; 1
--     plugins = true: act() knows the verbs of the built plugins; verbs = { ... }: those (see lua_verbs.h)
--     lasting = true: leases have no slices, they last until they are ended
--     conditions = { { name =, reading =, trip =, clear =, lasting =, clear_lasting =, below =, level =, cause = } }
--     back_by = "2026-12-28 08:00"         as in the configuration; nothing: nobody knows
--   sim.set, sim.withdraw, sim.advance, sim.state, sim.diagnosis, sim.run, sim.by_hand, sim.lease      see lua_runner.c
--   count("act journal.vacuum")              lines of the trace that begin so
--   line("end ")                             the first of them
--   expect { "open ...", ... }               the whole trace, each line by its beginning
--   support("flush_support")                 what that file beside this one returns

local failed, ran = 0, 0
local here = debug.getinfo(1, "S").source:match("^@(.*/)") or ""

function test(sentence, body)
  ran = ran + 1
  local ok, problem = xpcall(body, debug.traceback)
  print((ok and "ok     " or "FAILED ") .. sentence)
  if not ok then
    failed = failed + 1
    print(problem)
    for _, line in ipairs(sim.trace()) do
      print("        " .. line)
    end
  end
end

function finish()
  print(("%d tests, %d failed"):format(ran, failed))
  return ran == 0 and 1 or failed
end

function check(condition, what)
  if not condition then
    error(what or "not so", 2)
  end
end

function equal(is, should_be)
  if is ~= should_be then
    error(("is %s, should be %s"):format(tostring(is), tostring(should_be)), 2)
  end
end

local function read(path)
  local file = assert(io.open(path))
  local text = file:read("a")
  file:close()
  return text
end

local function list(value)
  return type(value) == "string" and { value } or value or {}
end

function support(name)
  return dofile(here .. name .. ".lua")
end

local function nothing() end

-- The fields of a playbook's table, as the loader would freeze them.  A broken file has none; the loader
-- would leave it out, but the script engine must not rely on that.
local function frozen(file, source, changed, broken)
  local environment = setmetatable({
    playbook = function(fields) return fields end,
    act = nothing, verify = nothing, wait = nothing, reading = nothing, log = nothing, diagnose = nothing,
    readings = nothing, tripped = nothing, leases = nothing, now = nothing,
    reading_text = nothing, back_by = nothing, let_go = nothing,
  }, { __index = _G })
  local fields = { on = { any = "disk-space-high" } }
  if not broken then
    fields = assert(load(source, "@" .. file, "t", environment))()
  end
  local options = {}
  for name, value in pairs(fields.options or {}) do
    value = (changed or {})[name] or value
    local kind = type(value) == "number" and "n:" or type(value) == "boolean" and "b:" or "s:"
    options[#options + 1] = { name = name, value = kind .. tostring(value) }
  end
  return {
    name = fields.name or "site", file = file, source = source,
    any = list((fields.on or {}).any), all = list((fields.on or {}).all), cleared = list((fields.on or {}).cleared),
    after = list(fields.after), options = options, budget = fields.budget, cooldown = fields.cooldown,
  }
end

-- A playbook of a test: the body of its run function.
function body(text, name)
  return { source = ([[return playbook { name = "%s", on = { any = "disk-space-high" }, options = { keep = "1M", n = 2, yes = true }, run = function(incident, options)
%s
end }]]):format(name or "site", text) }
end

function world(given)
  local playbooks = {}
  for i, playbook in ipairs(given.playbooks) do
    if type(playbook) == "string" then
      local file = SHARE .. "/playbooks/" .. playbook .. ".lua"
      playbooks[i] = frozen(file, read(file), (given.options or {})[playbook])
    else
      playbooks[i] = frozen("site.lua", playbook.source, nil, playbook.broken)
    end
  end
  sim.start {
    observe = given.observe, lasting = given.lasting, act = given.act, admit = given.admit, select = given.select,
    plugins = given.plugins, verbs = given.verbs, back_by = given.back_by, playbooks = playbooks,
    prelude = read(SHARE .. "/prelude.lua"),
    conditions = given.conditions or {
      { name = "disk-space-critical", reading = "disk_used_ratio", trip = 0.95, clear = 0.90, level = "critical" },
      { name = "disk-space-high", reading = "disk_used_ratio", trip = 0.85, clear = 0.80, lasting = 2 },
    },
  }
  sim.advance(0)
  return playbooks
end

function used(ratio, path)
  sim.set("disk_used_ratio", { path = path or "/var/log" }, ratio)
end

function count(prefix)
  local n = 0
  for _, line in ipairs(sim.trace()) do
    if line:sub(1, #prefix) == prefix then
      n = n + 1
    end
  end
  return n
end

function line(prefix)
  for _, text in ipairs(sim.trace()) do
    if text:sub(1, #prefix) == prefix then
      return text
    end
  end
  return ""
end

function expect(lines)
  local trace = sim.trace()
  for i = 1, math.max(#lines, #trace) do
    local is, should_be = trace[i] or "(nothing)", lines[i] or "(nothing)"
    if is:sub(1, #should_be) ~= should_be then
      error(("line %d is '%s', should be '%s'"):format(i, is, should_be), 2)
    end
  end
end
