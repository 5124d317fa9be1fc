-- body_filter_by_lua, only where HTTP/2 is spoken: a stream whose caller lost the access ends at its next chunk.

local live = require "clearway.live"

return function()
  if live.ended() then return ngx.ERROR end
end
