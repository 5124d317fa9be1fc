-- Limits that nginx has no directive for.

local ffi = require "ffi"
local base = require "resty.core.base"
-- Declares what counts headers.
require "resty.core.request"

local C, get_request = ffi.C, base.get_request

-- Browsers send some thirty, and proxies on the way a few more. What nginx's buffers would hold is thousands.
local MOST_HEADERS = 200

local is_more = ffi.new("int[1]")

local limits = {}

-- True when a request has more header lines than anybody needs. It takes no look at the lines themselves.
function limits.has_too_many_headers()
  is_more[0] = 0
  C.ngx_http_lua_ffi_req_get_headers_count(get_request(), MOST_HEADERS, is_more)
  return is_more[0] ~= 0
end

return limits
