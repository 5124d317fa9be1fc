-- header_filter_by_lua: the application answered; its addresses become ours.

local observe = require "clearway.observe"
local rewrite = require "clearway.rewrite"
local settings = require "clearway.settings"

local function each_line(value, change)
  if type(value) ~= "table" then return change(value) end
  local lines = {}
  for index = 1, #value do lines[#lines + 1] = change(value[index]) end
  return lines
end

-- An application may not set, or throw away, what lets people in.
local function rewrite_cookies(header, prefix)
  local set_cookie = header["Set-Cookie"]
  if not set_cookie then return end
  header["Set-Cookie"] = each_line(set_cookie, function(line)
    if settings.cookieName ~= "" and rewrite.cookie_name(line) == settings.cookieName then return nil end
    return prefix and rewrite.cookie(line, prefix) or line
  end)
end

-- A service worker of one application must not see the requests of another.
local function confine_service_worker(header, key)
  local allowed = header["Service-Worker-Allowed"]
  local scope = "/service/" .. key .. "/"
  if allowed and (type(allowed) == "table" or string.sub(allowed, 1, #scope) ~= scope) then
    header["Service-Worker-Allowed"] = nil
  end
end

return function()
  local ctx = ngx.ctx
  local entry = ctx.entry
  -- A page of our own.
  if not entry then return end
  if not entry.answered then observe.answered(entry) end
  local header = ngx.header
  local prefix = not entry.keep and "/service/" .. ctx.key or nil
  rewrite_cookies(header, prefix)
  confine_service_worker(header, ctx.key)
  local location = prefix and header["Location"]
  if type(location) == "string" then
    header["Location"] = rewrite.location(location, prefix, ngx.var.http_host, entry.peer .. ":" .. entry.port)
  end
end
