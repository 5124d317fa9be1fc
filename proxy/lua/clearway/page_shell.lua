-- The look of the gateway's own small answers: that of its pages with forms (templates/pages), in little.

local digest = require "clearway.digest"

local format = string.format

local page_shell = {}

local STYLE = [[
:root{color-scheme:light dark;--ground:#f3f5f8;--card:#fff;--line:#dde2e9;--text:#1a1f27;--soft:#505a68;--accent:#0b5c8f;--on-accent:#fff}
@media(prefers-color-scheme:dark){:root{--ground:#12151a;--card:#1b2027;--line:#2f3640;--text:#e7eaef;--soft:#a9b2bf;--accent:#74bdea;--on-accent:#0c1217}}
body{margin:0;padding:clamp(1.25rem,12vh,7rem) 1.25rem 2rem;background:var(--ground);color:var(--text);font:1rem/1.5 system-ui,sans-serif}
main{max-width:28rem;margin:0 auto}
.wordmark{margin:0 0 1rem;color:var(--soft);font-size:.9375rem;font-weight:600}
.card{padding:2rem;border:1px solid var(--line);border-radius:.75rem;background:var(--card);overflow-wrap:anywhere}
h1{margin:0 0 .25rem;font-size:1.5rem;line-height:1.25}
p{margin:0}
.card p+p{margin-top:1.5rem}
a{display:inline-block;padding:.625rem 1.125rem;border-radius:.5rem;background:var(--accent);color:var(--on-accent);font-weight:600;text-decoration:none}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
]]

local SHELL = [[<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">%s
<title>%s · Clearway</title><style>%s</style></head>
<body><main><p class="wordmark">Clearway</p><div class="card"><h1>%s</h1><p>%s</p>%s</div></main></body></html>
]]

-- What a Content-Security-Policy says of styles: this one and no other.
page_shell.style_source = format("'sha256-%s'", ngx.encode_base64(digest.sha256(STYLE)))

-- A page. `link` is { address, text } or nil; `reload` the seconds after which a browser looks again, or nil. All of it is
-- ours: nothing is escaped.
function page_shell.html(title, text, link, reload)
  local head = reload and format('<meta http-equiv="refresh" content="%d">', reload) or ""
  local offer = link and format('<p><a href="%s">%s</a></p>', link[1], link[2]) or ""
  return format(SHELL, head, title, STYLE, title, text, offer)
end

return page_shell
