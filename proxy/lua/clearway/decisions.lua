-- Who gets in: the router's decisions, kept for as long as it allows.
--
--   jar       by route: this very Cookie or Authorization text was let in, until then. No hash, no copy.
--   worker    by hash of credential and route
--   shared    the same for all workers, for the first look of each
--   router    one question at a time for each credential and route and worker
--
-- A decision is fresh, then usable while nobody can say anything newer, then nothing. What a revocation voids is nothing at
-- once (revocations.lua). No decision, no access.

local lrucache = require "resty.lrucache"
local asking = require "clearway.asking"
local credentials = require "clearway.credentials"
local digest = require "clearway.digest"
local revocations = require "clearway.revocations"

local now, match, format = ngx.now, string.match, string.format
local sha256, ask, THROTTLED = digest.sha256, asking.ask, asking.THROTTLED

local decisions = {}

local ANSWER_SECONDS, STALE_ANSWER_SECONDS = 12, 3
-- After a failure a usable decision is used this long before the router is asked again.
local ASK_AGAIN_SECONDS = 2
-- Routes that all jars together remember, of some 60 bytes each.
local MAX_ADMITTED = 200000

local UNAVAILABLE = { verdict = "unavailable", generation = 0, fresh = 0, usable = 0 }
-- Which verdict counts when no credential of a jar is let in.
local WEIGHT = { deny = 4, throttled = 3, unavailable = 2, unauthenticated = 1 }

-- Apart, so that whoever sends rubbish displaces nobody who was let in.
local let_in, refused = lrucache.new(20000), lrucache.new(4000)

-- Jars of an older cohort have forgotten what they remember.
local cohort, admitted_count, epoch_seen = 1, 0, 0

-- Lengths make the parts unambiguous; the credential itself is kept nowhere but in its jar.
local function key_of(credential, route)
  local text = format("%s %d %s %s", credential.kind, #credential.value, credential.value, route.scope)
  return sha256(text)
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

-- What is known without asking, or nil.
local function held_decision(key, task)
  local held = let_in:get(key) or refused:get(key)
  if not held or held.fresh <= now() then held = from_shared(key) or held end
  if held and revocations.voids(held, task) then return nil end
  return held
end

-- True for what was decided and may be used while nobody can say anything newer.
local function is_usable(held, task)
  return held ~= nil and held.usable > now() and not revocations.voids(held, task)
end

local function decide(credential, route, client)
  local key = key_of(credential, route)
  local held = held_decision(key, route.task)
  if held and held.fresh > now() then return held end
  local usable = is_usable(held, route.task)
  if usable and held.askAgain and held.askAgain > now() then return held end
  local options = { timeout = usable and STALE_ANSWER_SECONDS or ANSWER_SECONDS, client = client }
  local decision = ask(key, credential, route, options)
  if decision and decision ~= THROTTLED then
    keep(key, decision)
    return decision
  end
  -- Time has passed: what was usable may have been revoked since. Others' wrong passwords end nobody's access.
  if not is_usable(held, route.task) then return decision or UNAVAILABLE end
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

-- True while a decision that lets the jar in to the route holds, be it one that is only usable.
function decisions.stands(jar, route)
  for index = 1, #jar.tried do
    local held = held_decision(key_of(jar.tried[index], route), route.task)
    if held and held.verdict == "allow" and held.usable > now() then return true end
  end
  return false
end

-- True when the jar was let in to the route a short while ago, and nothing was revoked since.
function decisions.is_fresh(jar, route)
  local fresh = jar.admitted[route.scope]
  return fresh ~= nil and fresh > now() and jar.cohort == cohort and revocations.epoch == epoch_seen
end

local is_fresh = decisions.is_fresh

-- The verdict for a jar, and the id of the user who was let in: the first credential that is let in decides, else a known
-- caller's refusal, else what nobody could judge. `route` is an entry of the table. `var` are the variables of the request; nil
-- when nobody is there who asks: then the caller's address is the one that was seen last.
function decisions.of(jar, route, var)
  if is_fresh(jar, route) then return "allow", jar.user end
  if var then jar.client = var.remote_addr end
  local verdict = "unauthenticated"
  for index = 1, #jar.tried do
    local decision = decide(jar.tried[index], route, jar.client)
    if decision.verdict == "allow" then
      credentials.keep(jar)
      remember(jar, route.scope, decision)
      return "allow", decision.user
    end
    if WEIGHT[decision.verdict] > WEIGHT[verdict] then verdict = decision.verdict end
  end
  return verdict
end

-- Whether the caller is anybody at all, where no route has the address: never "allow". `key` is that of the route host, or nil.
function decisions.of_nothing(jar, key, var)
  local scope = key and key .. " -" or "-"
  return (decisions.of(jar, { task = "-", scope = scope, key = key }, var))
end

return decisions
