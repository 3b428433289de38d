-- SPDX-License-Identifier: MIT
-- flush-after-recovery with next hops that take some mail, fail, and take some again: servers that limit rates, relays
-- that come and go; against what Postfix would do by itself

local flush = support("flush_support")
local relay, hop, pause, pass, publish = flush.relay, flush.hop, flush.pause, flush.pass, flush.publish

-- With its defaults: each message is tried again 4000 seconds after it failed, in a scan of every 300.
local function by_itself(messages, takes)
  local due, left, second = {}, messages, 0
  for i = 1, messages do
    due[i] = i * 4000 // messages
  end
  while left > 0 do
    second = second + 300
    for i, at in pairs(due) do
      if at <= second and takes(second) then
        due[i], left = nil, left - 1
      elseif at <= second then
        due[i] = second + 4000
      end
    end
  end
  return second
end

-- So many a minute; the others are deferred until it is over.
local function limited(most)
  local minute, taken = nil, 0
  return function(second)
    if second // 60 ~= minute then
      minute, taken = second // 60, 0
    end
    taken = taken + 1
    return taken <= most
  end
end

-- Up and down, in seconds that are never quite the same.
local function flutter(up, down)
  local since, is_up, lasts = 0, true, up
  return function(second)
    while second - since >= lasts do
      since, is_up = since + lasts, not is_up
      lasts = (is_up and up or down) + (since * 7) % 5
    end
    return is_up
  end
end

-- The mail of one next hop is paused, and brought back.  Until all is delivered, or it took too long.
local function bring_back(messages, seconds, takes, probe)
  relay()
  local second = 0
  local one = hop("one.test", { waiting = messages, rate = 50 })
  one.takes = function() return takes(second) and "delivered" or "deferred" end
  pause()
  while one.delivered < messages and second < seconds do
    one.ratio = probe and second % 10 > 0 and one.ratio or (not probe or takes(second)) and 1 or 0
    pass(1)
    second = second + 1
  end
  return one, second
end

test("a server that takes so many a minute has all mail sooner than by Postfix alone, and with fewer attempts", function()
  for _, case in ipairs { { 10, 300 }, { 50, 1500 }, { 100, 2000 }, { 300, 6000 } } do
    local most, messages = table.unpack(case)
    local alone = by_itself(messages, limited(most))
    local one, seconds = bring_back(messages, alone, limited(most))
    print(("       %d a minute, %d messages: %d s, %d attempts, %d actions; Postfix alone %d s"):format(
      most, messages, seconds, one.attempts, #one.given, alone))
    equal(one.delivered, messages)
    check(seconds <= alone * 0.75, "it took " .. seconds .. " s, and " .. alone .. " without us")
    check(one.deferred <= one.delivered / 2, one.deferred .. " attempts for nothing")
  end
end)

test("a relay that comes and goes has its mail within the hour, whether the probe sees it or not", function()
  for _, case in ipairs { { 20, 20, true }, { 20, 20, false }, { 60, 60, false }, { 20, 120, true } } do
    local up, down, probe = table.unpack(case)
    local one, seconds = bring_back(2000, 3600, flutter(up, down), probe)
    print(("       %d s up, %d s down: %d s, %d attempts, %d actions"):format(up, down, seconds, one.attempts, #one.given))
    equal(one.delivered, 2000)
    check(one.deferred <= one.delivered / 2, one.deferred .. " attempts for nothing")
    equal(count("escalate"), 0)
  end
end)

test("one by which more is lost than it takes is tried later each time", function()
  local one, seconds = bring_back(2000, 7200, limited(2))
  check(seconds == 7200 and #one.given <= 10, #one.given .. " tries in two hours")
end)

test("a run for what is never done with has fewer and fewer turns, so that it does not fill the record in a day", function()
  relay()
  local one, second = hop("one.test", { waiting = 100000, rate = 50 }), 0
  local takes = limited(20)
  one.takes = function() return takes(second) and "delivered" or "deferred" end
  pause()
  one.ratio = 1
  while second < 4 * 3600 do
    pass(60)
    second = second + 60
  end
  print(("       %d actions in four hours"):format(count("act postfix.")))
  check(count("act postfix.") <= 570, count("act postfix.") .. " actions")
end)

-- What the executor says by the budget and the cool-down of the playbook.
local function admission()
  local begun, limits, second = {}, nil, 0
  local admission = {}
  function admission.pass()
    pass(1)
    second = second + 1
  end
  function admission.decide(name)
    if name ~= "flush-after-recovery" then
      return
    end
    local within = 0
    for _, at in ipairs(begun) do
      within = within + (second - at < limits.per and 1 or 0)
    end
    if begun[1] and second - begun[#begun] < limits.cooldown then
      return "cooldown", limits.cooldown - (second - begun[#begun])
    elseif within >= limits.runs then
      return "spent", 600
    end
    begun[#begun + 1] = second
  end
  function admission.learn(playbooks)
    for _, playbook in ipairs(playbooks) do
      if playbook.name == "flush-after-recovery" then
        local hours, minutes = playbook.budget.per:match("^(%d+)h$"), playbook.cooldown:match("^(%d+)m$")
        limits = { runs = playbook.budget.runs, per = hours * 3600, cooldown = minutes * 60 }
      end
    end
  end
  return admission
end

test("nor do the runs that begin whenever a relay comes back whose mail nobody postponed", function()
  local admission = admission()
  admission.learn(relay { admit = admission.decide })
  local one = hop("one.test", { stranded = 100000, rate = 50 })
  local is_up = flutter(30, 30)
  local second = 0
  one.takes = function() return is_up(second) and "delivered" or "deferred" end
  publish()
  while second < 4 * 3600 do
    one.ratio = is_up(second) and 1 or 0
    one.stranded, one.waiting = one.stranded + one.waiting, 0
    admission.pass()
    second = second + 1
  end
  print(("       %d actions in four hours, %d messages"):format(#one.given, one.delivered))
  check(#one.given <= 450, #one.given .. " actions")
end)
