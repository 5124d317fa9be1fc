-- content_by_lua of the named locations that nginx's own errors lead to.

local live = require "clearway.live"
local pages = require "clearway.pages"
local routes = require "clearway.routes"

local phase_page = {}

-- The upstream could not be reached, or broke off before it answered.
function phase_page.unreachable()
  local entry = live.entry()
  entry = entry and (routes.http[entry.key] or entry)
  if not entry then return pages.send(503) end
  -- Something in between may accept and close while the application still starts (a port published by the
  -- engine), so until its first answer every failure means waiting.
  if not entry.answered then return pages.wait(entry) end
  return pages.send(ngx.var.upstream_status == "504" and 504 or 502)
end

-- The router, whose page was asked for, does not answer.
function phase_page.away()
  return pages.send(503)
end

-- Anything else that nginx refuses by itself: keeps the status, replaces the page.
function phase_page.problem()
  return pages.send(ngx.status)
end

return phase_page
