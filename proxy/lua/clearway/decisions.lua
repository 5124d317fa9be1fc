-- Who gets in: the router's decisions, kept for as long as it allows.
--
--   jar       by route: this very Cookie or Authorization text was let in, until then. No hash, no copy.
--   worker    by hash of credential and route
--   shared    the same for all workers, for the first look of each
--   router    one question at a time for each credential and route and worker
--
-- A decision is fresh, then usable while nobody can say anything newer, then nothing. What a revocation voids is nothing at
-- once (revocations.lua). No decision, no access.

local ffi = require "ffi"
local lrucache = require "resty.lrucache"
local semaphore = require "ngx.semaphore"
local http_client = require "clearway.http_client"
local revocations = require "clearway.revocations"
local settings = require "clearway.settings"

local now, match, format = ngx.now, string.match, string.format
local C = ffi.C

ffi.cdef "unsigned char *SHA256(const unsigned char *text, size_t length, unsigned char *digest);"

local decisions = {}

-- What is asked about when no route has the address: whether the caller is anybody at all.
local NO_ROUTE = { task = "-", scope = "-" }
local ANSWER_SECONDS, STALE_ANSWER_SECONDS = 12, 3
-- After a failure a usable decision is used this long before the router is asked again.
local ASK_AGAIN_SECONDS = 2
-- An answer that a revocation overtook is asked for anew, but not for ever.
local MAX_ASKED = 3
local MAX_ID = 128
-- Routes that all jars together remember, of some 60 bytes each.
local MAX_ADMITTED = 200000

local CACHED = { allow = true, deny = true, unauthenticated = true }
local UNAVAILABLE = { verdict = "unavailable", generation = 0, fresh = 0, usable = 0 }
local THROTTLED = { verdict = "throttled", generation = 0, fresh = 0, usable = 0 }
-- Which verdict counts when no credential of a jar is let in.
local WEIGHT = { deny = 4, throttled = 3, unavailable = 2, unauthenticated = 1 }

-- Apart, so that whoever sends rubbish displaces nobody who was let in.
local let_in, refused = lrucache.new(20000), lrucache.new(4000)
local flights = {}

-- Jars of an older cohort have forgotten what they remember.
local cohort, admitted_count, epoch_seen = 1, 0, 0

local digest = ffi.new("unsigned char[32]")

