-- Live connections, and their end when the route that let them in is gone.
--
-- HTTP: each request under way is known by its client's address and port. nginx sees the client's end and ends the rest.
-- TCP: a connection's local port is its route. nginx takes the client's end for a half-close and hands it on; an upstream
-- that has nothing to say would keep its half open for hours. So a moment later the connections to that upstream that
-- nginx half-closed in between are reset.

local ffi = require "ffi"
local base = require "resty.core.base"
local semaphore = require "ngx.semaphore"
local descriptors = require "clearway.descriptors"
local routes = require "clearway.routes"

local pairs, tonumber = pairs, tonumber
local cast, get_request = ffi.cast, base.get_request

-- Time in which nginx hands the end of a client on to its upstream.
local HAND_ON_SECONDS = 0.2

local live = {}

-- What is known of the requests under way, each by the address of nginx's own record of the request: no two live ones
-- share it, and it is the same in every phase. Columns and not a table for each request, which would be garbage soon.
local entries, addresses, peers = {}, {}, {}

-- All listeners for HTTP of one worker have the same port.
local own_port

local function current()
  return tonumber(cast("uintptr_t", get_request()))
end

-- Remembers this request before it is sent to its upstream.
function live.enter(var, entry)
  local id = current()
  own_port = own_port or tonumber(var.server_port)
  entries[id] = entry
  addresses[id] = var.binary_remote_addr
  peers[id] = var.remote_port
end

-- The entry that this request was let in with, or nil.
function live.entry()
  return entries[current()]
end

-- Forgets this request.
function live.leave()
  local id = current()
  if not entries[id] then return end
  entries[id], addresses[id], peers[id] = nil, nil, nil
end

-- Clients of requests for these route keys, as a set of "port address bytes": those that began before the change.
local function clients_of(keys)
  local wanted
  for id, entry in pairs(entries) do
    if keys[entry.key] then
      wanted = wanted or {}
      wanted[peers[id] .. " " .. addresses[id]] = true
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
  local wanted = keys and clients_of(keys)
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

-- True while this worker serves anybody.
function live.any()
  local found = false
  descriptors.connections(function() found = true end)
  return found
end

return live
