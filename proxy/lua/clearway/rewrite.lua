-- Addresses in the answers of an application that believes that it lives at the root: its prefix is put in front of them. On a
-- host of its own it does live there, and the prefix is empty.

local texts = require "clearway.text"

local trim, trim_end = texts.trim, texts.trim_end
local find, sub, match, lower, gsub = string.find, string.sub, string.match, string.lower, string.gsub

local rewrite = {}

local function begins_with_segment(text, prefix)
  if sub(text, 1, #prefix) ~= prefix then return false end
  local after = sub(text, #prefix + 1, #prefix + 1)
  return after == "" or after == "/" or after == "?" or after == "#"
end

local function is_ours(path, prefix)
  return begins_with_segment(path, prefix) or sub(path, 1, 11) == "/_clearway/"
end

local function under(path, prefix)
  if is_ours(path, prefix) then return path end
  return prefix .. path
end

-- authority and rest of an absolute or scheme-relative http address; nil for anything else.
local function parse(location)
  local rest = match(location, "^[Hh][Tt][Tt][Pp][Ss]?://(.*)$") or match(location, "^//(.*)$")
  if not rest then return nil end
  local stop = find(rest, "[/?#\\]")
  return lower(sub(rest, 1, stop and stop - 1 or nil)), stop and sub(rest, stop) or ""
end

local function is_upstream(authority, upstream)
  return authority == upstream or authority .. ":80" == upstream
end

-- The Location on a host where all paths are the application's: only its own address means nothing to a browser.
local function on_own_host(location, upstream)
  local authority, rest = parse(location)
  if not authority or not is_upstream(authority, upstream) then return location end
  -- Browsers see no tabs and no line breaks, and take a backslash for a slash: behind two of them would be a host.
  rest = gsub(rest, "^\\", "/")
  if sub(rest, 1, 1) ~= "/" then rest = "/" .. rest end
  return find(rest, "^/[%c/\\]") and "/." .. rest or rest
end

-- The Location as the browser must see it; the same text when it is none of ours.
-- prefix: "" on a host of its own; host: the request's Host; upstream: address:port of the application.
function rewrite.location(location, prefix, host, upstream)
  if prefix == "" then return on_own_host(location, upstream) end
  if sub(location, 1, 1) == "/" and sub(location, 2, 2) ~= "/" then return under(location, prefix) end
  local authority, rest = parse(location)
  if not authority then return location end
  if sub(rest, 1, 1) ~= "/" then rest = "/" .. rest end
  -- The upstream's address means nothing to a browser, whatever path follows.
  if is_upstream(authority, upstream) then return under(rest, prefix) end
  if authority ~= lower(host) or is_ours(rest, prefix) then return location end
  return prefix .. rest
end

-- Name of the cookie that a Set-Cookie line sets.
function rewrite.cookie_name(line)
  local stop = find(line, "[=;]")
  return trim(stop and sub(line, 1, stop - 1) or line)
end

-- A Set-Cookie line with its Path under the prefix. Without a Path the browser's own default is under it already; a
-- `__Host-` cookie must keep the Path "/", or browsers throw it away.
function rewrite.cookie(line, prefix)
  if sub(line, 1, 7) == "__Host-" then return line end
  return (gsub(line, "(;%s*[Pp][Aa][Tt][Hh]%s*=%s*)([^;]*)", function(lead, path)
    if sub(path, 1, 1) ~= "/" then return nil end
    path = trim_end(path)
    return lead .. (begins_with_segment(path, prefix) and path or prefix .. path)
  end))
end

return rewrite
