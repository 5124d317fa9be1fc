/** Marks the file as ours: "CLWY". */
export const APPLICATION_ID = 0x434c5759;

const FIRST = `
CREATE TABLE counter (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  value INTEGER NOT NULL
) STRICT;
INSERT INTO counter (id, value) VALUES (1, 0);

CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

CREATE TABLE resource (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  namespace TEXT NOT NULL,
  name TEXT NOT NULL,
  uid TEXT NOT NULL UNIQUE,
  version INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  created TEXT NOT NULL,
  labels TEXT NOT NULL,
  annotations TEXT NOT NULL,
  spec TEXT NOT NULL,
  status TEXT NOT NULL,
  UNIQUE (kind, namespace, name)
) STRICT;

CREATE TABLE event (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  namespace TEXT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  uid TEXT NOT NULL,
  type TEXT NOT NULL,
  reason TEXT NOT NULL,
  message TEXT NOT NULL,
  count INTEGER NOT NULL,
  first_time TEXT NOT NULL,
  last_time TEXT NOT NULL,
  version INTEGER NOT NULL
) STRICT;
CREATE INDEX event_by_object ON event (namespace, kind, name);
`;

const SESSION_REVOCATIONS = `
CREATE TABLE session_revocation (
  subject TEXT PRIMARY KEY,
  user TEXT NOT NULL,
  at INTEGER NOT NULL,
  until INTEGER NOT NULL
) STRICT;
`;

// An event of the time before gets a name and a uid that stay; %x is the hex of its number.
const READ_BY_OTHERS = `
ALTER TABLE resource ADD COLUMN managed_fields TEXT NOT NULL DEFAULT '[]';

ALTER TABLE event ADD COLUMN event_name TEXT NOT NULL DEFAULT '';
ALTER TABLE event ADD COLUMN event_uid TEXT NOT NULL DEFAULT '';
UPDATE event SET event_name = name || '.' || printf('%x', id), event_uid = lower(printf('%s-%s-4%s-a%s-%s',
  hex(randomblob(4)), hex(randomblob(2)), substr(hex(randomblob(2)), 2), substr(hex(randomblob(2)), 2), hex(randomblob(6))));
DROP INDEX event_by_object;
CREATE UNIQUE INDEX event_by_name ON event (namespace, event_name);
`;

const API_CREDENTIALS = `
CREATE TABLE api_credential (
  name TEXT PRIMARY KEY,
  role TEXT NOT NULL,
  hash TEXT NOT NULL UNIQUE,
  created INTEGER NOT NULL,
  expires INTEGER,
  used INTEGER
) STRICT;
`;

/**
 * The steps from an empty file to the current schema; the file's `user_version` counts those that it has seen.
 *
 * @remarks A released step is never changed: a new one is added at the end.
 */
export const MIGRATIONS: readonly string[] = [
  FIRST,
  SESSION_REVOCATIONS,
  READ_BY_OTHERS,
  API_CREDENTIALS,
];
