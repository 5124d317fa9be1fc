-- Reads the raw request target. The same text decides the route, is asked about, and is forwarded, so nothing may be
-- read in two ways: a path that some reading takes out of its prefix is refused.
--
--   /service/<key>/rest?query   route, key, "/rest?query"
--   /service/<key>?query        route, key, nil, "?query"      (no slash: to be redirected)
--   /_clearway/name             gateway, "name"
--   anything else               other
--   anything ambiguous          bad

local ffi = require "ffi"

local byte, find, sub, gsub, char = string.byte, string.find, string.sub, string.gsub, string.char
local gmatch, match = string.gmatch, string.match
local min = math.min
local C, tonumber = ffi.C, tonumber

ffi.cdef "size_t strcspn(const char *text, const char *reject);"

local PREFIX = "/service/"
local GATEWAY = "/_clearway/"

local path = {}

local function decode(text)
  return (gsub(text, "%%(%x%x)", function(hex) return char(tonumber(hex, 16)) end))
end

-- How far a segment moves: -1 for "..", 0 for "." and nothing, else 1. Some servers cut parameters (";x") first.
local function step(segment)
  local parameters = find(segment, ";", 1, true)
  local name = parameters and sub(segment, 1, parameters - 1) or segment
  if name == ".." then return -1 end
  if name == "." or name == "" then return 0 end
  return 1
end

-- Where a decoded text ends and how far up it gets, relative to its start, split at slashes.
local function climb(decoded)
  local depth, lowest = 0, 0
  for part in (decoded .. "/"):gmatch("([^/]*)/") do
    depth = depth + step(part)
    if depth < lowest then lowest = depth end
  end
  return depth, lowest
end

-- The worst that any reading makes of one raw segment: where it ends and how far up it gets, relative to its start.
local function worst(segment)
  if not find(segment, "[%%\\;.]") then
    local move = segment == "" and 0 or 1
    return move, 0
  end
  local decoded = decode(segment)
  local depth, lowest = climb(decoded)
  if find(decoded, "\\", 1, true) then
    -- A backslash is a slash to some and a letter to others.
    local other_depth, other_lowest = climb((gsub(decoded, "\\", "/")))
    depth, lowest = min(depth, other_depth), min(lowest, other_lowest)
  end
  local whole = step(decoded)
  if whole < depth then depth = whole end
  if whole < lowest then lowest = whole end
  return depth, lowest
end

-- True when no reading of this raw path ("/a/b") climbs above where it starts.
local function stays(raw)
  -- No dot, nothing encoded, no backslash: there is nothing to climb with.
  if not find(raw, "[%%\\.]") then return true end
  local depth = 0
  for segment in (sub(raw, 2) .. "/"):gmatch("([^/]*)/") do
    local move, lowest = worst(segment)
    if depth + lowest < 0 then return false end
    depth = depth + move
  end
  return true
end

local RESERVED = { service = true, _clearway = true }

-- True when a server that decodes and merges slashes may see one of our prefixes first, before or after it resolves dots.
local function begins_reserved(raw, without_parameters)
  local depth = 0
  for part in (gsub(decode(raw), "\\", "/") .. "/"):gmatch("([^/]*)/") do
    if without_parameters then part = gsub(part, ";.*$", "") end
    if part == ".." then
      depth = depth > 0 and depth - 1 or 0
    elseif part ~= "." and part ~= "" then
      if depth == 0 and RESERVED[part] then return true end
      depth = depth + 1
    end
  end
  return false
end

-- True when such a server would see one of our prefixes, though the raw text does not begin with it.
local function looks_reserved(raw)
  return begins_reserved(raw, false) or begins_reserved(raw, true)
end

local function is_malformed(raw)
  if byte(raw, 1) ~= 47 or find(raw, "[%z\1-\32\127#\\]") then return true end
  return find(raw, "%", 1, true) ~= nil
    and (find(raw, "%%%X") or find(raw, "%%%x%X") or find(raw, "%%%x?$") or find(raw, "%00", 1, true)) ~= nil
end

-- Bytes that make a path worth a closer look, and the mark that ends it.
local SPECIAL = "?%\\;#\127"
for control = 1, 32 do SPECIAL = SPECIAL .. char(control) end

-- Reads what nearly every request asks for: a path below a route in which nothing is encoded and no name begins with a
-- dot. Returns key and remainder, or nil: then it takes the longer way. All of it is compiled.
local function read_plain(target)
  local length = tonumber(C.strcspn(target, SPECIAL))
  local after = byte(target, length + 1)
  if (after and after ~= 63) or sub(target, 1, 9) ~= PREFIX then return nil end
  local slash = find(target, "/", 10, true)
  if not slash or slash == 10 or slash > length then return nil end
  local dot = find(target, "/.", 9, true)
  if dot and dot < length then return nil end
  return sub(target, 10, slash - 1), sub(target, slash)
end

-- Returns kind, key or name, remainder with query, and the query of a path without remainder.
function path.read(target)
  local plain, rest = read_plain(target)
  if plain then return "route", plain, rest end
  local mark = find(target, "?", 1, true)
  local raw = mark and sub(target, 1, mark - 1) or target
  if is_malformed(raw) then return "bad" end
  if sub(raw, 1, 9) ~= PREFIX then
    if sub(raw, 1, 11) == GATEWAY then
      local name = sub(raw, 12)
      if find(name, "[^%w_-]") then return "bad" end
      return "gateway", name
    end
    local plain = raw == "/service" or raw == "/_clearway"
    if not stays(raw) or (not plain and looks_reserved(raw)) then return "bad" end
    return "other"
  end
  local slash = find(raw, "/", 10, true)
  local key = sub(raw, 10, slash and slash - 1 or nil)
  if key == "" and not slash then return "other" end
  -- Keys are plain. One that is written in another way would be a second name for a route.
  if key == "" or key == "." or key == ".." or find(key, "[%%;]") then return "bad" end
  if not slash then return "route", key, nil, mark and sub(target, mark) or "" end
  if not stays(sub(raw, slash)) then return "bad" end
  return "route", key, sub(target, slash)
end

-- A name of the gateway anywhere in a path that can be read in several ways.
local function hides_gateway(raw)
  if not find(raw, "[%%\\;]") and not find(raw, "/.", 1, true) and not find(raw, "//", 1, true) then
    return sub(raw, 1, 11) == GATEWAY
  end
  local text = gsub(decode(raw), "\\", "/")
  for part in gmatch(text, "[^/]+") do
    if match(part, "^[^;]*") == "_clearway" then return true end
  end
  return false
end

-- Reads a path on a route's own host, where all of it is the application's but the pages of the gateway.
-- Returns "route", or "gateway" and the name, or "bad".
function path.read_own(target)
  local mark = find(target, "?", 1, true)
  local raw = mark and sub(target, 1, mark - 1) or target
  if is_malformed(raw) then return "bad" end
  if sub(raw, 1, 11) == GATEWAY then
    local name = sub(raw, 12)
    if find(name, "[^%w_-]") then return "bad" end
    return "gateway", name
  end
  return hides_gateway(raw) and "bad" or "route"
end

return path
