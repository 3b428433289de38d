-- SPDX-License-Identifier: MIT
--
-- flush-after-recovery - bring mail back once what it waited for is there again
--
-- What comes back: mail that we postponed, and mail that waits for nothing but the end of the
-- outage that is over (postfix.retry knows which that is), when there is enough of it.  What
-- the next hop itself did not want has Postfix's own schedule, and so has what may have been
-- delivered already.  Nothing here overrides a pause of the admin's.
--
-- Each next hop has a window, the messages that may be under way to it.  A few canaries go
-- first.  While they are delivered the window grows by `step`, but never beyond a share of what
-- this next hop has taken since it is back, or took the last time it was tried (`trust`): one
-- that dies in the middle of it costs about as many attempts as the canaries, whether it had taken
-- fifty messages or none.  A slow one gets half the window.  At the first sign of failure nothing
-- more is sent; the lease is kept, what is postponed stays so, and what failed is postponed again
-- (Postfix may be set to try it every few seconds).  The next try is twice as long away as the one
-- before, unless more came of this one than was lost by it: a server that takes a hundred messages
-- a minute, or comes and goes, must not wait longer for us than it would for Postfix.
-- Eight next hops that are back are served in turn, so that none waits for a slow or broken one.
-- Of more the ones with least mail begin, because each has to begin with canaries, and all of them
-- together would use up the run before one of them was done; nobody waits longer than twenty minutes.
--
-- Each turn is two records of some thousands that the night may fill: a window is refilled when
-- most of it is free, and turns get rarer the more of them a run had, so that a thousand fill a
-- day, or for sixteen next hops six hours.  80,000 messages for one are a hundred turns, and for
-- sixteen of them five hundred and fifty.  What is left after all turns is told, and goes back to
-- Postfix's own schedule when its lease ends.
--
-- What we postponed is not kept from Postfix for ever because of something else than its next hop.
-- While it may not be tried (somebody's defer_transports, which may mean other mail; maintenance),
-- its lease is let go of after a while, and the mail has Postfix's own schedule, in which every
-- pause counts.  Name servers that are not in force any more may answer all the same: after a
-- while, too, canaries find that out.
--
-- A full mailbox or greylisting says nothing against a next hop.  Bounces do: one that came
-- back with a wrong configuration must not return a weekend's mail to its senders.
--
--   canary       messages that go first; at most five are taken
--   step, most   by how much a window grows, and what all of them may hold together
--   trust        share of what was delivered since the last failure, or up to it, that may be under
--                way, less the canaries: what took fifty messages has shown little yet
--   tolerance    share of a window, beside one message, that may fail (mail has its own faults)
--   slow         seconds after which a window is called slow
--   patience     seconds in which something must come of what is under way
--   again, longest   seconds to the next try after a failure, and the most that becomes
--   at_least     fewer messages that nobody postponed are left to Postfix's own schedule
--   crowded      messages in the active queue beyond which nothing is added
--   forget       seconds that a next hop may be down again before it is a new outage
--   withheld     seconds that postponed mail waits for something else than its next hop

local ACTIONS = 990 -- a run may ask for 1000
local PACE = 20 -- turns, after which there is one a second; after twice as many it is one in two seconds
local RARE = 4000 -- after two hundred the seconds are their square, divided by this: a thousand fill a day
local SAVED = 12 -- turns that had their time while nothing could be tried, and follow one another then
local BESIDE = 8 -- next hops that are brought back side by side
local QUEUES_UP = 1200 -- seconds that another one waits for one of these to be done
local FILL = 0.75 -- share of a window that has to be free to be worth a turn
local GONE = 15 -- seconds after which mail of which none is left went, though some was not seen to
local LONG = 30 -- seconds without a turn after which what others leave free is worth it, too
local TIDY = { 2, 8, 20 } -- seconds after a failure in which what failed comes back
local REST = 300 -- seconds until what came to be postponed meanwhile is looked for; more when none of it is taken
local SENTENCES = 30 -- of the 32 that a run may say, and the last word is on what is left

local said = 0

local function note(sentence)
  said = said + 1
  if said <= SENTENCES then
    log(sentence)
  end
end

local function is_tripped(name, labels)
  for _, condition in ipairs(tripped(name)) do
    local same = true
    for label, value in pairs(labels or {}) do
      same = same and condition.labels[label] == value
    end
    if same then
      return true, condition.value
    end
  end
  return false
end

-- Without mail there is nothing by which it could clear: what is not known any more is tried.
local function refuses(where)
  local is_refusing, share = is_tripped("next-hop-refuses", where)
  return is_refusing and share ~= nil
end

local function has_name_server()
  local any, up = false, false
  for _, row in ipairs(readings("dns_server_up")) do
    any, up = true, up or row.value > 0
  end
  return up or not any
end

-- "[192.0.2.25]:26", "[2001:db8::25]" or "[ipv6:2001:db8::25]", or several: no name server is asked for these.
local function is_address(nexthop)
  for hop in nexthop:gmatch("[^,]+") do
    local host = hop:match("^%[(.*)%]")
    if not (host and (host:find("^%d+%.%d+%.%d+%.%d+$") or host:find(":", 1, true))) then
      return false
    end
  end
  return true
end

-- Its lease needs no run of ours to last.
local function is_held(flow)
  return flow.lease and #tripped(flow.lease.until_clear) > 0
end

-- A next hop that answers is reached by another link than the one that is down, until one more goes.
local function is_cut_off(flow, ratio)
  local down = #tripped("link-down")
  if flow.base then
    return down > flow.links_down
  end
  return down > 0 and not (ratio and ratio > 0)
end

-- Whether to wait for it: of Postfix with another resolv.conf than the present one nobody knows how it fares.
local function asks_old_names(flow, options)
  local is_stale = not is_address(flow.where.nexthop) and is_tripped("resolver-stale", { instance = flow.where.instance })
  flow.stale_since = is_stale and (flow.stale_since or now()) or nil
  return is_stale and now() - flow.stale_since < options.withheld
end

-- Why nothing may be sent there at this moment; nil: it may.
local function obstacle(flow, options)
  local hop = { nexthop = flow.where.nexthop }
  local ratio, asks_old = reading("relay_up_ratio", hop), asks_old_names(flow, options)
  if is_held(flow) or ratio == 0 or is_tripped("next-hop-down", hop) then
    return "it is down again"
  elseif is_cut_off(flow, ratio) then
    return "the link is down"
  elseif asks_old then
    return "Postfix asks name servers that are not in force any more"
  elseif not is_address(hop.nexthop) and not has_name_server() then
    return "no name server answers"
  elseif flow.lease and not flow.base and not ratio then
    return "it is not known whether it answers"
  elseif refuses(flow.where) then
    return "it refuses mail"
  end
end

-- What became of the messages that Postfix was given for it; nil: that cannot be seen.
local function outcome(where)
  local delivered = reading("queue_retry_delivered_total", where)
  local deferred = reading("queue_retry_deferred_total", where)
  local put_off = reading("queue_retry_put_off_total", where)
  local bounced = reading("queue_retry_bounced_total", where)
  if delivered and deferred and put_off and bounced then
    return { delivered = delivered, bad = deferred - put_off + bounced, all = delivered + deferred + bounced }
  end
end

local function active(where)
  return reading("queue_messages", { instance = where.instance, queue = "active" })
end

local function new_flow(where, lease, options)
  return {
    where = where, lease = lease, paused = lease and lease.count, brought = 0, window = options.canary,
    under_way = 0, took = 0, pause = options.again / 2, resume_at = 0, last_turn = 0, moved = now(),
  }
end

local function duration(seconds)
  return seconds < 120 and ("%.0f s"):format(seconds) or ("%.0f min"):format(seconds / 60)
end

-- What is under way is not waited for any more; what is sent next begins anew.
local function settle(flow, resume_at, options)
  flow.took = flow.earned or 0
  flow.brought = flow.brought + flow.took
  flow.base, flow.mark, flow.asked, flow.earned, flow.under_way, flow.is_empty = nil, nil, nil, nil, 0, false
  flow.window, flow.resume_at, flow.moved = options.canary, resume_at, resume_at
end

local function stop(flow, why, options)
  local took = flow.earned or 0
  local helped = took > 0 and took >= flow.asked - took
  flow.pause = helped and options.again or math.min(flow.pause * 2, options.longest)
  flow.is_over, flow.stopped_at, flow.tidied = not flow.lease, now(), 0
  settle(flow, now() + flow.pause, options)
  note(("the flush for %s stopped: %s; %s"):format(flow.where.nexthop, why,
    flow.lease and "the next try is in " .. duration(flow.pause) or "the rest has Postfix's own schedule"))
end

-- Nothing is left.  Its lease lasts as long as the run, and may postpone what is deferred meanwhile: also what the
-- next hop does not want, such as mail for full mailboxes, of which a run for others must not try some all the time.
local function rest(flow, options)
  local is_taken = (flow.earned or 0) > 0 or not flow.rest
  flow.is_done, flow.is_over = true, not flow.lease
  flow.rest = is_taken and REST or math.min(flow.rest * 2, options.longest)
  settle(flow, now() + flow.rest, options)
end

-- A window came to its end: the next one is larger, or smaller.
local function resize(flow, options)
  if now() - flow.mark.since > options.slow then
    flow.window = math.max(flow.window // 2, options.canary)
  else
    local trusted = math.floor(math.max(flow.earned, flow.took) * options.trust) - options.canary
    flow.window = math.min(flow.window + options.step, math.max(trusted, options.canary), options.most)
  end
  flow.mark = nil
end

-- No mail for it is in any queue; what is not known is not gone.
local function is_gone(where)
  return reading("queue_nexthop_messages", where) == 0 and reading("queue_nexthop_underway_messages", where) == 0
end

-- What came of what is under way.
local function follow(flow, options)
  local seen, is_still = outcome(flow.where), now() - flow.moved > options.patience
  if not seen or not active(flow.where) then
    if is_still then
      stop(flow, "what becomes of its mail cannot be seen", options)
    end
    return
  elseif not flow.base then
    flow.moved = math.max(flow.moved, now())
    return
  end
  local answered, bad = seen.all - flow.base.all, seen.bad - flow.base.bad
  if answered > flow.answered then
    flow.moved, is_still = now(), false
  end
  flow.answered, flow.bad, flow.earned = answered, bad, seen.delivered - flow.base.delivered
  flow.under_way = math.max(flow.asked - answered, 0)
  if flow.under_way > 0 and now() - flow.moved >= GONE and is_gone(flow.where) then
    flow.asked, flow.under_way, flow.mark, flow.is_empty = answered, 0, nil, true
  end
  if not flow.mark then
    return
  end
  local of, failed = answered - flow.mark.answered, bad - flow.mark.bad
  if failed > 1 + options.tolerance * of or (failed > 0 and failed == of and flow.under_way == 0) then
    stop(flow, ("%.0f of %.0f messages were deferred again or bounced"):format(failed, of), options)
  elseif answered >= flow.mark.at then
    resize(flow, options)
  elseif is_still then
    stop(flow, ("nothing was heard of %.0f messages for %s"):format(flow.under_way, duration(options.patience)), options)
  end
end

-- How many messages it may be given now; `share` is what each has under way when all have as much.
local function room(flow, all_under_way, share, options)
  local in_active, free = active(flow.where), flow.window - flow.under_way
  if flow.is_over or flow.is_let_go or now() < flow.resume_at or not in_active or not outcome(flow.where) then
    return 0
  elseif flow.under_way > 0 and (flow.is_empty or flow.earned < options.canary or free < FILL * flow.window) then
    return 0
  end
  free = math.min(free, options.most - all_under_way, options.crowded - in_active)
  local is_worth_it = free >= FILL * math.min(flow.window, share) or now() - flow.last_turn >= LONG
  return is_worth_it and math.floor(free) or 0
end

-- It may not be tried.  The last try is at the end of the time for which that is waited for.
local function refuse(flow, why, options)
  flow.refused_since = flow.refused_since or now()
  local ends = flow.refused_since + options.withheld
  stop(flow, why, options)
  flow.is_let_go = flow.lease and now() >= ends and let_go(flow.lease.id)
  if flow.is_let_go then
    note(("as it may not be tried, what is left for %s has Postfix's own schedule"):format(flow.where.nexthop))
  elseif now() < ends then
    flow.resume_at = math.min(flow.resume_at, ends)
  end
end

local function send(flow, messages, options)
  if not flow.base then
    flow.base, flow.asked, flow.answered, flow.bad, flow.earned = outcome(flow.where), 0, 0, 0, 0
    flow.links_down = #tripped("link-down")
  end
  local result = act("postfix.retry", {
    instance = flow.where.instance, nexthop = flow.where.nexthop,
    how = flow.asked == 0 and "canary" or "batch", messages = messages,
  })
  flow.last_turn, flow.is_done = now(), false
  if result.status == "denied" and result.text:find("it cools down", 1, true) then
    flow.moved = now() -- another playbook had the turn
  elseif not result.ok then
    refuse(flow, result.status .. ": " .. result.text, options)
  elseif result.status ~= "done" or result.count == 0 then
    flow.is_empty, flow.refused_since = true, nil
  else
    flow.is_empty, flow.refused_since, flow.moved = false, nil, now()
    flow.asked, flow.under_way = flow.asked + result.count, flow.under_way + result.count
    flow.mark = flow.mark or { at = flow.asked, since = now(), answered = flow.answered, bad = flow.bad }
  end
end

local function tidy(flow)
  local after = flow.lease and flow.stopped_at and TIDY[flow.tidied + 1]
  if not after or now() - flow.stopped_at < after then
    return false
  end
  flow.tidied = flow.tidied + 1
  if flow.tidied < #TIDY or reading("queue_nexthop_due_messages", flow.where) ~= 0 then
    act("postfix.postpone", { instance = flow.where.instance, nexthop = flow.where.nexthop }, {
      until_clear = flow.lease.until_clear, reason = flow.where.nexthop .. " did not take it when it was tried again",
    })
    return true
  end
end

local function look_at(flow, options)
  local was_leased, why = flow.lease, nil
  flow.lease = lease_of("postfix.postpone", flow.where) -- nil when it has ended
  why = obstacle(flow, options)
  flow.held_since = is_held(flow) and (flow.held_since or now()) or nil
  flow.is_free = not why
  if why and flow.base then
    stop(flow, why, options)
  elseif why and flow.is_done then
    -- What waits now waits for this.
    flow.rest, flow.resume_at = nil, math.min(flow.resume_at, now() + REST)
  end
  follow(flow, options)
  if flow.is_empty and flow.under_way == 0 then
    rest(flow, options)
  end
  -- Until it has ended, and as long as there is nothing else to wait for.
  flow.is_let_go = flow.is_let_go and flow.lease and not why and let_go(flow.lease.id)
  -- What is down for good has another run when it is back.
  flow.is_lost = flow.held_since and now() - flow.held_since > options.forget
  flow.is_over = flow.is_over or flow.is_lost or not flow.lease and (was_leased or why)
end

-- What recovered since the last look.
local function hear(news, down)
  local is_down = {}
  for _, condition in ipairs(tripped("next-hop-down")) do
    is_down[condition.labels.nexthop] = true
  end
  for nexthop in pairs(down.hops) do
    if not is_down[nexthop] then
      news.hops[nexthop], news.had[nexthop] = true, nil
    end
  end
  -- Names and the link are there for all of them.
  local others = #tripped("resolver-slow") + #tripped("name-server-down") + #tripped("resolver-stale") + #tripped("link-down")
  if others < down.others then
    news.all, news.had = true, {}
  end
  down.hops, down.others = is_down, others
end

local function find_flow(flows, where)
  for _, flow in ipairs(flows) do
    if flow.where.instance == where.instance and flow.where.nexthop == where.nexthop then
      return flow
    end
  end
end

local function find(flows, news, options)
  -- Only this run keeps such a lease, whatever there is in the way of its mail yet.
  for _, lease in ipairs(leases("postfix.postpone")) do
    local where = { instance = lease.args.instance, nexthop = lease.args.nexthop }
    local flow = new_flow(where, lease, options)
    if not find_flow(flows, where) and not is_held(flow) then
      flows[#flows + 1] = flow
    end
  end
  for _, row in ipairs(readings("queue_nexthop_stranded_messages")) do
    local where = { instance = row.labels.instance, nexthop = row.labels.nexthop }
    local flow, had = new_flow(where, nil, options), news.had[where.nexthop] or {}
    local is_news = (news.all or news.hops[where.nexthop]) and not had[where.instance]
    if is_news and row.value >= options.at_least and not find_flow(flows, where) and not obstacle(flow, options) then
      flows[#flows + 1] = flow
      had[where.instance] = true -- and not again before the next news
      news.had[where.nexthop] = had
    end
  end
end

local function tell(flow)
  if flow.brought > 0 and flow.paused and flow.is_done then
    return ("%s did not answer; %d messages for it were paused, and brought back when it did"):format(
      flow.where.nexthop, flow.paused)
  elseif flow.brought > 0 and not flow.paused then
    note(("%.0f messages that waited for %s were brought back"):format(flow.brought, flow.where.nexthop))
  end
end

local function is_busy(flow)
  return not (flow.is_done or flow.is_over)
end

-- When no more may be asked for.
local function tell_left(flows)
  local names = {}
  for _, flow in ipairs(flows) do
    local is_left = is_busy(flow) and not is_held(flow) and not flow.is_let_go
    names[#names + 1] = is_left and flow.where.nexthop or nil
  end
  if #names > 0 then
    log(("after %d actions what is left for %s%s has Postfix's own schedule"):format(ACTIONS,
      table.concat(names, ", ", 1, math.min(#names, 5)), #names > 5 and (" and %d more"):format(#names - 5) or ""))
  end
end

local function waiting(flow)
  return reading("queue_nexthop_messages", flow.where) or 0
end

-- Of two that may have a turn the one that waited longer for it, and of those that had none the one with less mail.
local function is_before(flow, turn)
  if flow.last_turn == turn.last_turn then
    return waiting(flow) < waiting(turn)
  end
  return flow.last_turn < turn.last_turn
end

-- The next one, and how many messages it may be given.
local function next_turn(flows, options)
  local all_under_way, begun, others = 0, 0, 0
  for _, flow in ipairs(flows) do
    local is_ready = flow.is_free and now() >= flow.resume_at
    all_under_way = all_under_way + flow.under_way
    begun, others = begun + (flow.base and 1 or 0), others + (is_ready and not flow.base and 1 or 0)
    flow.ready_since = is_ready and (flow.ready_since or now()) or nil
  end
  local places = math.max(BESIDE - begun, 0)
  local share = options.most / math.max(begun + math.min(others, places), 1)
  local turn, messages = nil, 0
  for _, flow in ipairs(flows) do
    local has_place = flow.base or places > 0 or (flow.ready_since and now() - flow.ready_since >= QUEUES_UP)
    local free = flow.is_free and has_place and room(flow, all_under_way, share, options) or 0
    if free > 0 and (not turn or is_before(flow, turn)) then
      turn, messages = flow, free
    end
  end
  return turn, messages
end

-- Seconds between two turns of a run that had so many, for so many next hops.
local function gap(acts, widest)
  local share = acts * BESIDE // math.max(widest, BESIDE)
  return math.max(share // PACE, share * share // RARE)
end

return playbook {
  name     = "flush-after-recovery",
  summary  = "Bring waiting mail back, few first, once what it waited for is there again",
  on       = { cleared = { "next-hop-down", "next-hop-refuses", "resolver-slow", "name-server-down", "resolver-stale", "link-down" } },
  options  = {
    canary = 5, step = 200, most = 2000, trust = 0.25, tolerance = 0.1, slow = 60, patience = 120,
    again = 180, longest = 3600, at_least = 10, crowded = 5000, forget = 1800, withheld = 900,
  },
  -- Of a next hop that comes and goes whose mail nobody postponed, each return begins a run.
  budget   = { runs = 16, per = "6h" },
  cooldown = "1m",
  run = function(incident, options)
    local hop = incident.labels and incident.labels.nexthop
    local news = { all = not hop, hops = hop and { [hop] = true } or {}, had = {} }
    local flows, down, told, all_done = {}, { hops = {}, others = 0 }, {}, true
    local acts, widest, saved, last_turn, any_busy, under_way = 0, 0, 0, now(), nil, nil

    repeat
      any_busy, under_way = false, 0
      hear(news, down)
      find(flows, news, options)
      for _, flow in ipairs(flows) do
        look_at(flow, options)
      end
      for _, flow in ipairs(flows) do
        -- Many may fail at once.
        acts = acts + (acts < ACTIONS and tidy(flow) and 1 or 0)
      end
      widest = math.max(widest, #flows)
      local turn, messages
      local since, pause = now() - last_turn, gap(acts, widest)
      if saved > 0 or since >= pause then
        turn, messages = next_turn(flows, options)
      end
      if turn then
        -- One that takes some each time it is tried can be tried for some seconds only.
        saved = turn.stopped_at and not turn.base and math.min(since // math.max(pause, 1), SAVED) or math.max(saved - 1, 0)
        send(turn, messages, options)
        acts, last_turn = acts + 1, now()
      end
      for i = #flows, 1, -1 do
        local flow = flows[i]
        any_busy = any_busy or is_busy(flow)
        under_way = under_way + flow.under_way
        if flow.is_over then
          told[#told + 1], all_done = tell(flow), all_done and not flow.is_lost
          table.remove(flows, i)
        end
      end
      if any_busy then
        wait((turn or under_way > 0) and "1s" or "2s", under_way > 0 and ("%.0f messages to be delivered"):format(under_way) or "the next try")
      end
    until not any_busy or acts >= ACTIONS

    for _, flow in ipairs(flows) do
      told[#told + 1] = tell(flow)
      all_done = all_done and (flow.is_done or not flow.lease)
    end
    if said > SENTENCES then
      log(("and %d sentences like those before"):format(said - SENTENCES))
    end
    tell_left(flows)
    if #told > 0 then
      diagnose(table.concat(told, "; "))
    end
    -- What is not over is left as it is: its lease ends by its own rules.
    if all_done then
      return true
    end
  end,
}
