-- Who gets in: the router's decisions, kept for as long as it allows.
--
--   worker (jar)  the decision that let this very Cookie or Authorization text in: no hash, no copy
--   worker        by hash of credential and task
--   shared        the same for all workers, for the first look of each
--   router        one question at a time for each credential and task and worker
--
-- A decision is fresh, then usable while the router cannot say anything newer, then nothing. No decision, no access.

local lrucache = require "resty.lrucache"
local semaphore = require "ngx.semaphore"
local http_client = require "clearway.http_client"
local settings = require "clearway.settings"

local now, sha1_bin, match = ngx.now, ngx.sha1_bin, string.match

local decisions = {}

-- What is asked about when no route has the address: whether the caller is anybody at all.
local NO_TASK = "-"
local ANSWER_SECONDS, STALE_ANSWER_SECONDS = 12, 3
-- After a failure a usable decision is used this long before the router is asked again.
local ASK_AGAIN_SECONDS = 2
local MAX_ADMITTED = 256

local CACHED = { allow = true, deny = true, unauthenticated = true }
local UNAVAILABLE = { verdict = "unavailable", fresh = 0, usable = 0 }

local cache = lrucache.new(20000)
local flights = {}

local function key_of(kind, credential, task)
  return sha1_bin(kind .. "\0" .. credential .. "\0" .. task)
end

local function from_shared(key)
  local text = ngx.shared.clearway_decisions:get(key)
  if not text then return nil end
  local verdict, generation, fresh, usable = match(text, "^(%l+) (%d+) ([%d.]+) ([%d.]+)$")
  if not verdict then return nil end
  return { verdict = verdict, generation = tonumber(generation), fresh = tonumber(fresh), usable = tonumber(usable) }
end

local function keep(key, decision)
  cache:set(key, decision)
  local text = string.format("%s %d %.3f %.3f", decision.verdict, decision.generation, decision.fresh, decision.usable)
  ngx.shared.clearway_decisions:set(key, text, math.max(decision.usable - now(), 0.001))
end

local function seconds(value)
  value = tonumber(value)
  return value and value > 0 and value or 0
end

local function ask_router(key, kind, credential, task, timeout)
  local answer = http_client.post("/proxy/decide", {
    format = settings.format, kind = kind, credential = credential, task = task,
  }, { timeout = timeout })
  if not answer or answer.format ~= settings.format or not CACHED[answer.verdict] then return nil end
  ngx.update_time()
  local decision = {
    verdict = answer.verdict,
    generation = tonumber(answer.generation) or 0,
    fresh = now() + seconds(answer.fresh),
    usable = now() + math.max(seconds(answer.usable), seconds(answer.fresh)),
  }
  keep(key, decision)
  return decision
end

-- Asks once for all requests of this worker that want to know the same now.
local function ask_together(key, kind, credential, task, timeout)
  local flight = flights[key]
  if flight then
    flight.waiting = flight.waiting + 1
    flight.done:wait(timeout + 1)
    return flight.decision
  end
  flight = { done = semaphore.new(), waiting = 0 }
  flights[key] = flight
  local ok, decision = pcall(ask_router, key, kind, credential, task, timeout)
  flights[key] = nil
  if ok then flight.decision = decision end
  if flight.waiting > 0 then flight.done:post(flight.waiting) end
  return flight.decision
end

local function decide(kind, credential, task)
  local key = key_of(kind, credential, task)
  local held = cache:get(key)
  if not held or held.fresh <= now() then held = from_shared(key) or held end
  if held and held.fresh > now() then return held end
  local usable = held and held.usable > now()
  if usable and held.askAgain and held.askAgain > now() then return held end
  local decision = ask_together(key, kind, credential, task, usable and STALE_ANSWER_SECONDS or ANSWER_SECONDS)
  if decision then return decision end
  if not usable then return UNAVAILABLE end
  held.askAgain = now() + ASK_AGAIN_SECONDS
  cache:set(key, held)
  return held
end

local function remember(jar, task, decision)
  if jar.admittedCount >= MAX_ADMITTED then
    jar.admitted, jar.admittedCount = {}, 0
  end
  if not jar.admitted[task] then jar.admittedCount = jar.admittedCount + 1 end
  jar.admitted[task] = decision
end

-- The verdict for a jar of credentials: the first that is let in decides; else a valid one, else one that nobody could judge.
function decisions.of(jar, task)
  task = task or NO_TASK
  local held = jar.admitted[task]
  if held and held.fresh > now() then return "allow" end
  local verdict = "unauthenticated"
  for index = 1, #jar.values do
    local decision = decide(jar.kind, jar.values[index], task)
    if decision.verdict == "allow" then
      remember(jar, task, decision)
      return "allow"
    end
    if decision.verdict == "deny" or (decision.verdict == "unavailable" and verdict ~= "deny") then
      verdict = decision.verdict
    end
  end
  return verdict
end

return decisions
