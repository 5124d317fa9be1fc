-- header_filter_by_lua: the application answered; its addresses become ours.

local live = require "clearway.live"
local observe = require "clearway.observe"
local rewrite = require "clearway.rewrite"
local settings = require "clearway.settings"

local type, sub = type, string.sub

-- One line as it may go out, or nil: an application may not set, or throw away, what lets people in.
local function cookie_of(line, entry)
  if settings.cookieName ~= "" and rewrite.cookie_name(line) == settings.cookieName then return nil end
  return entry.keep and line or rewrite.cookie(line, entry.prefix)
end

local function cookies_of(value, entry)
  if type(value) ~= "table" then return cookie_of(value, entry) end
  local lines = {}
  for index = 1, #value do lines[#lines + 1] = cookie_of(value[index], entry) end
  return lines
end

-- True when a service worker would see the requests of no other application.
local function is_confined(allowed, entry)
  local prefix = entry.prefix
  return type(allowed) == "string" and sub(allowed, 1, #prefix + 1) == prefix .. "/"
end

local function rewrite_location(header, location, entry)
  header["Location"] = rewrite.location(location, entry.prefix, ngx.var.http_host, entry.peer .. ":" .. entry.port)
end

return function()
  local entry = live.entry()
  -- A page of our own.
  if not entry then return end
  if not entry.answered then observe.answered(entry) end
  local header = ngx.header
  local cookies = header["Set-Cookie"]
  if cookies then header["Set-Cookie"] = cookies_of(cookies, entry) end
  local allowed = header["Service-Worker-Allowed"]
  if allowed and not is_confined(allowed, entry) then header["Service-Worker-Allowed"] = nil end
  if entry.keep then return end
  local location = header["Location"]
  if type(location) == "string" then rewrite_location(header, location, entry) end
end
