-- Reads the raw request target. The same text decides the route, is asked about, and is forwarded, so nothing may be
-- read in two ways: a path that some reading takes out of its prefix is refused.
--
--   /service/<key>/rest?query   route, key, "/rest?query"
--   /service/<key>?query        route, key, nil, "?query"      (no slash: to be redirected)
--   /<name>/rest?query          route, "/<name>", "/rest?query" (a static route, if there is one)
--   /<name>?query               route, "/<name>", nil, "?query"
--   /_clearway/name             gateway, "name"
--   anything else               other
--   anything ambiguous          bad
--
-- Static routes are not known here: what is one depends on the table alone, so that a path tells nobody by the way it is refused
-- whether it is one. A name that is written in another way (%78, x;v, //x) is nobody's.

local ffi = require "ffi"

local byte, find, sub, gsub, char, gmatch = string.byte, string.find, string.sub, string.gsub, string.char, string.gmatch
local min = math.min
local C, cast, tonumber = ffi.C, ffi.cast, tonumber

ffi.cdef "size_t strcspn(const char *text, const char *reject);"
ffi.cdef "size_t strspn(const char *text, const char *accept);"

local PREFIX = "/service/"
local GATEWAY = "/_clearway/"

local path = {}

local function decode(text)
  return (gsub(text, "%%(%x%x)", function(hex) return char(tonumber(hex, 16)) end))
end

-- Without the parameters (";x") that some servers cut off before they look at a name.
local function cut(text)
  local parameters = find(text, ";", 1, true)
  return parameters and sub(text, 1, parameters - 1) or text
end

-- How far a name moves: -1 for "..", 0 for "." and nothing, else 1.
local function step(name)
  if name == ".." then return -1 end
  if name == "." or name == "" then return 0 end
  return 1
end

-- What may separate names once a segment is decoded: an encoded slash or backslash is one to some and a letter to others.
local NAMES = { "[^/]+", "[^\\]+", "[^/\\]+" }

-- The worst that any separators make of a decoded segment: where it ends and how far up it gets, relative to its start.
local function climb(decoded)
  if decoded == "" then return 0, 0 end
  -- One name, to who takes nothing for a separator.
  local depth, lowest = 1, 0
  for index = 1, #NAMES do
    local at = 0
    for name in gmatch(decoded, NAMES[index]) do
      at = at + step(cut(name))
      lowest = min(lowest, at)
    end
    depth = min(depth, at)
  end
  return depth, lowest
end

-- The same for a raw segment, whether its parameters are cut before it is decoded, after that, or never.
local function worst(segment)
  if not find(segment, "[%%;.]") then return segment == "" and 0 or 1, 0 end
  local decoded = decode(segment)
  local depth, lowest = climb(decoded)
  if find(decoded, ";", 1, true) then
    local early_depth, early_lowest = climb(decode(cut(segment)))
    local late_depth, late_lowest = climb(cut(decoded))
    depth, lowest = min(depth, early_depth, late_depth), min(lowest, early_lowest, late_lowest)
  end
  return depth, lowest
end

-- True when no reading of this raw path ("/a/b") climbs above where it starts.
local function stays(raw)
  -- No dot and nothing encoded: there is nothing to climb with.
  if not find(raw, "[%%.]") then return true end
  local depth = 0
  for segment in gmatch(sub(raw, 2) .. "/", "([^/]*)/") do
    local move, lowest = worst(segment)
    if depth + lowest < 0 then return false end
    depth = depth + move
  end
  return true
end

-- Names that are ours where they come first. Whoever decodes, cuts, merges or resolves dots may see one first that does
-- not stand there: so where any of that could be done, one that stands anywhere is one too many.
local function hides(raw, reserved)
  if not find(raw, "[%%;]") and not find(raw, "/.", 1, true) and not find(raw, "//", 1, true) then return false end
  for name in gmatch(decode(raw), "[^/\\]+") do
    if reserved[cut(name)] then return true end
  end
  return false
end

local ON_MAIN_HOST = { service = true, _clearway = true }
local ON_ROUTE_HOST = { _clearway = true }

-- ASCII in more bytes than it needs (RFC 3629, section 3): to some servers a slash or a dot.
local function is_overlong(raw)
  if not find(raw, "[%%\192\193\224\240]") then return false end
  local text = decode(raw)
  return (find(text, "[\192\193][\128-\191]") or find(text, "\224[\128-\159]") or find(text, "\240[\128-\143]")) ~= nil
end

local function is_malformed(raw)
  if byte(raw, 1) ~= 47 or find(raw, "[%z\1-\32\127#\\]") or is_overlong(raw) then return true end
  return find(raw, "%", 1, true) ~= nil
    and (find(raw, "%%%X") or find(raw, "%%%x%X") or find(raw, "%%%x?$") or find(raw, "%00", 1, true)) ~= nil
end

-- Bytes that make a path worth a closer look, and the mark that ends it.
local SPECIAL = "?%\\;#\127\192\193\224\240"
for control = 1, 32 do SPECIAL = SPECIAL .. char(control) end

-- Length of the path when it has none of those bytes, else nil.
local function plain_length(target)
  local length = tonumber(C.strcspn(target, SPECIAL))
  local after = byte(target, length + 1)
  return (not after or after == 63) and length or nil
end

-- Reads what nearly every request asks for: a path below a route in which nothing is encoded and no name begins with a
-- dot. Returns key and remainder, or nil: then it takes the longer way. All of it is compiled.
local function read_plain(target)
  local length = plain_length(target)
  if not length or sub(target, 1, 9) ~= PREFIX then return nil end
  local slash = find(target, "/", 10, true)
  if not slash or slash == 10 or slash > length then return nil end
  local dot = find(target, "/.", 9, true)
  if dot and dot < length then return nil end
  return sub(target, 10, slash - 1), sub(target, slash)
end

local NAME = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz-"
local LONGEST_NAME = 63

-- Where the name that a path begins with ends, when it is one that a static route can have: [A-Za-z0-9][A-Za-z0-9_-]*, and not
-- `service`; else nil.
local function name_end(target)
  local first = byte(target, 2)
  if not first or first == 45 or first == 95 or byte(target, 1) ~= 47 then return nil end
  local length = tonumber(C.strspn(cast("const char *", target) + 1, NAME))
  if length == 0 or length > LONGEST_NAME then return nil end
  local after = byte(target, length + 2)
  if after and after ~= 47 and after ~= 63 then return nil end
  if length == 7 and sub(target, 2, 8) == "service" then return nil end
  return length + 1
end

-- The same for a path that begins with a name: nothing is encoded in it, and no name begins with a dot.
local function read_plain_name(target)
  local length = plain_length(target)
  local stop = length and name_end(target)
  if not stop or stop == length then return nil end
  local dot = find(target, "/.", stop, true)
  if dot and dot < length then return nil end
  return sub(target, 1, stop), sub(target, stop + 1)
end

-- The path of a target, and where its query begins, or nil.
local function without_query(target)
  local mark = find(target, "?", 1, true)
  return mark and sub(target, 1, mark - 1) or target, mark
end

-- The page of the gateway that a path names; it has one spelling. `true` for another spelling, nil for other paths.
local function page_of(raw)
  if sub(raw, 1, 11) ~= GATEWAY then return nil end
  local name = sub(raw, 12)
  return find(name, "[^%w_-]") and true or name
end

-- A path that is no route's and no page's: nothing is there, and what only pretends to be so is refused.
local function read_elsewhere(raw)
  return (stays(raw) and not hides(raw, ON_MAIN_HOST)) and "other" or "bad"
end

-- Returns kind, key or name, remainder with query, and the query of a path without remainder.
function path.read(target)
  local plain, rest = read_plain(target)
  if not plain then plain, rest = read_plain_name(target) end
  if plain then return "route", plain, rest end
  local raw, mark = without_query(target)
  if is_malformed(raw) then return "bad" end
  local page = page_of(raw)
  if page then
    if page == true then return "bad" end
    return "gateway", page
  end
  if sub(raw, 1, 9) ~= PREFIX then
    local stop = name_end(raw)
    if not stop then return read_elsewhere(raw) end
    local name = sub(raw, 1, stop)
    if stop == #raw then return "route", name, nil, mark and sub(target, mark) or "" end
    if not stays(sub(raw, stop + 1)) then return "bad" end
    return "route", name, sub(target, stop + 1)
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

-- Reads a path on a route's own host, where all of it is the application's but the pages of the gateway.
-- Returns kind, and the name of a page.
function path.read_own(target)
  if byte(target, 1) == 47 and plain_length(target) and not find(target, "_clearway", 1, true) then return "route" end
  local raw = without_query(target)
  if is_malformed(raw) then return "bad" end
  local page = page_of(raw)
  if page then
    if page == true then return "bad" end
    return "gateway", page
  end
  if raw == "/_clearway" then return "other" end
  return hides(raw, ON_ROUTE_HOST) and "bad" or "route"
end

return path
