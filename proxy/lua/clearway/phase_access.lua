-- access_by_lua: the one place where a request gets its route, its caller's verdict and what the upstream will see.

local credentials = require "clearway.credentials"
local decisions = require "clearway.decisions"
local limits = require "clearway.limits"
local live = require "clearway.live"
local pages = require "clearway.pages"
local path = require "clearway.path"
local routes = require "clearway.routes"
local settings = require "clearway.settings"

local read = path.read
local set_header, clear_header = ngx.req.set_header, ngx.req.clear_header

local STATUS = { unauthenticated = 401, deny = 404, unavailable = 503 }

-- Verdict on the caller; the second value is true when the Authorization header was what let the caller in.
local function judge(jar, task)
  local verdict = jar and decisions.of(jar, task) or "unauthenticated"
  if verdict == "allow" then return verdict, false end
  local bearer = credentials.bearer(ngx.var.http_authorization)
  if not bearer then return verdict, false end
  local other = decisions.of(bearer, task)
  if other == "unauthenticated" then return verdict, false end
  if other == "allow" or verdict == "unauthenticated" then return other, other == "allow" end
  return verdict, false
end

local function gateway_page(name)
  if name == "healthz" then return pages.health() end
  return pages.send(404)
end

-- A route that nobody knows is only unknown when there is a table.
local function no_route()
  return pages.send(routes.loaded and 404 or 503)
end

local function forward(var, target, rest, entry)
  if entry.keep then
    var.clearway_uri = target
  else
    var.clearway_uri = rest
    var.clearway_prefix = entry.prefix
  end
  live.enter(var, entry)
end

return function()
  if limits.has_too_many_headers() then return pages.send(431) end
  local var = ngx.var
  local target = var.request_uri
  local kind, key, rest, query = read(target)
  if kind == "bad" or not var.http_host then return pages.send(400) end
  if kind == "gateway" then return gateway_page(key) end
  local entry = kind == "route" and routes.http[key] or nil
  local jar = credentials.cookies(var.http_cookie)
  local by_bearer = false
  if settings.authEnabled then
    local task = entry and entry.task
    local verdict
    verdict, by_bearer = judge(jar, task)
    if verdict ~= "allow" then return pages.send(STATUS[verdict] or 503) end
    -- The table may have moved while the router was asked: the verdict is about this task only.
    entry = kind == "route" and routes.http[key] or nil
    if entry and entry.task ~= task then return pages.send(503) end
  end
  if not entry then return no_route() end
  var.clearway_task = entry.task
  if not rest then return pages.redirect(key .. "/" .. query) end
  if not entry.peer then return pages.wait(entry) end
  if jar then
    if jar.stripped == "" then clear_header("Cookie") else set_header("Cookie", jar.stripped) end
  end
  if by_bearer then clear_header("Authorization") end
  return forward(var, target, rest, entry)
end
