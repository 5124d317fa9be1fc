-- init_by_lua and init_worker_by_lua: settings in the master, then table and channel in each worker.

local jit_opt = require "jit.opt"
local settings = require "clearway.settings"

local phase_init = {}

local function read_file(path)
  local file = io.open(path, "r")
  if not file then return nil end
  local text = file:read("*a")
  file:close()
  return text
end

-- Tells the supervisor, which trusts nothing but what it sees, that workers of this revision run.
local function say_live()
  local path = "live.new"
  local file = io.open(path, "w")
  if not file then return end
  file:write(settings.revision, " ", ngx.worker.pid(), "\n")
  file:close()
  os.rename(path, "live")
end

-- Runs in the master, at start and at each reload.
function phase_init.master(values)
  -- LuaJIT compiles all that a request costs as one piece, which has more constants than it allows by itself: it would then
  -- be interpreted.
  jit_opt.start("maxirconst=4000")
  for name, value in pairs(values) do
    settings[name] = value
  end
  settings.corsSet = {}
  for word in settings.corsOrigins:gmatch("%S+") do settings.corsSet[word] = true end
  require("clearway.target").configure(settings.hosts, settings.routeDomain, settings.routerUrl)
  settings.proxy = (read_file(ngx.config.prefix() .. "id") or ""):gsub("%s", "")
  -- Loaded before the fork, so that workers share the memory of the code; a global, since require() is not compiled.
  clearway = {
    access = require "clearway.phase_access",
    body_filter = require "clearway.phase_body_filter",
    balancer = require "clearway.phase_balancer",
    forwarded = require "clearway.phase_forwarded",
    header_filter = require "clearway.phase_header_filter",
    log = require "clearway.phase_log",
  }
  require "clearway.phase_page"
  require "clearway.phase_plain"
  require "clearway.channel"
end

-- Runs in each worker before its first request.
function phase_init.worker()
  -- Reading through all routes and decisions again and again costs more than the memory that is saved by it.
  collectgarbage("setpause", 400)
  require("clearway.routes").load_snapshot(read_file(settings.snapshot))
  require("clearway.channel").start()
  if ngx.worker.id() == 0 then say_live() end
end

return phase_init
