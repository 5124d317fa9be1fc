-- Callers of requests that last: a websocket or a stream goes on only for as long as its caller would be let in anew.
--
--   judged --(the decision is no longer fresh)--> asked again --(let in, or nobody can say yet)--> judged
--                                                             --(not let in)--> ended
--   judged --(what the decision hangs on was revoked)--> asked at once --(let in within 0.7 s)--> judged, else ended
--
-- All threads here are made once: nginx keeps what belongs to a light thread for as long as its timer runs.

local semaphore = require "ngx.semaphore"
local decisions = require "clearway.decisions"
local live = require "clearway.live"

local callers = {}

-- Time between two looks at the decisions of requests under way.
local LOOK_SECONDS = 1
-- Access that was revoked ends within a second, also when nobody can say quickly that it goes on.
local REVOKED_SECONDS = 0.7
-- A look ends when everybody was judged, or then.
local PATIENCE_SECONDS = 30
-- Longest sleep of a thread that nobody wakes.
local IDLE_SECONDS = 60

-- Those who ask the router. What is revoked must not wait behind what has time.
local function make_desk(threads)
  return { threads = threads, queue = {}, queued = semaphore.new() }
end
local urgent_desk, patient_desk = make_desk(16), make_desk(8)

local function answer_next(desk)
  local pair = table.remove(desk.queue)
  if not pair then return end
  local ok, verdict = pcall(decisions.of, pair.jar, pair.entry)
  pair.verdict = ok and verdict or "unavailable"
  local look = pair.look
  look.left = look.left - 1
  if look.left == 0 then look.done:post(1) end
end

local function serve(desk, go_on)
  while go_on() do
    if desk.queued:wait(IDLE_SECONDS) then answer_next(desk) end
  end
end

-- Pairs of jar and entry under way for which `is_settled` says false, each pair once, as a list and by jar and scope.
local function unsettled(is_settled)
  local list, by_jar = {}, {}
  live.each_caller(function(jar, entry)
    local of_jar = by_jar[jar]
    if not of_jar then
      of_jar = {}
      by_jar[jar] = of_jar
    end
    if of_jar[entry.scope] == nil then
      of_jar[entry.scope] = not is_settled(jar, entry) and { jar = jar, entry = entry }
      list[#list + 1] = of_jar[entry.scope] or nil
    end
  end)
  return list, by_jar
end

-- Judges these callers anew and ends the requests of those who are not let in, or not judged in time.
local function judge(desk, is_settled, seconds)
  local list, by_jar = unsettled(is_settled)
  if #list == 0 then return end
  local look = { left = #list, done = semaphore.new() }
  for index = 1, #list do
    list[index].look = look
    desk.queue[#desk.queue + 1] = list[index]
  end
  desk.queued:post(#list)
  look.done:wait(seconds)
  -- What is left would be in front of the next look.
  desk.queue = {}
  live.finish_callers(function(entry, jar)
    local pair = jar and by_jar[jar] and by_jar[jar][entry.scope]
    if not pair then return false end
    if pair.verdict then return pair.verdict ~= "allow" end
    return not decisions.stands(jar, entry)
  end)
end

local revoked = semaphore.new()

-- Looks at once: something was revoked.
function callers.judge_soon()
  revoked:post(1)
end

local function guarded(work, ...)
  local ok, problem = pcall(work, ...)
  if not ok then ngx.log(ngx.ERR, "looking after callers failed: ", problem) end
end

local function watch_revoked(go_on)
  while go_on() do
    if revoked:wait(IDLE_SECONDS) then
      -- The threads of the next timer are there already.
      if not go_on() then return revoked:post(1) end
      guarded(judge, urgent_desk, decisions.stands, REVOKED_SECONDS)
    end
  end
end

local function wake_all()
  revoked:post(1)
  urgent_desk.queued:post(urgent_desk.threads)
  patient_desk.queued:post(patient_desk.threads)
end

-- Looks now and then until `go_on` says no. Light threads of the channel's timer, as live.sweep is.
function callers.watch(go_on)
  for _, desk in ipairs({ urgent_desk, patient_desk }) do
    for _ = 1, desk.threads do ngx.thread.spawn(serve, desk, go_on) end
  end
  ngx.thread.spawn(watch_revoked, go_on)
  while go_on() do
    ngx.sleep(LOOK_SECONDS)
    guarded(judge, patient_desk, decisions.is_fresh, PATIENCE_SECONDS)
  end
  wake_all()
end

return callers
