import type { ErrorCode } from '../errors.ts';

/** What an administrator does about each error code. */
export const ERROR_HELP: Readonly<Record<ErrorCode, string>> = {
  SETTINGS_INVALID: 'Correct the settings that the message names.',
  CLEARML_UNREACHABLE:
    'See that CLEARML_API_HOST is right and can be reached from the router; `clearway check` tries it.',
  CLEARML_UNAVAILABLE:
    'ClearML is starting or in trouble: look at its own log. Routes stay as they are.',
  CLEARML_THROTTLED: 'Nothing: the router waits as long as ClearML asked.',
  CLEARML_UNAUTHORIZED: 'Set CLEARML_API_ACCESS_KEY and CLEARML_API_SECRET_KEY to valid ones.',
  CLEARML_MALFORMED:
    'See that CLEARML_API_HOST is the API server, not the web server, and that no proxy between answers in its place.',
  CLEARML_REFUSED: 'See that the credentials belong to a user who may edit tasks.',
  RESOURCE_CONFLICT: 'Nothing: the writer reads again and retries.',
  RESOURCE_NOT_FOUND: 'Check the name; the resource may be gone since.',
  RESOURCE_EXISTS: 'Choose another name, or change the resource that exists.',
  RESOURCE_INVALID: 'Correct the fields that the message names.',
  RESOURCE_VERSION_EXPIRED: 'Nothing: the watcher lists again.',
  STORE_LOCKED:
    'Stop the other router, or give this one its own state folder (CLEARWAY_STATE_FOLDER).',
  STORE_UNUSABLE:
    'Do what the message says about the path. The state may be moved away: routes are rebuilt from ClearML.',
  STORE_TOO_NEW:
    'Start the version that wrote it, or a newer one; or move the state away: routes are rebuilt from ClearML.',
  STORE_WRITE_FAILED:
    'Free disk space on the file system of the state folder. Routes go on working.',
  ENGINE_UNREACHABLE:
    "Mount the engine's socket into the router, or do without: only container addresses are unknown then.",
  PROXY_FOLDER_UNUSABLE:
    'Make the nginx folder writable for the router (uid 65532), and shared with the proxy.',
  PROXY_WRITE_FAILED:
    'Free disk space on the file system of the nginx folder, and keep it writable for the router. Routes that are live stay.',
  PROXY_TEMPLATE_INVALID: 'Reinstall: a template of this version is damaged.',
  UPSTREAM_NAME_PENDING: 'Nothing: its routes are looked at again when the resolver answers.',
  UPSTREAM_NAME_UNAVAILABLE:
    'The resolver of the router does not answer; the upstream that was known stays. Check DNS inside the router.',
  CONTROL_UNREACHABLE:
    'The command speaks to a running router over the socket in its state folder: run it where that is, as its user or as root.',
  API_REFUSED: 'Do what the message of the router says.',
  FILE_REFUSED: 'Do what the message says about the path.',
  DEMO_FAILED:
    'The last lines of the part that failed are printed; see whether a port or a program is missing.',
  UNEXPECTED: 'Report it with the log line; the router retries meanwhile.',
};
