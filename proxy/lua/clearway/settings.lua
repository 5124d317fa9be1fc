-- What the configuration told this nginx: set once by the master before it forks, constant afterwards.

local settings = {
  -- Format of table, snapshot and requests that this version speaks.
  format = 1,
  revision = "",
  -- Id of this nginx: made by its supervisor at each start.
  proxy = "",
  authEnabled = true,
  cookieName = "",
  secureCookies = true,
  -- Relative to the run folder, which is the working directory: a unix path must be shorter than 108 bytes.
  routerSocket = "unix:shared/router.sock",
  snapshot = "shared/snapshot.json",
}

return settings
