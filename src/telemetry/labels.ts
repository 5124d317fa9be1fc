/** Controllers, as metrics and logs name them. */
export const CONTROLLERS = [
  'task-routes',
  'static-routes',
  'port-leases',
  'upstreams',
  'route-table',
  'publication',
  'answering',
  'programming',
  'router-status',
] as const;

/** The name of a controller. */
export type ControllerName = (typeof CONTROLLERS)[number];

/** How a call of the ClearML API ended. */
export const CLEARML_OUTCOMES = [
  'ok',
  'refused',
  'unauthorized',
  'throttled',
  'unavailable',
  'unreachable',
  'malformed',
] as const;

/** How a call of the ClearML API ended. */
export type ClearmlOutcome = (typeof CLEARML_OUTCOMES)[number];

/** Kinds of credentials that callers show. */
export const CREDENTIAL_KINDS = ['session', 'cookie', 'bearer', 'basic'] as const;

/** Kind of a credential. */
export type CredentialLabel = (typeof CREDENTIAL_KINDS)[number];

/** What access decisions say. */
export const VERDICTS = ['allow', 'deny', 'unauthenticated', 'unavailable', 'throttled'] as const;

/** What an access decision says. */
export type VerdictLabel = (typeof VERDICTS)[number];

/** States of a port of the range. */
export const LEASE_STATES = ['held', 'resting', 'free', 'busy'] as const;

/** State of a port of the range. */
export type LeaseState = (typeof LEASE_STATES)[number];

/** `ready` has an address that works, `pending` will get one, `refused` needs a change of the task. */
export type RouteState = 'ready' | 'pending' | 'refused';

const CLEARML_ENDPOINTS: ReadonlySet<string> = new Set([
  'auth.login',
  'auth.logout',
  'queues.get_all',
  'queues.get_all_ex',
  'tasks.edit',
  'tasks.edit_runtime',
  'tasks.get_all',
  'tasks.get_all_ex',
  'tasks.get_by_id',
  'users.get_all_ex',
  'users.get_current_user',
  'workers.get_all',
]);

/** The endpoint as a label: itself when it is one that Clearway calls, else `other`. */
export function boundEndpoint(endpoint: string): string {
  return CLEARML_ENDPOINTS.has(endpoint) ? endpoint : 'other';
}
