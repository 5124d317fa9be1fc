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

-- Sends what is pending; called in a timer, after each poll that the router answered.
function observe.flush()
  if next(pending) then send() end
end

-- Called for the first answer of an application in this worker.
function observe.answered(entry)
  entry.answered = true
  pending[entry.route] = true
  -- Without a timer (worker exiting, router away) the next poll's answer sends it.
  ngx.timer.at(0, function(premature)
    if not premature then send() end
  end)
end

return observe
