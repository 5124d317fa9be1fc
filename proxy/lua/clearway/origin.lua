-- Which site a request comes from: pages of other sites must not act with the cookies of a user.
--
-- A browser sends Origin with websockets and with every request that is not a plain read; programs with a token need none
-- (RFC 6454, section 7.3; Fetch, section 3.1). Cookies go along with requests that other sites cause, tokens do not.

local settings = require "clearway.settings"

local find, lower, match, sub = string.find, string.lower, string.match, string.sub

local origin = {}

local READS = { GET = true, HEAD = true, OPTIONS = true }
local PORTS = { http = ":80", https = ":443" }

-- True for an origin of CLEARWAY_CORS_ORIGINS.
function origin.is_listed(text)
  return settings.corsSet[lower(text)] == true
end

-- Host and port without the scheme's usual port.
local function authority(host, scheme)
  host = lower(host)
  local usual = PORTS[scheme]
  if usual and sub(host, -#usual) == usual then return sub(host, 1, -#usual - 1) end
  return host
end

-- True when the text is the origin that a browser gives to a page of this host.
local function is_own(text, host, scheme)
  local given_scheme, given_host = match(lower(text), "^(https?)://([^/]+)$")
  return given_scheme == scheme and authority(given_host, scheme) == authority(host, scheme)
end

-- True when a request may be another site's doing that is let in by what browsers send along by themselves, `ambient`: a cookie, or the
-- key and secret of Basic (RFC 7617) that somebody typed once. Programs send Basic as well, so there a missing Origin says nothing.
-- `upgrade` is its Upgrade header.
function origin.is_foreign(var, method, upgrade, ambient)
  if READS[method] and not upgrade then return false end
  local text = var.http_origin
  -- A page whose referrer policy is no-referrer sends its forms with `null`; what the browser says beside no page can forge.
  if text == "null" and var.http_sec_fetch_site == "same-origin" then return false end
  if text then return not (is_own(text, var.http_host, var.clearway_scheme) or origin.is_listed(text)) end
  if upgrade and ambient == "cookie" then return true end
  local site = var.http_sec_fetch_site
  return site ~= nil and site ~= "same-origin" and site ~= "none"
end

-- True for a question of a browser whether a page of a listed origin may send a request. It carries no credentials.
function origin.is_preflight(var, method)
  if method ~= "OPTIONS" or settings.corsOrigins == "" then return false end
  local text = var.http_origin
  return text ~= nil and var.http_access_control_request_method ~= nil and origin.is_listed(text)
end

local function add_vary(header)
  local vary = header["Vary"]
  if type(vary) == "table" then vary = table.concat(vary, ", ") end
  if vary and (vary == "*" or find(lower(vary), "origin", 1, true)) then return end
  header["Vary"] = vary and vary .. ", Origin" or "Origin"
end

-- Lets pages of a listed origin read this answer.
function origin.allow_reading(var, header)
  local text = var.http_origin
  add_vary(header)
  if not text or not origin.is_listed(text) then return end
  header["Access-Control-Allow-Origin"] = text
  header["Access-Control-Allow-Credentials"] = "true"
end

-- Headers of the answer to a preflight: what the page wants to send, it may send; the request itself is judged like any other.
function origin.answer_preflight(var, header)
  origin.allow_reading(var, header)
  header["Access-Control-Allow-Methods"] = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
  local wanted = var.http_access_control_request_headers
  if wanted and match(wanted, "^[%w%-, ]+$") then header["Access-Control-Allow-Headers"] = wanted end
  header["Access-Control-Max-Age"] = 600
end

return origin
