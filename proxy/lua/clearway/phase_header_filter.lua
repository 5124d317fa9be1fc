-- header_filter_by_lua: the application answered; its addresses become ours.

local credentials = require "clearway.credentials"
local live = require "clearway.live"
local observe = require "clearway.observe"
local origin = require "clearway.origin"
local rewrite = require "clearway.rewrite"
local settings = require "clearway.settings"

local http_version = ngx.req.http_version
local type, find, sub, gsub = type, string.find, string.sub, string.gsub

-- One line as it may go out, or nil: an application may not set, or throw away, what lets people in.
-- Browsers send a cookie without a name as its bare value (RFC 6265bis, section 5.7), so the first `=` may be no name's end.
local function cookie_of(line, entry)
  local bare = gsub(line, "^[%s=]+", "")
  if credentials.is_ours(rewrite.cookie_name(bare)) then return nil end
  if entry.keep or entry.prefix == "" then return line end
  return rewrite.cookie(line, entry.prefix)
end

local function cookies_of(value, entry)
  if type(value) ~= "table" then return cookie_of(value, entry) end
  local lines = {}
  for index = 1, #value do lines[#lines + 1] = cookie_of(value[index], entry) end
  return lines
end

-- True when a service worker would see the requests of no other application. Browsers resolve the text as a URL, in which dots and
-- backslashes, encoded ones too, may lead out of the prefix.
local function is_confined(allowed, entry)
  local prefix = entry.prefix
  if type(allowed) ~= "string" or sub(allowed, 1, #prefix + 1) ~= prefix .. "/" then return false end
  return not find(allowed, "[^%w/_~.-]") and not find(allowed, "/.", 1, true)
end

local function rewrite_location(header, location, entry)
  header["Location"] = rewrite.location(location, entry.prefix, ngx.var.http_host, entry.peer .. ":" .. entry.port)
end

-- nginx hands on what follows an interim answer, or a head that it cannot read (then it takes it for HTTP/0.9), as it is: to a browser
-- that is another answer, whose headers nobody has looked at. A change of protocol is one only where it was asked for.
local function refuse_what_is_none(status)
  if http_version() < 1 then return ngx.exit(ngx.ERROR) end
  if status == 101 then
    if ngx.var.clearway_upgrade ~= "websocket" then return ngx.exit(ngx.ERROR) end
    return
  end
  local header = ngx.header
  ngx.status = 502
  header["Content-Type"] = "text/plain; charset=utf-8"
  header["X-Content-Type-Options"] = "nosniff"
  header["Content-Length"] = nil
end

return function()
  local entry = live.entry()
  -- A page of our own.
  if not entry then return end
  local status = ngx.status
  if status < 200 or http_version() < 1 then refuse_what_is_none(status) end
  if not entry.answered then observe.answered(entry) end
  local header = ngx.header
  local cookies = header["Set-Cookie"]
  if cookies then header["Set-Cookie"] = cookies_of(cookies, entry) end
  local allowed = header["Service-Worker-Allowed"]
  if allowed and not is_confined(allowed, entry) then header["Service-Worker-Allowed"] = nil end
  if settings.corsOrigins ~= "" then origin.allow_reading(ngx.var, header) end
  if entry.keep then return end
  local location = header["Location"]
  if type(location) == "string" then rewrite_location(header, location, entry) end
end
