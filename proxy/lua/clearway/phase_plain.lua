-- content_by_lua of requests that came as plain HTTP to a port that speaks TLS: they are sent to the same address with https.

local pages = require "clearway.pages"
local target = require "clearway.target"

-- Health checks often speak plain HTTP, and hear nothing that is worth hiding.
local HEALTH = "/_clearway/healthz"

local is_balancer_told = false

-- A load balancer whose own client speaks https already would send the next request in the same way.
local function is_turning_in_circles(var)
  return var.clearway_peer == "trusted" and var.http_x_forwarded_proto == "https"
end

local function tell_balancer()
  if is_balancer_told then return end
  is_balancer_told = true
  ngx.log(ngx.WARN, "a load balancer speaks plain HTTP to the port with TLS; let it speak TLS, or take the certificate away")
end

return function()
  local var = ngx.var
  local host, uri = var.http_host, var.request_uri
  if uri == HEALTH then
    ngx.status = 200
    return pages.health()
  end
  local kind = target.read(host, uri, var.host)
  if kind == "bad" then return pages.send(400) end
  if kind == "misdirected" then return pages.misdirected() end
  if is_turning_in_circles(var) then
    tell_balancer()
    return pages.send(400)
  end
  local header = ngx.header
  header["Location"] = "https://" .. host .. uri
  header["Cache-Control"] = "no-store"
  header["Content-Length"] = 0
  ngx.status = 308
  ngx.send_headers()
  return ngx.exit(ngx.HTTP_OK)
end
