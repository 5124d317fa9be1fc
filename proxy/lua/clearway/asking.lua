-- Questions to the router about callers: each asked once for all requests of this worker that want to know the same now, a few
-- at a time for callers from one address, and not too many for all. Who asks about rubbish waits behind his own rubbish.

local semaphore = require "ngx.semaphore"
local http_client = require "clearway.http_client"
local revocations = require "clearway.revocations"
local settings = require "clearway.settings"

local match, now = string.match, ngx.now

local asking = {}

local AT_ONCE, AT_ONCE_EACH = 96, 16
-- An answer that a revocation overtook is asked for anew, but not for ever.
local MAX_ASKED = 3
local MAX_ID = 128

local CACHED = { allow = true, deny = true, unauthenticated = true }
local THROTTLED = { verdict = "throttled", generation = 0, fresh = 0, usable = 0 }
asking.THROTTLED = THROTTLED

local free = semaphore.new(AT_ONCE)
-- By address: what is free for it, and how many wait or ask.
local gates = {}

local function enter(address, timeout)
  local gate = gates[address]
  if not gate then
    gate = { free = semaphore.new(AT_ONCE_EACH), users = 0 }
    gates[address] = gate
  end
  gate.users = gate.users + 1
  if gate.free:wait(timeout) then
    if free:wait(timeout) then return gate end
    gate.free:post(1)
  end
  return gate, "busy"
end

local function leave(address, gate, problem)
  if not problem then
    free:post(1)
    gate.free:post(1)
  end
  gate.users = gate.users - 1
  if gate.users == 0 then gates[address] = nil end
end

local function seconds(value)
  value = tonumber(value)
  return value and value > 0 and value or 0
end

-- Ids go into headers, logs and the shared dict: anything but short plain text is left out, and then nothing is let in by it.
local function plain(id)
  return type(id) == "string" and #id <= MAX_ID and match(id, "^[%w_.@:+-]+$") or nil
end

local function read_answer(answer)
  if answer.verdict == "throttled" then return THROTTLED end
  if not CACHED[answer.verdict] then return nil end
  local user = plain(answer.user)
  if answer.verdict == "allow" and not user then return nil end
  ngx.update_time()
  return {
    verdict = answer.verdict,
    generation = tonumber(answer.generation) or 0,
    fresh = now() + seconds(answer.fresh),
    usable = now() + math.max(seconds(answer.usable), seconds(answer.fresh)),
    user = user,
    session = plain(answer.session),
  }
end

local function ask_router(credential, route, options)
  for _ = 1, MAX_ASKED do
    local answer = http_client.post("/proxy/decide", {
      format = settings.format, kind = credential.kind, credential = credential.value, task = route.task,
      host = settings.routeDomain ~= "" and route.key or nil, client = options.client,
    }, { timeout = options.timeout })
    local decision = answer and answer.format == settings.format and read_answer(answer) or nil
    if not decision or decision == THROTTLED or not revocations.voids(decision, route.task) then return decision end
  end
  return nil
end

local function ask_in_turn(credential, route, options)
  local address = options.client or ""
  local gate, problem = enter(address, options.timeout)
  local ok, decision
  if not problem then ok, decision = pcall(ask_router, credential, route, options) end
  leave(address, gate, problem)
  return ok and decision or nil
end

local flights = {}

-- The router's decision about a credential and a route, THROTTLED, or nil when it says nothing that can be used. `key` is the same for
-- the same question. options: timeout in seconds; client, the caller's address, or nil.
function asking.ask(key, credential, route, options)
  local flight = flights[key]
  if flight then
    flight.waiting = flight.waiting + 1
    flight.done:wait(options.timeout + 1)
    return flight.decision
  end
  flight = { done = semaphore.new(), waiting = 0 }
  flights[key] = flight
  flight.decision = ask_in_turn(credential, route, options)
  flights[key] = nil
  if flight.waiting > 0 then flight.done:post(flight.waiting) end
  return flight.decision
end

return asking
