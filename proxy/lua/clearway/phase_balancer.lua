-- balancer_by_lua: where this request goes. phase_access has put the entry into ngx.ctx.

local balancer = require "ngx.balancer"

local set_current_peer = balancer.set_current_peer

return function()
  local entry = ngx.ctx.entry
  if not entry then return ngx.exit(ngx.HTTP_INTERNAL_SERVER_ERROR) end
  local ok, problem = set_current_peer(entry.peer, entry.port)
  if not ok then
    ngx.log(ngx.ERR, "cannot use the upstream: ", problem)
    return ngx.exit(ngx.HTTP_INTERNAL_SERVER_ERROR)
  end
end
