-- Live connections, and their end when the route that let them in is gone.
--
-- HTTP: each request under way is known by its client's address and port. nginx sees the client's end and ends the rest.
-- TCP: a connection's local port is its route. nginx takes the client's end for a half-close and hands it on; an upstream
-- that has nothing to say would keep its half open for hours. So a moment later the connections to that upstream that
-- nginx half-closed in between are reset.

local semaphore = require "ngx.semaphore"
local descriptors = require "clearway.descriptors"
local routes = require "clearway.routes"

local pairs = pairs

-- Time in which nginx hands the end of a client on to its upstream.
local HAND_ON_SECONDS = 0.2

local live = {}

-- Requests under way, by nginx's number of the connection (HTTP/1.1: one request at a time on each).
local requests = {}

-- Remembers a request before it is sent to its upstream.
function live.enter(connection, key, entry)
  local var = ngx.var
  requests[connection] = {
    key = key,
    entry = entry,
    address = var.binary_remote_addr,
    peer = tonumber(var.remote_port),
    port = tonumber(var.server_port),
  }
end

-- The request under way on this connection, or nil.
function live.of(connection)
  return requests[connection]
end

function live.leave(connection)
  requests[connection] = nil
end

-- Requests of these route keys, by their client's port: those that began before the change.
local function clients_of(keys)
  local wanted
  for _, request in pairs(requests) do
    if keys[request.key] then
      wanted = wanted or {}
      wanted[request.peer] = wanted[request.peer] or {}
      table.insert(wanted[request.peer], request)
    end
  end
  return wanted
end

local function is_client(wanted, own, peer, bytes)
  for _, request in pairs(wanted[peer] or {}) do
    if request.port == own and request.address == bytes then return true end
  end
  return false
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
  local wanted = keys and clients_of(keys)
  if not wanted and not ports then return end
  local upstreams = upstreams_of(ports or {})
  local before = spared(upstreams)
  descriptors.connections(function(fd, own, peer, bytes)
    local is_tcp = ports and ports[tostring(own)]
    if is_tcp or (wanted and is_client(wanted, own, peer, bytes)) then descriptors.shut(fd) end
  end)
  if not ports then return end
  queue[#queue + 1] = { upstreams = upstreams, before = before }
  queued:post(1)
end

-- True while this worker serves anybody.
function live.any()
  local found = false
  descriptors.connections(function() found = true end)
  return found
end

return live
