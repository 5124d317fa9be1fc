/**
 * What a caller does after an {@link OperatorError}.
 *
 * - `retry`: the world may be better soon; try again with backoff.
 * - `blocked`: nothing will change until someone changes something; wait for a change.
 * - `fatal`: continuing would do harm; only at start-up.
 */
export type Outcome = 'retry' | 'blocked' | 'fatal';

/** Every error that Clearway raises on purpose: its constant message and what to do next. */
export const ERRORS = {
  SETTINGS_INVALID: ['the settings are not usable', 'fatal'],
  CLEARML_UNREACHABLE: ['the ClearML API cannot be reached', 'retry'],
  CLEARML_UNAVAILABLE: ['the ClearML API answered that it cannot answer now', 'retry'],
  CLEARML_THROTTLED: ['the ClearML API asked to slow down', 'retry'],
  CLEARML_UNAUTHORIZED: ['the ClearML API refused the credentials', 'retry'],
  CLEARML_MALFORMED: ['the ClearML API sent an answer that cannot be read', 'retry'],
  CLEARML_REFUSED: ['the ClearML API refused the request', 'blocked'],
  RESOURCE_CONFLICT: ['the resource was changed by another writer', 'retry'],
  RESOURCE_NOT_FOUND: ['there is no such resource', 'blocked'],
  RESOURCE_EXISTS: ['a resource of this name exists', 'blocked'],
  RESOURCE_INVALID: ['the resource is not valid', 'blocked'],
  RESOURCE_VERSION_EXPIRED: ['the resource version is too old to watch from', 'retry'],
  STORE_LOCKED: ['another router uses this state folder', 'fatal'],
  STORE_UNUSABLE: ['the state folder cannot be used', 'fatal'],
  STORE_TOO_NEW: ['the state was written by a newer version', 'fatal'],
  STORE_WRITE_FAILED: ['the state cannot be written', 'retry'],
  ENGINE_UNREACHABLE: ['the Docker engine cannot be reached', 'retry'],
  PROXY_FOLDER_UNUSABLE: ['the nginx folder cannot be used', 'fatal'],
  PROXY_WRITE_FAILED: ['the nginx folder cannot be written', 'retry'],
  PROXY_TEMPLATE_INVALID: ['a template does not render', 'fatal'],
  UPSTREAM_NAME_PENDING: ['a host name is being looked up', 'retry'],
  UPSTREAM_NAME_UNAVAILABLE: ['a host name cannot be resolved just now', 'retry'],
  CONTROL_UNREACHABLE: ['the router cannot be reached', 'blocked'],
  API_REFUSED: ['the router refused the request', 'blocked'],
  FILE_REFUSED: ['the file is not written', 'blocked'],
  DEMO_FAILED: ['the demo cannot go on', 'fatal'],
  UNEXPECTED: ['something unexpected happened', 'retry'],
} as const satisfies Record<string, readonly [message: string, outcome: Outcome]>;

/** The stable name of an error, `AREA_PROBLEM`. */
export type ErrorCode = keyof typeof ERRORS;

/** An error with a stable code, a constant message and what to do next; details never hold secrets. */
export class OperatorError extends Error {
  readonly code: ErrorCode;
  readonly outcome: Outcome;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    details: Readonly<Record<string, unknown>> = {},
    options?: { readonly cause?: unknown },
  ) {
    super(ERRORS[code][0], options);
    this.name = 'OperatorError';
    this.code = code;
    this.outcome = ERRORS[code][1];
    this.details = details;
  }
}

/** True for an {@link OperatorError} of this code. */
export function hasCode(error: unknown, code: ErrorCode): error is OperatorError {
  return error instanceof OperatorError && error.code === code;
}

/** True when the error is the end of an AbortSignal, which is neither a failure nor a log line. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError');
}

/** Anything that was thrown as an {@link OperatorError}: itself, or `UNEXPECTED` with it as cause. */
export function toOperatorError(thrown: unknown): OperatorError {
  return thrown instanceof OperatorError
    ? thrown
    : new OperatorError('UNEXPECTED', {}, { cause: thrown });
}
