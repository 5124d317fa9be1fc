-- The gateway's own small answers. Nothing of a request is ever repeated in one; what varies is the router's word.

local find, format = string.find, string.format

local pages = {}

local SHELL = [[<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">%s<title>%s</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:34em;margin:15vh auto;padding:0 1em}h1{font-size:1.3em}</style>
</head><body><h1>%s</h1><p>%s</p></body></html>
]]

local TEXTS = {
  [400] = { "Bad request", "This request cannot be read in one way only." },
  [401] = { "Sign in first", "This address is for users who are signed in to ClearML." },
  [404] = { "Not found", "There is nothing for you at this address." },
  [431] = { "Headers too long", "The headers of this request are too long, or too many. Cookies are a common cause: delete some." },
  [500] = { "Something went wrong", "The gateway could not handle this request." },
  [502] = { "Not reachable", "The application answered before, and cannot be reached now. It may have stopped." },
  [503] = { "Not available now", "The gateway cannot answer this now. Try again in a moment." },
  [504] = { "No answer", "The application did not answer in time." },
}
local OTHER = { "Request refused", "The gateway does not accept this request." }

local WAIT_SECONDS = 3
local PATIENCE_MS = 2 * 60 * 1000

local function wants_html()
  local accept = ngx.var.http_accept
  return accept ~= nil and find(accept, "text/html", 1, true) ~= nil
end

local function respond(status, title, text, head)
  local body
  local header = ngx.header
  ngx.status = status
  if wants_html() then
    header["Content-Type"] = "text/html; charset=utf-8"
    body = format(SHELL, head or "", title, title, text)
  else
    header["Content-Type"] = "text/plain; charset=utf-8"
    body = title .. ". " .. text .. "\n"
  end
  header["Content-Length"] = #body
  header["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
  header["X-Content-Type-Options"] = "nosniff"
  header["Cache-Control"] = "no-store"
  header["Referrer-Policy"] = "no-referrer"
  ngx.print(body)
  return ngx.exit(ngx.HTTP_OK)
end

-- Ends the request with the gateway's page of this status.
function pages.send(status)
  local text = TEXTS[status] or OTHER
  if status == 401 then ngx.header["WWW-Authenticate"] = 'Bearer realm="clearway"' end
  if status == 503 then ngx.header["Retry-After"] = 5 end
  return respond(status, text[1], text[2])
end

-- Ends the request with the page of an application that has not answered yet: it reloads itself in a browser.
function pages.wait(entry)
  local text = "The task runs; its application does not answer yet. This page looks again by itself."
  if entry.since > 0 and ngx.now() * 1000 - entry.since > PATIENCE_MS then
    local where = entry.peer and format("at %s:%d", entry.peer, entry.port) or "at an address that is not known yet"
    text = format("The task runs, but for more than two minutes nothing has answered %s. Likely causes: the application "
      .. "is still starting, it listens on another port, or only on 127.0.0.1 inside its container.", where)
  end
  ngx.header["Retry-After"] = WAIT_SECONDS
  local reload = ngx.req.get_method() == "GET" and format('<meta http-equiv="refresh" content="%d">', WAIT_SECONDS) or ""
  return respond(503, "Waiting for the application", text, reload)
end

-- Ends the request with a relative redirect that keeps the method.
function pages.redirect(location)
  local header = ngx.header
  header["Location"] = location
  header["Cache-Control"] = "no-store"
  header["Content-Length"] = 0
  ngx.status = 307
  ngx.send_headers()
  return ngx.exit(ngx.HTTP_OK)
end

-- Answers that nginx is up; needs no credentials and tells nothing else.
function pages.health()
  local header = ngx.header
  header["Content-Type"] = "text/plain; charset=utf-8"
  header["Cache-Control"] = "no-store"
  header["Content-Length"] = 3
  ngx.print("ok\n")
  return ngx.exit(ngx.HTTP_OK)
end

return pages
