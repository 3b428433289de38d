-- SPDX-License-Identifier: MIT
-- flush_support - a Postfix in simulated time for flush-after-recovery: next hops, what waits for them, what they take
--
-- Beside the functions, what this returns has `hops`, `busy` (other mail in the active queue), `refused` (why the
-- executor refuses a retry) and `observes`.

local verbs = {
  ["postfix.postpone"] = { reversible = true, selects = true, args = { "instance", "nexthop" } },
  ["postfix.retry"] = { selects = true, args = { "instance", "nexthop", "how", "messages" } },
}

local function condition(name, reading, trip, clear, lasting, below)
  return { name = name, reading = reading, trip = trip, clear = clear, lasting = lasting, below = below, level = "notice" }
end

local conditions = {
  condition("disk-full-soon", "disk_full_seconds", 1800, 7200, 0, true),
  condition("link-down", "network_link_up", 0, 0.5, 2, true),
  condition("resolver-slow", "resolver_wait_seconds", 2.4, 2.2, 3),
  condition("name-server-down", "dns_server_up", 0, 0.5, 3, true),
  condition("resolver-stale", "resolver_stale", 1, 0.5, 10),
  condition("next-hop-down", "relay_up_ratio", 0, 0.01, 20, true),
  condition("next-hop-refuses", "nexthop_refused_ratio", 0.9, 0.5, 5),
}

local flush = {}

-- A next hop of this relay: what waits for it, and what it does with a message: nil, it is on its way still; or
-- "delivered", "deferred", "put_off", "bounced".
function flush.hop(name, fields)
  local new = {
    name = name, where = { instance = "-", nexthop = name }, waiting = 0, paused = 0, stranded = 0, active = 0,
    delivered = 0, deferred = 0, put_off = 0, bounced = 0, attempts = 0, rate = 300, ratio = 0, given = {},
    takes = function() return "delivered" end,
  }
  for field, value in pairs(fields) do
    new[field] = value
  end
  flush.hops[#flush.hops + 1] = new
  flush.hops[name] = new
  return new
end

function flush.publish()
  local active = flush.busy
  for _, each in ipairs(flush.hops) do
    active = active + each.active
    sim.set("queue_nexthop_messages", each.where, each.waiting + each.paused + each.stranded)
    sim.set("queue_nexthop_underway_messages", each.where, each.active)
    sim.set("queue_nexthop_due_messages", each.where, each.waiting + each.active)
    sim.set("queue_nexthop_stranded_messages", each.where, each.stranded)
    sim.set("queue_retry_delivered_total", each.where, each.delivered)
    sim.set("queue_retry_deferred_total", each.where, each.deferred + each.put_off)
    sim.set("queue_retry_put_off_total", each.where, each.put_off)
    sim.set("queue_retry_bounced_total", each.where, each.bounced)
    if each.ratio then
      sim.set("relay_up_ratio", { nexthop = each.name }, each.ratio)
    end
  end
  sim.set("queue_messages", { instance = "-", queue = "active" }, active)
end

local function deliver(each)
  for _ = 1, math.min(each.active, each.rate) do
    local end_of_it = each.takes(each)
    if not end_of_it then
      break
    end
    each.active, each.attempts = each.active - 1, each.attempts + 1
    each[end_of_it] = each[end_of_it] + 1
    if end_of_it == "deferred" or end_of_it == "put_off" then
      -- The lease postpones it again soon; a Postfix in a hurry may have tried it by then.
      local pool = each.is_paused and not each.hurry and "paused" or "waiting"
      each[pool] = each[pool] + 1
    end
  end
end

function flush.pass(seconds)
  for _ = 1, seconds do
    sim.advance(1)
    for _, each in ipairs(flush.hops) do
      deliver(each)
      each.age = each.hurry and each.waiting > 0 and (each.age or 0) + 1 or 0
      if each.hurry and each.age > each.hurry then
        each.own, each.age = (each.own or 0) + each.waiting, 0
      end
    end
    flush.publish()
  end
end

local function act(verb, args)
  local each = flush.hops[args.nexthop]
  if verb == "postfix.postpone" then
    local n = each.waiting + each.paused
    each.is_paused = true
    return { status = "done", count = n, done = function()
      each.waiting, each.paused = 0, n
      flush.publish()
    end }
  end
  if flush.observes then
    return
  elseif flush.refused then
    return { status = "denied", text = flush.refused }
  end
  local n = math.min(tonumber(args.messages), each.paused + each.stranded, args.how == "canary" and 5 or 20000)
  each.given[#each.given + 1] = n
  return { status = "done", count = n, done = function()
    local paused = math.min(n, each.paused)
    each.paused, each.stranded, each.active = each.paused - paused, each.stranded - (n - paused), each.active + n
    flush.publish()
  end }
end

function flush.relay(given)
  flush.hops, flush.busy, flush.refused, flush.observes = {}, 0, nil, (given or {}).observe
  local playbooks = world {
    playbooks = { "pause-deferred", "flush-after-recovery" }, verbs = verbs, conditions = conditions, act = act,
    observe = flush.observes, admit = (given or {}).admit,
    select = function(verb, args, renewal)
      local each = flush.hops[args.nexthop]
      if verb == "postfix.postpone" then
        return each.waiting + (renewal and each.paused or 0)
      end
      return each.paused + each.stranded
    end,
  }
  sim.set("disk_full_seconds", { path = "/var/log" }, math.huge)
  sim.set("disk_available_bytes", { path = "/var/log" }, 60e6)
  sim.set("log_growth_bytes_per_second", { path = "/var/log" }, 100000)
  return playbooks
end

-- The mail of all next hops is paused: they were dead, and a disk was filling.
function flush.pause()
  flush.publish()
  sim.set("disk_full_seconds", { path = "/var/log" }, 600)
  flush.pass(90)
  for _, each in ipairs(flush.hops) do
    equal(each.paused > 0, each.is_paused or false)
  end
  sim.set("disk_full_seconds", { path = "/var/log" }, math.huge)
  flush.pass(1)
end

function flush.until_true(seconds, is_true)
  for second = 1, seconds do
    flush.pass(1)
    if is_true() then
      return second
    end
  end
  error("not within " .. seconds .. " s", 2)
end

function flush.sum(list)
  local all = 0
  for _, n in ipairs(list) do
    all = all + n
  end
  return all
end

function flush.most(list)
  return math.max(0, table.unpack(list))
end

return flush
