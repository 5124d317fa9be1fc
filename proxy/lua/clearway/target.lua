-- What a request means, by its Host and its request target.

local path = require "clearway.path"

local target = {}

-- Returns kind and what belongs to it, as path.read does.
function target.read(host, uri)
  if not host then return "bad" end
  return path.read(uri)
end

return target
