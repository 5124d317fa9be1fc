-- The route table of this worker: plain Lua tables, filled from the snapshot and then from the channel.
--
-- Entries are those of the router's HttpEntry and TcpEntry. What is not well-formed does not get in: an upstream is an
-- IP literal and a port, never a name and never a path of a socket, so nothing is resolved or opened by accident.

local cjson = require "cjson.safe"
local descriptors = require "clearway.descriptors"
local host_facts = require "clearway.host"
local revocations = require "clearway.revocations"
local settings = require "clearway.settings"

local type, pairs = type, pairs
local byte, match = string.byte, string.match

local routes = {
  -- By the path segment after /service/, or by the path of a static route; and by port in decimal.
  http = {},
  tcp = {},
  -- What this worker serves; 0 before any table.
  generation = 0,
  -- False until a snapshot or an answer of the router was read: then "unknown" is not known.
  loaded = false,
}

local function is_v4(host)
  local a, b, c, d = match(host, "^(%d%d?%d?)%.(%d%d?%d?)%.(%d%d?%d?)%.(%d%d?%d?)$")
  if not a then return false end
  a, b, c, d = tonumber(a), tonumber(b), tonumber(c), tonumber(d)
  if a > 255 or b > 255 or c > 255 or d > 255 then return false end
  -- "This network", link-local, multicast and reserved are nobody's task.
  return a ~= 0 and a < 224 and not (a == 169 and b == 254)
end

local LOOPBACK_V6 = string.rep("\0", 15) .. "\1"

local function is_v6(host)
  local bytes = #host <= 45 and descriptors.bytes(host)
  if not bytes or #bytes ~= 16 then return false end
  local first, second = byte(bytes, 1, 2)
  -- "No address", and IPv4 in the clothes of IPv6, which would pass by what is said of IPv4.
  if first == 0 and second == 0 then return bytes == LOOPBACK_V6 end
  -- Link-local and multicast.
  return not (first == 0xfe and second >= 0x80 and second <= 0xbf) and first ~= 0xff
end

local function is_port(port)
  return type(port) == "number" and port >= 1 and port <= 65535 and port % 1 == 0
end

-- What the paths of a route begin with: "" on a host of its own. A static route is at its key; it has no host of its own, and at the main
-- host it would share the origin of the sign-in page, so there it is nowhere (nil).
local function prefix_of(key)
  local is_static = byte(key, 1) == 47
  if settings.routeDomain ~= "" then return not is_static and "" or nil end
  return is_static and key or "/service/" .. key
end

-- A usable copy of an HttpEntry, or nil. `prefix` is what the paths of the route begin with. `peer` is the host as the
-- balancer wants it; absent while unresolved, and where it would be ourselves. `suspect`: on another host, as far as we
-- know, but on a port of ours. A flag that is false is left out: a table of more than eight fields is twice as large.
local function http_entry(entry, key)
  if type(entry) ~= "table" or type(entry.route) ~= "string" or type(entry.task) ~= "string" then return nil end
  local prefix = prefix_of(key)
  if not prefix then return nil end
  local usable = {
    route = entry.route,
    task = entry.task,
    since = tonumber(entry.since) or 0,
    key = key,
    prefix = prefix,
    -- What a decision is about: a session for one host is none for another, though the task may be the same.
    scope = settings.routeDomain == "" and entry.task or key .. " " .. entry.task,
  }
  -- On a host of its own there is no prefix to keep.
  if entry.keep == true and usable.prefix ~= "" then usable.keep = true end
  if entry.answered == true then usable.answered = true end
  -- Only an administrator opens an address to everybody, and only a static one: no task's own address is ever open.
  if entry.open == true and prefix == key then usable.open = true end
  local host, port = entry.host, entry.port
  if type(host) == "string" and is_port(port) and not host_facts.is_listener(host, port) then
    if is_v4(host) then
      usable.peer = host
    elseif is_v6(host) then
      usable.peer = "[" .. host .. "]"
    end
    usable.port = port
    if host_facts.holds(port) then usable.suspect = true end
  end
  return usable
end

local function tcp_entry(entry)
  if type(entry) ~= "table" or type(entry.route) ~= "string" or type(entry.task) ~= "string" then return nil end
  return { route = entry.route, task = entry.task, upstream = entry.upstream }
end

-- Nobody was looked at who came in while it was open: when it is not any more, they come in anew or not at all.
local function same_http_target(one, other)
  if one.open and not other.open then return false end
  return one.peer == other.peer and one.port == other.port and one.task == other.task and one.route == other.route
end

local function same_tcp_target(one, other)
  return one.upstream == other.upstream and one.task == other.task and one.route == other.route
end

-- Merges one half of a delta into `held`; returns what was served before where live connections must end, or nil.
local function merge(held, delta, full, read, same)
  local ended
  local function drop(key)
    ended = ended or {}
    ended[key] = held[key]
  end
  local set = type(delta.set) == "table" and delta.set or {}
  for key, raw in pairs(set) do
    local before, entry = held[key], read(raw, key)
    if before and not (entry and same(before, entry)) then drop(key) end
    held[key] = entry
  end
  if full then
    for key in pairs(held) do
      if set[key] == nil then
        drop(key)
        held[key] = nil
      end
    end
  end
  for _, key in ipairs(type(delta.remove) == "table" and delta.remove or {}) do
    if held[key] then drop(key) end
    held[key] = nil
  end
  return ended
end

-- Takes an answer of the router over. Returns the entries whose connections must end, by http key and by port, or nils; the third
-- value is true when callers may have lost their access.
function routes.apply(answer)
  local http = merge(routes.http, answer.http or {}, answer.full, http_entry, same_http_target)
  local tcp = merge(routes.tcp, answer.tcp or {}, answer.full, tcp_entry, same_tcp_target)
  routes.generation = answer.generation
  routes.loaded = true
  return http, tcp, revocations.apply(answer.revoked)
end

-- Starts from the router's snapshot, so that this worker serves while the router is away.
function routes.load_snapshot(text)
  if not text then return end
  local snapshot = cjson.decode(text)
  local usable = type(snapshot) == "table" and snapshot.format == settings.format
    and type(snapshot.generation) == "number" and type(snapshot.http) == "table" and type(snapshot.tcp) == "table"
  if not usable then
    ngx.log(ngx.ERR, "the snapshot of the route table cannot be used")
    return
  end
  routes.apply({
    generation = snapshot.generation,
    full = true,
    http = { set = snapshot.http },
    tcp = { set = snapshot.tcp },
    revoked = snapshot.revoked,
  })
end

return routes
