-- The host that this nginx stands on: its addresses and bridges, as the supervisor sees them, and the ports that we hold.

local descriptors = require "clearway.descriptors"

local byte, match, sub = string.byte, string.match, string.sub

local FILE = "host"
local MOST = 256
local LOOK_SECONDS = 1

local host = {}

local text, next_look = nil, 0
-- Address bytes of this host as a set, and what a poll says of it.
local own, message = {}, '"addresses":[],"bridges":[]'

local function read_file()
  local file = io.open(FILE, "r")
  if not file then return nil end
  local content = file:read(65536)
  file:close()
  return content or ""
end

-- What the supervisor writes is trusted no more than anything else: only literals get in.
local function parse()
  local addresses, bridges = {}, {}
  own = {}
  for kind, value in string.gmatch(text, "(%l+) ([%x:./]+)\n") do
    local literal, bits = match(value, "^([%x:.]+)/?(%d*)$")
    local bytes = literal and descriptors.bytes(literal)
    if bytes and kind == "address" and bits == "" and #addresses < MOST then
      addresses[#addresses + 1] = '"' .. literal .. '"'
      own[bytes] = true
    elseif bytes and kind == "bridge" and bits ~= "" and tonumber(bits) <= #bytes * 8 and #bridges < MOST then
      bridges[#bridges + 1] = '"' .. value .. '"'
    end
  end
  message = '"addresses":[' .. table.concat(addresses, ",") .. '],"bridges":[' .. table.concat(bridges, ",") .. "]"
end

-- Reads the file anew, but not with every poll of a busy time.
local function refresh()
  if ngx.now() < next_look then return end
  next_look = ngx.now() + LOOK_SECONDS
  local content = read_file()
  -- A file that is missing for once says nothing.
  if not content or content == text then return end
  text = content
  parse()
end

-- The fields of a poll, as JSON: cjson cannot tell an empty list from an empty object.
function host.json()
  refresh()
  return message
end

local ports, held

-- Ports that this worker listens on, sorted: those that it was born with, until it exits.
function host.ports()
  ports = ports or descriptors.listening()
  return ports
end

local function holds(port)
  if not held then
    held = {}
    for _, own_port in ipairs(host.ports()) do held[own_port] = true end
  end
  return held[port] == true
end

-- Bytes of an IPv4 address also where it is written as an IPv6 one.
local function plain(bytes)
  if #bytes == 16 and sub(bytes, 1, 12) == string.rep("\0", 10) .. "\255\255" then return sub(bytes, 13) end
  return bytes
end

local LOOPBACK_V6 = string.rep("\0", 15) .. "\1"

local function is_own(literal)
  local bytes = descriptors.bytes(literal)
  if not bytes then return false end
  bytes = plain(bytes)
  refresh()
  return own[bytes] == true or bytes == LOOPBACK_V6 or (#bytes == 4 and byte(bytes) == 127)
end

-- True when a connection to this IP literal and port would come back to us.
function host.is_listener(literal, port)
  return holds(port) and is_own(literal)
end

-- True when we listen on this port at all.
host.holds = holds

return host
