-- The credentials of a request, and what of them the application may see.
--
-- A jar is what one Cookie or Authorization text means: clients send the same text again and again, so it is read once for each
-- worker, once it let somebody in. Beside the credentials it holds what was decided about them (decisions.lua).

local lrucache = require "resty.lrucache"
local settings = require "clearway.settings"
local texts = require "clearway.text"

local trim, trim_end = texts.trim, texts.trim_end
local find, sub, match, lower, gsub = string.find, string.sub, string.match, string.lower, string.gsub

local credentials = {}

-- Nobody has more than a few cookies of one name; each one may cost a question to the router.
local MAX_TRIED = 3
-- Cookies of every gateway on this host begin with it, whatever its port.
local PREFIX = "clearway-"

-- Longer texts are read each time: what is kept must stay small whatever clients send.
local MAX_KEPT = 8192

local jars = lrucache.new(4096)
local headers = lrucache.new(1024)

local function is_gateways(name)
  return sub(name, 1, #PREFIX) == PREFIX or (lower(sub(name, 1, 7)) == "__host-" and sub(name, 8, 7 + #PREFIX) == PREFIX)
end

-- True when a cookie of this name lets people in, here or at another gateway of this host.
function credentials.is_ours(name)
  return name ~= "" and (name == settings.cookieName or is_gateways(name))
end

local function unquoted(value)
  return match(value, '^"(.*)"$') or value
end

-- Names and values of the cookies of gateways and of those called `token`, and the text without them: all other bytes stay as
-- they are.
function credentials.split(text, token)
  local names, values, kept = {}, {}, {}
  local start = 1
  while true do
    local stop = find(text, ";", start, true)
    local pair = sub(text, start, stop and stop - 1 or nil)
    local equals = find(pair, "=", 1, true)
    local name = equals and trim(sub(pair, 1, equals - 1))
    if name and name ~= "" and (name == token or is_gateways(name)) then
      names[#names + 1] = name
      values[#values + 1] = unquoted(trim(sub(pair, equals + 1)))
    else
      kept[#kept + 1] = pair
    end
    if not stop then break end
    start = stop + 1
  end
  if #names == 0 then return names, values, text end
  return names, values, (gsub(table.concat(kept, ";"), "^%s+", ""))
end

local function add(list, kind, value)
  if value ~= "" and #list < MAX_TRIED then list[#list + 1] = { kind = kind, value = value } end
end

-- `tried` are the credentials in the order in which they count. What was decided is kept by decisions.lua.
-- `ambient` is what browsers send along by themselves: "cookie" or "basic"; nil for a token.
local function make_jar(tried, stripped, ambient)
  return { tried = tried, stripped = stripped, ambient = ambient, admitted = {}, cohort = 0 }
end

-- Keeps a jar that let somebody in, for the next request with the same text. Whoever is let in nowhere takes no room.
function credentials.keep(jar)
  if not jar.text then return end
  jar.cache:set(jar.text, jar)
  jar.text = nil
end

local function keepable(jar, cache, text)
  if #text <= MAX_KEPT then jar.text, jar.cache = text, cache end
  return jar
end

local function read_cookies(text)
  local sessions, tokens = {}, {}
  local names, values, stripped = credentials.split(text, settings.cookieName)
  for index = 1, #names do
    if names[index] == settings.sessionCookie then
      add(sessions, "session", values[index])
    elseif names[index] == settings.cookieName then
      add(tokens, "cookie", values[index])
    end
  end
  for index = 1, #tokens do sessions[#sessions + 1] = tokens[index] end
  return make_jar(sessions, stripped, "cookie")
end

-- The jar of a Cookie text in which a cookie of ours may be; nil when there is none.
function credentials.cookies(text)
  if not text then return nil end
  local jar = jars:get(text)
  if jar then return jar end
  local name = settings.cookieName
  if not find(text, PREFIX, 1, true) and (name == "" or not find(text, name, 1, true)) then return nil end
  return keepable(read_cookies(text), jars, text)
end

-- The jar of an Authorization text with a bearer token, or a key and its secret; nil for any other scheme.
function credentials.header(text)
  if not text then return nil end
  local jar = headers:get(text)
  if jar then return jar end
  local scheme, value = match(text, "^(%a+) +(.*)$")
  scheme = scheme and lower(scheme)
  if scheme ~= "bearer" and scheme ~= "basic" then return nil end
  value = trim_end(value)
  -- Neither a token nor base64 has any.
  if find(value, "%s") then return nil end
  local tried = {}
  add(tried, scheme, value)
  return keepable(make_jar(tried, nil, scheme == "basic" and "basic" or nil), headers, text)
end

return credentials
