-- balancer_by_lua: where this request goes. phase_access has said which entry let it in.

local balancer = require "ngx.balancer"
local live = require "clearway.live"

local set_current_peer = balancer.set_current_peer

-- The client's own way here must not be the way on: the table may be older than an address of this host.
local function is_itself(entry)
  local var = ngx.var
  local address = var.server_addr
  return entry.port == tonumber(var.server_port) and (entry.peer == address or entry.peer == "[" .. address .. "]")
end

return function()
  local entry = live.entry()
  if not entry then return ngx.exit(ngx.HTTP_INTERNAL_SERVER_ERROR) end
  if entry.suspect and is_itself(entry) then
    ngx.log(ngx.ERR, "the upstream is this very listener")
    return ngx.exit(ngx.HTTP_INTERNAL_SERVER_ERROR)
  end
  local ok, problem = set_current_peer(entry.peer, entry.port)
  if not ok then
    ngx.log(ngx.ERR, "cannot use the upstream: ", problem)
    return ngx.exit(ngx.HTTP_INTERNAL_SERVER_ERROR)
  end
end
