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

/** Methods of requests to the resource API; a watch counts apart from other reads. */
const API_VERBS: Readonly<Record<string, string>> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

const API_RESOURCES: ReadonlySet<string> = new Set([
  'taskroutes',
  'staticroutes',
  'routers',
  'portpools',
  'events',
  'namespaces',
  'customresourcedefinitions',
]);

/** The verb of a request to the resource API as a label. */
export function boundApiVerb(method: string, isStream: boolean): string {
  return isStream ? 'watch' : (API_VERBS[method] ?? 'other');
}

/** The resource that a path of the resource API is about, as a label: itself when it is one that is served, else `other`. */
export function boundApiResource(path: string): string {
  const segments = path.split('/');
  // The name of a namespace may be that of a resource.
  const found = segments.findLast(
    (segment, index) =>
      API_RESOURCES.has(segment) && index > 2 && segments[index - 1] !== 'namespaces',
  );
  return found ?? 'other';
}
