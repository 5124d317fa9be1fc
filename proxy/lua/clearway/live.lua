-- Live connections, and their end when the route that let them in is gone.
--
-- HTTP: each request under way is known by its client's address and port. nginx sees the client's end and ends the rest.
-- An HTTP/2 connection carries requests of other routes as well: there a request that must end is marked, and ends at its next chunk
-- (phase_body_filter.lua).
-- TCP: a connection's local port is its route. nginx takes the client's end for a half-close and hands it on; an upstream
-- that has nothing to say would keep its half open for hours. So a moment later the connections to that upstream that
-- nginx half-closed in between are reset.

local ffi = require "ffi"
local base = require "resty.core.base"
local semaphore = require "ngx.semaphore"
local descriptors = require "clearway.descriptors"
local routes = require "clearway.routes"
local settings = require "clearway.settings"

local pairs, tonumber = pairs, tonumber
local cast, get_request, C = ffi.cast, base.get_request, ffi.C

-- Time in which nginx hands the end of a client on to its upstream.
local HAND_ON_SECONDS = 0.2

local live = {}

-- What is known of the requests under way, each by the address of nginx's own record of the request: no two live ones
-- share it, and it is the same in every phase. Columns and not a table for each request, which would be garbage soon.
local entries, jars = {}, {}
-- Address bytes of clients that were let in without a look, where everybody is.
local visitors = {}
-- Requests over HTTP/2: false while they may go on, true when they must end.
local ended = {}

-- All listeners for HTTP of one worker have the same port, and speak TLS or not.
local own_port, speaks_tls

local function current()
  return tonumber(cast("uintptr_t", get_request()))
end

local function learn_listener(var)
  own_port = tonumber(var.server_port)
  speaks_tls = var.https == "on"
end

-- Remembers this request before it is sent to its upstream. `jar` is what let the caller in; nil without access control.
function live.enter(var, entry, jar)
  local id = current()
  if not own_port then learn_listener(var) end
  entries[id] = entry
  jars[id] = jar
  if entry.open then visitors[id] = var.binary_remote_addr end
  if speaks_tls and ngx.req.http_version() >= 2 then ended[id] = false end
end

-- True when this request, over HTTP/2, must end.
function live.ended()
  return ended[current()] == true
end

-- The entry that this request was let in with, or nil.
function live.entry()
  return entries[current()]
end

-- Forgets this request.
function live.leave()
  local id = current()
  if not entries[id] then return end
  entries[id], jars[id], visitors[id], ended[id] = nil, nil, nil, nil
end

-- How many requests of the caller of this jar are under way.
function live.count(jar)
  local count = 0
  for _, other in pairs(jars) do
    if other == jar or (jar.user ~= nil and other.user == jar.user) then count = count + 1 end
  end
  return count
end

-- How many requests of a client, by its address bytes, are under way where everybody is let in.
function live.count_visitor(address)
  local count = 0
  for _, other in pairs(visitors) do
    if other == address then count = count + 1 end
  end
  return count
end

-- Calls visit(jar, entry) for each request under way whose caller was let in by a jar.
function live.each_caller(visit)
  for id, jar in pairs(jars) do visit(jar, entries[id]) end
end

local lowercase = ffi.new("char[32]")
local text, length, problem = ffi.new("char *[1]"), ffi.new("size_t[1]"), ffi.new("char *[1]")

-- A variable of a request under way: ngx.var knows the current one only.
local function variable_of(id, name)
  local request = cast("ngx_http_request_t *", id)
  if C.ngx_http_lua_ffi_var_get(request, name, #name, lowercase, 0, text, length, problem) ~= 0 then return "" end
  return ffi.string(text[0], length[0])
end

-- Port and address bytes at the other end of a request's socket: of a load balancer, where one is believed to say who asks.
local function client_of(id)
  if not settings.trusts then return variable_of(id, "remote_port") .. " " .. variable_of(id, "binary_remote_addr") end
  local address = descriptors.bytes(variable_of(id, "realip_remote_addr"))
  return variable_of(id, "realip_remote_port") .. " " .. (address or "")
end

-- Clients of the requests for which is_over(entry, jar) says true, as a set of "port address bytes", or nil.
local function clients_of(is_over)
  local wanted
  for id, entry in pairs(entries) do
    if is_over(entry, jars[id]) then
      if ended[id] ~= nil then
        ended[id] = true
      else
        wanted = wanted or {}
        wanted[client_of(id)] = true
      end
    end
  end
  return wanted
end

-- Upstreams of tcp entries as a set of "port address bytes".
local function upstreams_of(entries)
  local upstreams = {}
  for _, entry in pairs(entries) do
    local host, port = string.match(entry.upstream or "", "^%[?(.-)%]?:(%d+)$")
    local bytes = host and descriptors.bytes(host)
    if bytes then upstreams[port .. " " .. bytes] = true end
  end
  return upstreams
end

-- Calls visit(fd, identity) for each connection to one of these upstreams that nginx has half-closed.
local function each_half_closed(upstreams, visit)
  descriptors.connections(function(fd, own, peer, bytes)
    local upstream = peer .. " " .. bytes
    if upstreams[upstream] and descriptors.is_half_closed(fd) then visit(fd, fd .. " " .. own .. " " .. upstream) end
  end)
end

-- Connections that were half-closed by their clients and may belong to another route, of the same upstream, that stays.
local function spared(upstreams)
  local before, shared = {}, {}
  for upstream in pairs(upstreams_of(routes.tcp)) do shared[upstream] = upstreams[upstream] end
  each_half_closed(shared, function(_, identity) before[identity] = true end)
  return before
end

-- What the sweeper has to look at: upstreams, and what to spare.
local queue = {}
local queued = semaphore.new()

-- Resets what stays half-closed, until `go_on` says no. A light thread of the channel's timer and no timer of its own:
-- a worker that is exiting starts none, and fires those that wait at once, before nginx had time to hand anything on.
function live.sweep(go_on)
  while #queue > 0 or go_on() do
    queued:wait(0.5)
    if #queue > 0 then
      local due = queue
      queue = {}
      ngx.sleep(HAND_ON_SECONDS)
      for index = 1, #due do
        each_half_closed(due[index].upstreams, function(fd, identity)
          if not due[index].before[identity] then descriptors.reset(fd) end
        end)
      end
    end
  end
end

-- Ends the connections of these entries (http by key, tcp by port, or nils). They are gone within a second.
function live.finish(keys, ports)
  local wanted = keys and clients_of(function(entry) return keys[entry.key] ~= nil end)
  if not wanted and not ports then return end
  local upstreams = upstreams_of(ports or {})
  local before = spared(upstreams)
  descriptors.connections(function(fd, own, peer, bytes)
    local is_tcp = ports and ports[tostring(own)]
    local is_client = wanted and own == own_port and wanted[peer .. " " .. bytes]
    if is_tcp or is_client then descriptors.shut(fd) end
  end)
  if not ports then return end
  queue[#queue + 1] = { upstreams = upstreams, before = before }
  queued:post(1)
end

-- Ends the requests for which is_over(entry, jar) says true.
function live.finish_callers(is_over)
  local wanted = clients_of(is_over)
  if not wanted then return end
  descriptors.connections(function(fd, own, peer, bytes)
    if own == own_port and wanted[peer .. " " .. bytes] then descriptors.shut(fd) end
  end)
end

-- True while this worker serves anybody.
function live.any()
  local found = false
  descriptors.connections(function() found = true end)
  return found
end

return live
