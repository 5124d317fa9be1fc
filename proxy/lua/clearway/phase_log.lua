-- log_by_lua: the request is over.

local live = require "clearway.live"

return live.leave
