-- Decisions that no longer hold: by subject, the generation up to which they are void.
--
-- A decision carries the generation that the router had read before it asked ClearML. So one that is still under way
-- while its subject is revoked is seen to be old when it arrives.

local pairs, type = pairs, type

local revocations = {
  -- Counts the changes: whoever remembers that a decision held compares this number first.
  epoch = 0,
}

local stamps = {}

-- Takes over what the router says (the whole of it, each time). True when something more is void.
function revocations.apply(said)
  if type(said) ~= "table" then return false end
  local more = false
  local taken = {}
  for subject, generation in pairs(said) do
    if type(subject) == "string" and type(generation) == "number" then
      taken[subject] = generation
      if generation > (stamps[subject] or -1) then more = true end
    end
  end
  stamps = taken
  if more then revocations.epoch = revocations.epoch + 1 end
  return more
end

local function is_void(subject, generation)
  local stamp = stamps[subject]
  return stamp ~= nil and generation <= stamp
end

-- True when this decision about this task no longer holds.
function revocations.voids(decision, task)
  local generation = decision.generation
  return is_void("*", generation)
    or is_void("task:" .. task, generation)
    or (decision.user ~= nil and is_void("user:" .. decision.user, generation))
    or (decision.session ~= nil and is_void("session:" .. decision.session, generation))
end

return revocations
