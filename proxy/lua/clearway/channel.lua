-- The worker's side of the channel: one long poll after the other, from a timer that init_worker starts.
--
--   polling --(answer)--> polling, with its generation          the next poll is the acknowledgement
--   polling --(router away, or not understood)--> waiting --(backoff with jitter)--> polling
--   exiting and nobody served any more --> end                   an exiting worker lives only as long as its connections
--
-- nginx starts no new timers in a worker that is exiting, but goes on running this one.

local callers = require "clearway.callers"
local cjson = require "cjson.safe"
local host = require "clearway.host"
local http_client = require "clearway.http_client"
local live = require "clearway.live"
local observe = require "clearway.observe"
local routes = require "clearway.routes"
local settings = require "clearway.settings"

-- The router answers within 5 s, also when it has nothing to say.
local POLL_SECONDS = 15
local MIN_WAIT, MAX_WAIT = 0.05, 2
-- nginx frees what a timer used when it ends, so that none must run for as long as the worker.
local TIMER_SECONDS = 300

local channel = {}

local function exiting()
  return ngx.worker.exiting()
end

local function is_needed()
  return not exiting() or live.any()
end

-- While a poll waits: an exiting worker looks once whether anybody is left, then about every second.
local function make_go_on()
  local next_look = 0
  return function()
    if not exiting() then return true end
    if ngx.now() < next_look then return true end
    next_look = ngx.now() + 0.5
    return live.any()
  end
end

local function poll()
  local ports = exiting() and "" or table.concat(host.ports(), ",")
  local message = cjson.encode({
    format = settings.format,
    proxy = settings.proxy,
    pid = ngx.worker.pid(),
    worker = ngx.worker.id(),
    workers = ngx.worker.count(),
    revision = settings.revision,
    generation = routes.generation,
    exiting = exiting(),
  })
  -- cjson cannot tell an empty list from an empty object.
  message = string.sub(message, 1, -2) .. ',"ports":[' .. ports .. "]," .. host.json() .. "}"
  return http_client.post("/proxy/poll", message, { timeout = POLL_SECONDS, go_on = make_go_on() })
end

local function is_usable(answer)
  return answer.format == settings.format and type(answer.generation) == "number"
    and type(answer.http) == "table" and type(answer.tcp) == "table"
end

local said
-- Says once what is wrong, until it is well again.
local function say(problem)
  if problem and problem ~= said then
    ngx.log(ngx.WARN, "no table from the router, keeping generation ", routes.generation, ": ", problem)
  elseif said and not problem then
    ngx.log(ngx.WARN, "the router answers again")
  end
  said = problem
end

local function take(answer)
  local http, tcp, revoked = routes.apply(answer)
  live.finish(http, tcp)
  if revoked then callers.judge_soon() end
end

local function turn()
  local answer, problem = poll()
  if answer and not is_usable(answer) then
    answer, problem = nil, "its format is not understood"
  end
  if not answer then
    if problem ~= "stopped" then say(problem) end
    return false
  end
  say(nil)
  take(answer)
  observe.flush_soon()
  return true
end

-- Sleeps, but not through the end of this worker.
local function rest(seconds)
  while seconds > 0 and is_needed() do
    ngx.sleep(math.max(math.min(seconds, 0.25), 0.01))
    seconds = seconds - 0.25
  end
end

local incarnation = 0

local function run(premature)
  if premature then return end
  incarnation = incarnation + 1
  local own, ends = incarnation, ngx.now() + TIMER_SECONDS
  local function go_on() return own == incarnation and is_needed() end
  ngx.thread.spawn(live.sweep, go_on)
  ngx.thread.spawn(callers.watch, go_on)
  local wait = MIN_WAIT
  while go_on() do
    -- A worker that is exiting starts no timer any more, and goes on in this one.
    if ngx.now() > ends and not exiting() and ngx.timer.at(0, run) then return end
    local ok, done = pcall(turn)
    if not ok then ngx.log(ngx.ERR, "the channel failed: ", done) end
    if ok and done then
      wait = MIN_WAIT
    elseif is_needed() then
      rest(wait * (0.5 + math.random() / 2))
      wait = math.min(wait * 2, MAX_WAIT)
    end
  end
end

-- Starts the polls of this worker.
function channel.start()
  math.randomseed(ngx.worker.pid() + ngx.now() * 1000)
  ngx.timer.at(0, run)
end

return channel
