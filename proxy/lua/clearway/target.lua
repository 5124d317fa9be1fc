-- What a request means: its Host and its raw target, read together, in one way only.
--
--   route        key, rest with query (nil where the slash after the key is missing), query, whether it came by the
--                route's own host
--   gateway      name of the page, key of the route whose host was asked (nil on the main host)
--   moved        key, rest with query: on the main host, of a route that has a host of its own
--   other        nothing is there
--   bad          cannot be read, or in more than one way: 400
--   misdirected  a host that is not ours: 421
--
-- Nothing else decides: not X-Forwarded-Host, not a port. Texts go in and come out; what a Host means is kept.

local ffi = require "ffi"
local path = require "clearway.path"

local find, sub, match, lower, gmatch = string.find, string.sub, string.match, string.lower, string.gmatch
local read_path, read_own = path.read, path.read_own
local tonumber = tonumber
local C = ffi.C

ffi.cdef "int inet_pton(int family, const char *text, void *bytes);"

local AF_INET6 = 10
local MAX_NAME, MAX_LABEL = 253, 63
-- Two halves of this many Host texts are kept. Browsers of one installation need a few for each route.
local MAX_HOSTS = 8192

local target = {}

-- Main hosts as a set of canonical names; whether every other one is a main host too.
local main, any_host = {}, true
-- ".<domain>" of route hosts, or nil; what stands before and after the key in a URL of a route host.
local suffix, before_key, after_key

local address = ffi.new("uint8_t[16]")

-- One spelling for each IPv6 address; nil for what is none. A zone is nothing that a client can know.
local function canonical_v6(text)
  if C.inet_pton(AF_INET6, text, address) ~= 1 then return nil end
  return "[" .. ffi.string(address, 16) .. "]"
end

local function is_label(label)
  return #label <= MAX_LABEL and find(label, "^[a-z0-9_][a-z0-9_-]*$") ~= nil and sub(label, -1) ~= "-"
end

local function is_name(name)
  if name == "" or #name > MAX_NAME then return false end
  for label in gmatch(name .. ".", "([^.]*)%.") do
    if not is_label(label) then return false end
  end
  return true
end

-- The key of a route host is its only label in front of the domain.
local function is_key(label)
  return is_label(label) and not find(label, "_", 1, true)
end

local function is_port(text)
  if text == "" then return true end
  local digits = match(text, "^:(%d%d?%d?%d?%d?)$")
  local port = tonumber(digits)
  return port ~= nil and port >= 1 and port <= 65535
end

-- A Host text (RFC 9110, section 7.2) in lower case without its port and one final dot, and the name by which hosts
-- are compared; nil when it is malformed.
local function parse(text)
  local literal, port = match(text, "^%[([%x:.]+)%](.*)$")
  if literal then
    local name = canonical_v6(literal)
    if not name or not is_port(port) then return nil end
    return lower("[" .. literal .. "]"), name
  end
  local name
  name, port = match(text, "^([^:]*)(.*)$")
  if not is_port(port) then return nil end
  name = lower(name)
  if sub(name, -1) == "." then name = sub(name, 1, -2) end
  if not is_name(name) then return nil end
  return name, name
end

-- What a Host text means: { host, key (of a route host) }, or nil and the kind of refusal.
local function understand(text)
  local host, name = parse(text)
  if not host then return nil, "bad" end
  if main[name] then return { host = host } end
  if suffix and sub(name, -#suffix) == suffix then
    local key = sub(name, 1, -#suffix - 1)
    if is_key(key) then return { host = host, key = key } end
    return nil, "misdirected"
  end
  if any_host then return { host = host } end
  return nil, "misdirected"
end

-- Meanings by Host text in two halves: when the newer one is full, the older one is dropped.
local newer, older, count = {}, {}, 0

local function meaning_of(text)
  local meaning = older[text]
  local refusal
  if not meaning then
    meaning, refusal = understand(text)
    if not meaning then return nil, refusal end
  end
  if count >= MAX_HOSTS then newer, older, count = {}, newer, 0 end
  newer[text] = meaning
  count = count + 1
  return meaning
end

-- Takes the settings over: hosts (words, `*` for every one), domain of route hosts ("" for none), URL of the router.
function target.configure(hosts, domain, url)
  main, any_host = {}, false
  newer, older, count = {}, {}, 0
  for word in gmatch(hosts, "%S+") do
    if word == "*" then
      any_host = true
    else
      local literal = match(word, "^%[(.*)%]$") or word
      main[canonical_v6(literal) or lower(word)] = true
    end
  end
  suffix = domain ~= "" and "." .. lower(domain) or nil
  before_key = match(url, "^%a+://") or "http://"
  after_key = suffix and suffix .. (match(url, ":%d+$") or "") or nil
end

-- The URL of a path of a route on the route's own host.
function target.location(key, rest)
  return before_key .. key .. after_key .. rest
end

-- What a request means that has this Host header (nil without one) and this raw request target. `host` is the host as
-- nginx sees it ($host): it differs from the header when the request line names another one.
function target.read(host_header, request_uri, host)
  local meaning, refusal
  if not host_header then return "bad" end
  meaning = newer[host_header]
  if not meaning then
    meaning, refusal = meaning_of(host_header)
    if not meaning then return refusal end
  end
  if host and host ~= meaning.host then return "bad" end
  local key = meaning.key
  if key then
    local kind, name = read_own(request_uri)
    if kind == "route" then return kind, key, request_uri, nil, true end
    if kind == "gateway" then return kind, name, key end
    return kind
  end
  if not suffix then return read_path(request_uri) end
  local kind, name, rest, query = read_path(request_uri)
  if kind ~= "route" then return kind, name end
  if not is_key(name) then return "other" end
  return "moved", name, rest or "/" .. query
end

return target