-- Lengths make the parts unambiguous; the credential itself is kept nowhere but in its jar.
local function key_of(credential, route)
  local text = format("%s %d %s %s", credential.kind, #credential.value, credential.value, route.scope)
  C.SHA256(text, #text, digest)
  return ffi.string(digest, 32)
end

local function dict_of(verdict)
  return verdict == "allow" and ngx.shared.clearway_decisions or ngx.shared.clearway_refusals
end

local function cache_of(verdict)
  return verdict == "allow" and let_in or refused
end

local function from_shared(key)
  local text = ngx.shared.clearway_decisions:get(key) or ngx.shared.clearway_refusals:get(key)
  if not text then return nil end
  local verdict, generation, fresh, usable, user, session = match(text, "^(%l+) (%d+) ([%d.]+) ([%d.]+) (%S*) (%S*)$")
  if not verdict then return nil end
  return {
    verdict = verdict, generation = tonumber(generation), fresh = tonumber(fresh), usable = tonumber(usable),
    user = user ~= "" and user or nil, session = session ~= "" and session or nil,
  }
end

local function keep(key, decision)
  cache_of(decision.verdict):set(key, decision)
  cache_of(decision.verdict == "allow" and "deny" or "allow"):delete(key)
  local text = format("%s %d %.3f %.3f %s %s", decision.verdict, decision.generation, decision.fresh, decision.usable,
    decision.user or "", decision.session or "")
  dict_of(decision.verdict):set(key, text, math.max(decision.usable - now(), 0.001))
  dict_of(decision.verdict == "allow" and "deny" or "allow"):delete(key)
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

local function ask_router(key, credential, route, options)
  for _ = 1, MAX_ASKED do
    local answer = http_client.post("/proxy/decide", {
      format = settings.format, kind = credential.kind, credential = credential.value, task = route.task,
      host = settings.routeDomain ~= "" and route.key or nil, client = options.client,
    }, { timeout = options.timeout })
    local decision = answer and answer.format == settings.format and read_answer(answer)
    if not decision or decision == THROTTLED then return decision or nil end
    if not revocations.voids(decision, route.task) then
      keep(key, decision)
      return decision
    end
  end
  return nil
end

-- Asks once for all requests of this worker that want to know the same now.
local function ask_together(key, credential, route, options)
  local flight = flights[key]
  if flight then
    flight.waiting = flight.waiting + 1
    flight.done:wait(options.timeout + 1)
    local decision = flight.decision
    -- Others may have run between the answer and here, and something been revoked.
    return decision and not revocations.voids(decision, route.task) and decision or nil
  end
  flight = { done = semaphore.new(), waiting = 0 }
  flights[key] = flight
  local ok, decision = pcall(ask_router, key, credential, route, options)
  flights[key] = nil
  if ok then flight.decision = decision end
  if flight.waiting > 0 then flight.done:post(flight.waiting) end
  return flight.decision
end

-- What is known without asking, or nil.
local function held_decision(key, task)
  local held = let_in:get(key) or refused:get(key)
  if not held or held.fresh <= now() then held = from_shared(key) or held end
  if held and revocations.voids(held, task) then return nil end
  return held
end

local function decide(credential, route, var)
  local key = key_of(credential, route)
  local held = held_decision(key, route.task)
  if held and held.fresh > now() then return held end
  local usable = held and held.usable > now()
  if usable and held.askAgain and held.askAgain > now() then return held end
  local options = { timeout = usable and STALE_ANSWER_SECONDS or ANSWER_SECONDS, client = var and var.remote_addr }
  local decision = ask_together(key, credential, route, options)
  if decision then return decision end
  -- Time has passed: what was usable may have been revoked since.
  if not usable or held.usable <= now() or revocations.voids(held, route.task) then return UNAVAILABLE end
  held.askAgain = now() + ASK_AGAIN_SECONDS
  cache_of(held.verdict):set(key, held)
  return held
end

-- Makes every jar forget when something was revoked, or when all of them together hold too much.
local function tidy()
  if revocations.epoch ~= epoch_seen or admitted_count >= MAX_ADMITTED then
    epoch_seen, admitted_count, cohort = revocations.epoch, 0, cohort + 1
  end
end

-- A jar with credentials of two people remembers nothing of the second.
local function remember(jar, scope, decision)
  tidy()
  if jar.cohort ~= cohort then jar.admitted, jar.cohort, jar.user = {}, cohort, nil end
  if jar.user and jar.user ~= decision.user then return end
  jar.user = decision.user
  if not jar.admitted[scope] then admitted_count = admitted_count + 1 end
  jar.admitted[scope] = decision.fresh
end

-- True when the jar was let in to the route a short while ago, and nothing was revoked since.
function decisions.is_fresh(jar, route)
  local fresh = jar.admitted[route.scope]
  return fresh ~= nil and fresh > now() and jar.cohort == cohort and revocations.epoch == epoch_seen
end

local is_fresh = decisions.is_fresh

-- The verdict for a jar, and the id of the user who was let in: the first credential that is let in decides, else a known
-- caller's refusal, else what nobody could judge. `route` is an entry of the table, or nil. `var` are the variables of the
-- request; nil when nobody is there who asks.
function decisions.of(jar, route, var)
  route = route or NO_ROUTE
  if is_fresh(jar, route) then return "allow", jar.user end
  local verdict = "unauthenticated"
  for index = 1, #jar.tried do
    local decision = decide(jar.tried[index], route, var)
    if decision.verdict == "allow" then
      remember(jar, route.scope, decision)
      return "allow", decision.user
    end
    if WEIGHT[decision.verdict] > WEIGHT[verdict] then verdict = decision.verdict end
  end
  return verdict
end

return decisions
