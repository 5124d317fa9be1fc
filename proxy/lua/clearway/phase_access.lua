-- access_by_lua: the one place where a request gets its route, its caller's verdict and what the upstream will see.
--
--   target --(nothing that can be served)--> page                    400, 421, 308
--          --(a page of the gateway)-------> the router
--          --(a route, or nothing)---------> judged --(nobody)-------> sign-in page, 401
--                                                   --(somebody else)-> 404
--                                                   --(let in)--------> the application

local credentials = require "clearway.credentials"
local decisions = require "clearway.decisions"
local limits = require "clearway.limits"
local live = require "clearway.live"
local origin = require "clearway.origin"
local pages = require "clearway.pages"
local routes = require "clearway.routes"
local settings = require "clearway.settings"
local target = require "clearway.target"

local find, lower = string.find, string.lower
local get_method, http_version = ngx.req.get_method, ngx.req.http_version
local set_header, clear_header = ngx.req.set_header, ngx.req.clear_header
local cookies_of = credentials.cookies

local STATUS = { deny = 404, unavailable = 503, throttled = 429 }
-- The router's pages have small forms.
local MAX_FORM = 16384
-- Requests under way of one caller in one worker, beyond which no further websocket is opened.
local MAX_UNDER_WAY = 500
local MAX_HOPS = 256
local HEALTH = "/_clearway/healthz"

-- Verdict on the caller, the user's id, and the jar that counted. `judge_jar` is decisions.of or decisions.of_nothing, and `about` what
-- it is asked about.
local function judge(var, jar, judge_jar, about)
  local verdict, user
  if jar then
    verdict, user = judge_jar(jar, about, var)
    if verdict == "allow" then return verdict, user, jar end
  end
  local header = credentials.header(var.http_authorization)
  if not header then return verdict or "unauthenticated", nil, jar end
  local other
  other, user = judge_jar(header, about, var)
  if other == "unauthenticated" then return verdict or other, nil, jar end
  if other == "allow" or not verdict or verdict == "unauthenticated" then return other, user, header end
  return verdict, nil, jar
end

local function turn_away(var, verdict)
  if verdict == "unauthenticated" then return pages.sign_in(var.request_uri) end
  if verdict == "deny" then return pages.nothing() end
  return pages.send(STATUS[verdict] or 503)
end

local function gateway_page(var, name, host_key)
  if name == "healthz" then return pages.health() end
  if tonumber(var.content_length or 0) > MAX_FORM then return pages.send(413) end
  if host_key then var.clearway_host_key = host_key end
  return ngx.exec("@pages")
end

-- Where nothing is served: who is known may hear so. `host_key` is the key of the route host that was asked, or nil.
local function nothing_here(var, kind, host_key)
  if settings.authEnabled then
    local verdict = judge(var, cookies_of(var.http_cookie), decisions.of_nothing, host_key)
    if verdict ~= "deny" then return turn_away(var, verdict) end
    if kind == "other" and var.request_uri == "/" then return pages.redirect("/_clearway/", 302) end
  end
  -- A route that nobody knows is only unknown when there is a table.
  if not routes.loaded then return pages.send(503) end
  return settings.authEnabled and pages.nothing() or pages.send(404)
end

local function is_loop(hops)
  return #hops > MAX_HOPS or find(hops, settings.revision, 1, true) ~= nil
end

-- Where else a request goes than to a route.
local function elsewhere(var, kind, key, rest)
  if kind == "gateway" then return gateway_page(var, key, rest) end
  if kind == "misdirected" then
    -- Health checks of load balancers ask by address.
    if var.request_uri == HEALTH then return pages.health() end
    return pages.misdirected()
  end
  if kind == "moved" then return pages.redirect(target.location(key, rest), 308) end
  if kind == "other" then return nothing_here(var, kind) end
  return pages.send(400)
end

local function admit(var, entry)
  local cookies = cookies_of(var.http_cookie)
  if entry.open then return nil, nil, cookies end
  if not settings.authEnabled then
    if cookies then credentials.keep(cookies) end
    return nil, nil, cookies
  end
  local verdict, user, jar = judge(var, cookies, decisions.of, entry)
  if verdict ~= "allow" then return turn_away(var, verdict) end
  return user, jar, cookies
end

-- A caller's further websocket, and what another site may have caused, end here.
local function refuse(var, method, upgrade, jar)
  if jar.ambient and origin.is_foreign(var, method, upgrade, jar.ambient) then return pages.send(403) end
  if upgrade and live.count(jar) >= MAX_UNDER_WAY then return pages.send(429) end
end

-- The same where everybody is let in: nothing that another site causes there has anything of a user's in it, so it may.
local function refuse_open(var, upgrade)
  if upgrade and live.count_visitor(var.binary_remote_addr) >= MAX_UNDER_WAY then return pages.send(429) end
end

-- Hands on what few requests have: `upgrade`, their Upgrade header, and the gateways that they came through, `hops`. Only a websocket may
-- leave HTTP, and only from a connection that is its own: HTTP/2 knows no Upgrade (RFC 9113, section 8.2.2).
local function hand_on(var, upgrade, hops)
  if upgrade and lower(upgrade) == "websocket" and http_version() < 2 then
    var.clearway_upgrade = "websocket"
    var.clearway_connection = "upgrade"
  end
  if hops and hops ~= "" then var.clearway_hops = hops .. " " end
end

return function()
  if limits.has_too_many_headers() then return pages.send(431) end
  local var = ngx.var
  local uri = var.request_uri
  local kind, key, rest, query, by_own_host = target.read(var.http_host, uri, var.host)
  local method = get_method()
  if origin.is_preflight(var, method) and (kind == "route" or kind == "other") then
    origin.answer_preflight(var, ngx.header)
    return pages.empty(204)
  end
  if kind ~= "route" then return elsewhere(var, kind, key, rest) end
  -- Before anything depends on whether the route is there.
  local hops = var.http_x_clearway_via
  if hops and is_loop(hops) then return pages.send(508) end
  local entry = routes.http[key]
  if not entry then return nothing_here(var, kind, by_own_host and key) end
  local user, jar, cookies = admit(var, entry)
  -- The table may have moved while the router was asked: the verdict is about this task only.
  local now_served = routes.http[key]
  if now_served ~= entry then
    if not now_served or now_served.task ~= entry.task then return pages.send(503) end
    entry = now_served
  end
  -- A public application hears of nobody, also of whom a question was about before it was public.
  local caller = not entry.open and jar or nil
  local upgrade = var.http_upgrade
  if caller then refuse(var, method, upgrade, caller) elseif entry.open then refuse_open(var, upgrade) end
  var.clearway_task = entry.task
  if not rest then return pages.redirect(key .. "/" .. query) end
  if not entry.peer then return pages.wait(entry) end
  if cookies then
    if cookies.stripped == "" then clear_header("Cookie") else set_header("Cookie", cookies.stripped) end
  end
  if jar then
    if jar ~= cookies then clear_header("Authorization") end
    if caller then var.clearway_user = user end
  end
  if entry.keep or entry.prefix == "" then
    var.clearway_uri = uri
  else
    var.clearway_uri = rest
    var.clearway_prefix = entry.prefix
  end
  if upgrade or hops then hand_on(var, upgrade, hops) end
  live.enter(var, entry, caller)
end
