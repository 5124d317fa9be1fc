-- Live connections, and their end when the route that let them in is gone.
--
-- HTTP: each request under way is known by its client's address and port. TCP: a connection's local port is its route.

local descriptors = require "clearway.descriptors"

local pairs, next = pairs, next

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

local function reset_remaining(premature, left)
  if premature then return end
  descriptors.connections(function(fd, own, peer, bytes)
    local was = left[fd]
    if was and was.own == own and was.peer == peer and was.bytes == bytes then descriptors.reset(fd) end
  end)
end

-- Ends the connections of these http keys and these ports (sets, or nil). They are gone within a second.
function live.finish(keys, ports)
  local wanted = keys and clients_of(keys)
  if not wanted and not ports then return end
  local left = {}
  descriptors.connections(function(fd, own, peer, bytes)
    local is_tcp = ports and ports[tostring(own)]
    if is_tcp then left[fd] = { own = own, peer = peer, bytes = bytes } end
    if is_tcp or (wanted and is_client(wanted, own, peer, bytes)) then descriptors.shut(fd) end
  end)
  if not next(left) then return end
  -- A worker that is exiting starts no timers: its half-open rest is reset at once.
  if not ngx.timer.at(0.2, reset_remaining, left) then reset_remaining(false, left) end
end

-- True while this worker serves anybody.
function live.any()
  local found = false
  descriptors.connections(function() found = true end)
  return found
end

return live
