-- Callers of requests that last: a websocket or a stream goes on only for as long as its caller would be let in anew.
--
--   judged --(the decision is no longer fresh)--> asked again --(let in)--> judged
--                                                             --(not let in)--> ended
--   judged --(revoked)--> asked again, at once and not for long --(let in in time)--> judged, else ended

local semaphore = require "ngx.semaphore"
local decisions = require "clearway.decisions"
local live = require "clearway.live"

local pairs = pairs

local callers = {}

-- Time between two looks at the decisions of requests under way.
local LOOK_SECONDS = 1
-- Access that was revoked ends within a second, also when nobody can say quickly that it goes on.
local REVOKED_SECONDS = 0.7
-- Questions to the router at the same time.
local AT_ONCE = 16

local wake = semaphore.new()
local is_urgent = false

-- What must be asked: each pair of jar and route once.
local function stale_pairs()
  local found, seen = {}, {}
  live.each_caller(function(jar, entry)
    if decisions.is_fresh(jar, entry) then return end
    local of_jar = seen[jar]
    if not of_jar then
      of_jar = {}
      seen[jar] = of_jar
    end
    if of_jar[entry.scope] == nil then
      of_jar[entry.scope] = false
      found[#found + 1] = { jar = jar, entry = entry }
    end
  end)
  return found, seen
end

-- Asks about all pairs, a few at a time. `judged[jar][scope]` becomes the verdict.
local function ask_all(pairs_to_ask, judged, done)
  local next_index, left = 1, #pairs_to_ask
  local function ask_some()
    while next_index <= #pairs_to_ask do
      local pair = pairs_to_ask[next_index]
      next_index = next_index + 1
      local ok, verdict = pcall(decisions.of, pair.jar, pair.entry)
      judged[pair.jar][pair.entry.scope] = ok and verdict or "unavailable"
      left = left - 1
    end
    if left == 0 then done:post(1) end
  end
  for _ = 1, math.min(AT_ONCE, #pairs_to_ask) do ngx.thread.spawn(ask_some) end
end

local function judge(urgent)
  local to_ask, judged = stale_pairs()
  if #to_ask == 0 then return end
  local done = semaphore.new()
  ask_all(to_ask, judged, done)
  done:wait(urgent and REVOKED_SECONDS or 30)
  live.finish_callers(function(entry, jar)
    local verdict = jar and judged[jar] and judged[jar][entry.scope]
    if verdict == nil or verdict == "allow" then return false end
    -- Not judged in time.
    if verdict == false then return urgent and not decisions.is_fresh(jar, entry) end
    return true
  end)
end

-- One look that may take its time, beside those that must not wait for it.
local is_looking = false
local function look()
  if is_looking then return end
  is_looking = true
  ngx.thread.spawn(function()
    local ok, problem = pcall(judge, false)
    if not ok then ngx.log(ngx.ERR, "looking after callers failed: ", problem) end
    is_looking = false
  end)
end

-- Looks at once: something was revoked.
function callers.judge_soon()
  is_urgent = true
  wake:post(1)
end

-- Looks now and then, until `go_on` says no: a light thread of the channel's timer, as live.sweep is.
function callers.watch(go_on)
  while go_on() do
    wake:wait(LOOK_SECONDS)
    if is_urgent then
      is_urgent = false
      local ok, problem = pcall(judge, true)
      if not ok then ngx.log(ngx.ERR, "ending callers failed: ", problem) end
    else
      look()
    end
  end
end

return callers
