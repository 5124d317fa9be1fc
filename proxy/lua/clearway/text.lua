-- Texts of strangers, in time that grows with their length: a pattern with two repetitions in a row, such as "^%s*(.-)%s*$", takes
-- that length to the second or third power, and a worker serves nobody else meanwhile.

local find, match = string.find, string.match

local text = {}

-- Without what is white at its end.
function text.trim_end(value)
  return match(value, "^.*%S") or ""
end

-- Without what is white around it.
function text.trim(value)
  local first = find(value, "%S")
  return first and match(value, ".*%S", first) or ""
end

return text
