-- rewrite_by_lua, only where load balancers are believed: of several values of X-Forwarded-Proto only the last one is the
-- balancer's own; what stands before may be the client's. nginx's variable has the first line.

local trim_end = require("clearway.text").trim_end

local get_headers, set_header = ngx.req.get_headers, ngx.req.set_header

local NAME = "X-Forwarded-Proto"
-- Beyond this Lua would not see the last one.
local ALL = 0

return function()
  local first = ngx.var.http_x_forwarded_proto
  if not first then return end
  local value = get_headers(ALL)[NAME]
  if type(value) == "table" then value = value[#value] end
  local last = string.match(string.match(trim_end(value), "[^,]*$"), "%S*$")
  if last ~= first or last ~= value then set_header(NAME, last) end
end
