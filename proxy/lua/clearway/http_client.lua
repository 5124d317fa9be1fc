-- JSON over HTTP/1.1 to the router's unix socket, by cosockets: POST, one request at a time on a connection.

local cjson = require "cjson.safe"
local settings = require "clearway.settings"

local tcp = ngx.socket.tcp
local lower, match, find = string.lower, string.match, string.find

local MAX_BODY = 256 * 1024 * 1024
local SLICE_MS = 250

local http_client = {}

-- Reads by `pattern` until the deadline, in slices: between them `go_on` may end the wait. A cosocket survives its time-outs.
local function receive(socket, pattern, deadline, go_on)
  local parts = {}
  socket:settimeout(SLICE_MS)
  while true do
    local data, problem, partial = socket:receive(pattern)
    if data then
      parts[#parts + 1] = data
      return table.concat(parts)
    end
    if problem ~= "timeout" then return nil, problem end
    if partial and partial ~= "" then
      parts[#parts + 1] = partial
      if type(pattern) == "number" then pattern = pattern - #partial end
    end
    ngx.update_time()
    if ngx.now() >= deadline then return nil, "timeout" end
    if go_on and not go_on() then return nil, "stopped" end
  end
end

local function receive_chunked(socket, deadline, go_on)
  local parts, total = {}, 0
  while true do
    local line, problem = receive(socket, "*l", deadline, go_on)
    local size = line and tonumber(match(line, "^%x+"), 16)
    if not size then return nil, problem or "malformed chunk" end
    total = total + size
    if total > MAX_BODY then return nil, "answer too large" end
    if size == 0 then
      -- Trailers, then an empty line.
      repeat
        line, problem = receive(socket, "*l", deadline, go_on)
        if not line then return nil, problem end
      until line == ""
      return table.concat(parts)
    end
    local data
    data, problem = receive(socket, size, deadline, go_on)
    if not data then return nil, problem end
    parts[#parts + 1] = data
    line, problem = receive(socket, "*l", deadline, go_on)
    if not line then return nil, problem end
  end
end

local function receive_head(socket, deadline, go_on)
  local line, problem = receive(socket, "*l", deadline, go_on)
  if not line then return nil, problem end
  local head = { status = tonumber(match(line, "^HTTP/1%.[01] (%d%d%d)%f[%D]")) }
  if not head.status then return nil, "malformed answer" end
  while true do
    line, problem = receive(socket, "*l", deadline, go_on)
    if not line then return nil, problem end
    if line == "" then return head end
    local name, content = match(line, "^([%w-]+):%s*(.-)%s*$")
    name = name and lower(name)
    if name == "content-length" then head.length = tonumber(content) end
    if name == "transfer-encoding" then head.chunked = find(lower(content), "chunked", 1, true) ~= nil end
    if name == "connection" then head.close = lower(content) == "close" end
  end
end

local function exchange(socket, path, body, options)
  local deadline = ngx.now() + options.timeout
  socket:settimeout(options.timeout * 1000)
  local sent, problem = socket:send({
    "POST ", path, " HTTP/1.1\r\nHost: router\r\nContent-Type: application/json\r\nContent-Length: ", #body, "\r\n\r\n", body,
  })
  if not sent then return nil, problem end
  local head
  head, problem = receive_head(socket, deadline, options.go_on)
  if not head then return nil, problem end
  local text = ""
  if head.chunked then
    text, problem = receive_chunked(socket, deadline, options.go_on)
  elseif head.length and head.length > MAX_BODY then
    text, problem = nil, "answer too large"
  elseif head.length and head.length > 0 then
    text, problem = receive(socket, head.length, deadline, options.go_on)
  end
  if not text then return nil, problem end
  return { status = head.status, text = text, close = head.close or not (head.length or head.chunked) }
end

-- Sends `message` (a table, or JSON) and returns the decoded answer of a 200, or nil and what went wrong.
-- options: timeout in seconds; go_on, asked now and then while waiting, ends the wait when it says false.
function http_client.post(path, message, options)
  local body = type(message) == "string" and message or cjson.encode(message)
  while true do
    local socket = tcp()
    socket:settimeout(1000)
    local connected, problem = socket:connect(settings.routerSocket)
    if not connected then return nil, problem end
    local reused = socket:getreusedtimes() > 0
    local answer
    answer, problem = exchange(socket, path, body, options)
    if answer then
      if answer.close then socket:close() else socket:setkeepalive(10000, 32) end
      if answer.status ~= 200 then return nil, "status " .. answer.status end
      local decoded = cjson.decode(answer.text)
      if type(decoded) ~= "table" then return nil, "malformed answer" end
      return decoded
    end
    socket:close()
    -- The router may have closed a connection that waited in the pool; every request here can be repeated.
    if not reused or problem == "timeout" or problem == "stopped" then return nil, problem end
  end
end

return http_client
