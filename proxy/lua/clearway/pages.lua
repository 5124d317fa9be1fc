-- The gateway's own small answers. Nothing of a request is ever repeated in one; what varies is the router's word. The pages with
-- forms are the router's (src/access).

local page_shell = require "clearway.page_shell"
local settings = require "clearway.settings"

local find, format = string.find, string.format

local pages = {}

local SIGN_IN = { "/_clearway/sign-in", "Sign in" }
local WHO_AM_I = { "/_clearway/", "Who am I signed in as?" }

-- Title, text, and what a browser is offered beside.
local TEXTS = {
  [400] = { "Bad request", "This request cannot be read in one way only." },
  [401] = { "Sign in first", "This address is for users who are signed in to ClearML.", SIGN_IN },
  [403] = { "Not from there", "A page of another site asked for this in your name, and the gateway does not do that." },
  [404] = { "Not found", "There is nothing for you at this address." },
  [413] = { "Too large", "The gateway's own pages take no bodies of this size." },
  [421] = { "Not at this address", "The gateway is not served under this host name." },
  [429] = { "Too many tries", "There were too many wrong passwords or tokens from your address. Try again in a minute." },
  [431] = { "Headers too long", "The headers of this request are too long, or too many. Cookies are a common cause: delete some." },
  [500] = { "Something went wrong", "The gateway could not handle this request." },
  [502] = { "Not reachable", "The application answered before, and cannot be reached now. It may have stopped." },
  [503] = { "Not available now", "The gateway cannot answer this now. Try again in a moment." },
  [504] = { "No answer", "The application did not answer in time." },
  [508] = { "Loop", "This request came through this gateway before." },
}
local OTHER = { "Request refused", "The gateway does not accept this request." }
local RETRY_SECONDS = { [429] = 60, [503] = 5 }

local WAIT_SECONDS = 3
local PATIENCE_MS = 2 * 60 * 1000

local function wants_html()
  local accept = ngx.var.http_accept
  return accept ~= nil and find(accept, "text/html", 1, true) ~= nil
end

-- A browser that goes to an address, and not a script or a program.
function pages.is_navigation()
  local method = ngx.req.get_method()
  return (method == "GET" or method == "HEAD") and wants_html()
end

local function policy()
  local ancestors = settings.frameAncestors
  return "default-src 'none'; style-src " .. page_shell.style_source
    .. "; base-uri 'none'; form-action 'none'; frame-ancestors " .. (ancestors == "" and "*" or "'self' " .. ancestors)
end

local function respond(status, text, reload)
  local body
  local header = ngx.header
  ngx.status = status
  if wants_html() then
    header["Content-Type"] = "text/html; charset=utf-8"
    body = page_shell.html(text[1], text[2], text[3], reload)
  else
    header["Content-Type"] = "text/plain; charset=utf-8"
    body = text[1] .. ". " .. text[2] .. "\n"
  end
  header["Content-Length"] = #body
  header["Content-Security-Policy"] = policy()
  header["X-Content-Type-Options"] = "nosniff"
  header["Cache-Control"] = "no-store"
  header["Referrer-Policy"] = "no-referrer"
  ngx.print(body)
  return ngx.exit(ngx.HTTP_OK)
end

-- Ends the request with the gateway's page of this status.
function pages.send(status)
  if status == 401 then ngx.header["WWW-Authenticate"] = 'Bearer realm="clearway"' end
  ngx.header["Retry-After"] = RETRY_SECONDS[status]
  return respond(status, TEXTS[status] or OTHER)
end

local NOTHING_FOR_YOU = { TEXTS[404][1], TEXTS[404][2], WHO_AM_I }

-- Ends the request of a caller who is known: there is nothing here, or nothing for this caller.
function pages.nothing()
  return respond(404, NOTHING_FOR_YOU)
end

-- Ends the request of a host that is not ours.
function pages.misdirected()
  return respond(421, { TEXTS[421][1], TEXTS[421][2], { settings.routerUrl .. "/", "Go to " .. settings.routerUrl } })
end

-- Ends the request with the page of an application that has not answered yet: it reloads itself in a browser.
function pages.wait(entry)
  local text = "The task runs; its application does not answer yet. This page looks again by itself."
  -- Where everybody is let in, an address of the inside is nobody's business.
  if not entry.open and entry.since > 0 and ngx.now() * 1000 - entry.since > PATIENCE_MS then
    local where = entry.peer and format("at %s:%d", entry.peer, entry.port) or "at an address that is not known yet"
    text = format("The task runs, but for more than two minutes nothing has answered %s. Likely causes: the application "
      .. "is still starting, it listens on another port, or only on 127.0.0.1 inside its container.", where)
  end
  ngx.header["Retry-After"] = WAIT_SECONDS
  local reload = ngx.req.get_method() == "GET" and WAIT_SECONDS or nil
  return respond(503, { "Waiting for the application", text }, reload)
end

-- Ends the request with a redirect: 307 and 308 keep the method.
function pages.redirect(location, status)
  local header = ngx.header
  header["Location"] = location
  header["Cache-Control"] = "no-store"
  header["Content-Length"] = 0
  ngx.status = status or 307
  ngx.send_headers()
  return ngx.exit(ngx.HTTP_OK)
end

-- Ends the request of a caller whom nobody knows: the same answer for every address. A browser comes back here from the
-- sign-in page.
function pages.sign_in(target)
  if not pages.is_navigation() then return pages.send(401) end
  return pages.redirect("/_clearway/sign-in?to=" .. ngx.escape_uri(target), 302)
end

-- Ends the request with an answer without a body.
function pages.empty(status)
  ngx.header["Cache-Control"] = "no-store"
  ngx.status = status
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
