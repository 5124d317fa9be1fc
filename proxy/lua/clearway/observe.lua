-- Tells the router which applications answered for the first time.

local http_client = require "clearway.http_client"
local settings = require "clearway.settings"

local observe = {}

-- Names of routes that the router has not heard of yet.
local pending = {}
local sending = false

local function send()
  local names = {}
  for name in pairs(pending) do names[#names + 1] = name end
  if #names == 0 or sending then return end
  sending = true
  local answer = http_client.post("/proxy/observe", {
    format = settings.format,
    answered = names,
  }, { timeout = 5 })
  sending = false
  if not answer then return end
  for index = 1, #names do pending[names[index]] = nil end
end

local function send_soon()
  ngx.timer.at(0, function(premature)
    if not premature then send() end
  end)
end

-- Sends what an earlier attempt left; not in the thread that hears of revocations.
function observe.flush_soon()
  if next(pending) then send_soon() end
end

-- Called for the first answer of an application in this worker.
function observe.answered(entry)
  entry.answered = true
  pending[entry.route] = true
  send_soon()
end

return observe
