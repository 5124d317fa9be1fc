-- What the configuration told this nginx: set once by the master before it forks, constant afterwards.

local settings = {
  -- Format of table, snapshot and requests that this version speaks.
  format = 1,
  revision = "",
  -- Id of this nginx: made by its supervisor at each start.
  proxy = "",
  authEnabled = true,
  cookieName = "",
  sessionCookie = "",
  -- Lists are words with spaces between them.
  hosts = "*",
  routerUrl = "",
  routeDomain = "",
  corsOrigins = "",
  -- The same as a set.
  corsSet = {},
  frameAncestors = "",
  -- True when there are load balancers whose word counts.
  trusts = false,
  -- Relative to the run folder, which is the working directory: a unix path must be shorter than 108 bytes.
  routerSocket = "unix:shared/router.sock",
  snapshot = "shared/snapshot.json",
}

return settings
