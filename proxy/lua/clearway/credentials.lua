-- The credentials of a request, and what of them the application may see.
--
-- A jar is what one Cookie text means: browsers send the same text again and again, so it is read once for each worker.

local lrucache = require "resty.lrucache"
local settings = require "clearway.settings"

local find, sub, match, lower = string.find, string.sub, string.match, string.lower

local credentials = {}

-- Nobody has more than a few cookies of one name; each one may cost a question to the router.
local MAX_TRIED = 4

local jars = lrucache.new(4096)
local bearers = lrucache.new(1024)

-- Values of every cookie called `name`, and the text without them: all other bytes stay as they are.
function credentials.split(text, name)
  local values, kept = {}, {}
  local start = 1
  while true do
    local stop = find(text, ";", start, true)
    local pair = sub(text, start, stop and stop - 1 or nil)
    local value = match(pair, "^%s*(.-)%s*$")
    local equals = find(value, "=", 1, true)
    if equals and match(sub(value, 1, equals - 1), "^(.-)%s*$") == name then
      value = match(sub(value, equals + 1), "^%s*(.*)$")
      values[#values + 1] = match(value, '^"(.*)"$') or value
    else
      kept[#kept + 1] = pair
    end
    if not stop then break end
    start = stop + 1
  end
  if #values == 0 then return values, text end
  return values, (match(table.concat(kept, ";"), "^%s*(.*)$"))
end

local function make_jar(kind, values, stripped)
  local tried = {}
  for index = 1, math.min(#values, MAX_TRIED) do
    if values[index] ~= "" then tried[#tried + 1] = values[index] end
  end
  -- `admitted`: decisions that let this very text in, by task.
  return { kind = kind, values = tried, stripped = stripped, admitted = {}, admittedCount = 0 }
end

-- The jar of a Cookie text that may hold the ClearML cookie; nil when it cannot.
function credentials.cookies(text)
  local name = settings.cookieName
  if not text or name == "" or not find(text, name, 1, true) then return nil end
  local jar = jars:get(text)
  if jar then return jar end
  local values, stripped = credentials.split(text, name)
  if #values == 0 then return nil end
  jar = make_jar("cookie", values, stripped)
  jars:set(text, jar)
  return jar
end

-- The jar of an Authorization text with a bearer token; nil for any other scheme.
function credentials.bearer(text)
  if not text or lower(sub(text, 1, 7)) ~= "bearer " then return nil end
  local jar = bearers:get(text)
  if jar then return jar end
  jar = make_jar("bearer", { (match(sub(text, 8), "^%s*(.-)%s*$")) }, nil)
  bearers:set(text, jar)
  return jar
end

return credentials
