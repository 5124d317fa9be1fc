import type { Dict } from './json.ts';

/** A company: nobody sees another's tasks, except public ones. */
export interface Company {
  readonly id: string;
  readonly name: string;
}

/** A user of the embedded API. */
export interface User {
  readonly id: string;
  /** Name to sign in with. */
  readonly login: string;
  /** Name to show. */
  readonly name: string;
  readonly password?: string;
  readonly company: string;
  readonly role: string;
  /** True for a service account, which has keys but is nobody (`users.get_current_user` 400/300). */
  readonly service: boolean;
  readonly created: number;
}

/** An API key with its secret. */
export interface Credential {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly user: string;
  readonly label?: string;
  lastUsed?: number;
}

/** Who calls, as the credential says: a token is believed as written (protocol 9.3). */
export interface Identity {
  readonly user: string;
  readonly company: string;
  readonly role: string;
  readonly userName: string;
  readonly companyName: string;
  /** Session of a token; undefined for Basic, and for tokens without one. */
  readonly session?: string;
}

/** A ClearML queue. */
export interface Queue {
  readonly id: string;
  readonly name: string;
  readonly company: string;
  readonly created: number;
  tags: readonly string[];
  systemTags: readonly string[];
  entries: { readonly task: string; readonly added: number }[];
  lastUpdate: number;
}

/** A ClearML project. */
export interface Project {
  readonly id: string;
  readonly name: string;
  readonly company: string;
  readonly user: string;
  readonly description?: string;
  readonly created: number;
  readonly systemTags: readonly string[];
}

/** A task as the API shows it: references as ids, stamps as ISO 8601 text. */
export interface TaskDocument {
  readonly id: string;
  company: string;
  user: string;
  name: string;
  type: string;
  status: string;
  project?: string;
  tags: readonly string[];
  system_tags: readonly string[];
  last_update: string;
  last_change: string;
  last_changed_by: string;
  execution: Dict;
  script: Dict;
  output: Dict;
  hyperparams: Dict;
  configuration: Dict;
  models: Dict;
  container: Dict;
  /** An object, or whatever else an edit was allowed to write (protocol 9.1). */
  runtime: unknown;
  started?: string;
  completed?: string;
  published?: string;
  [field: string]: unknown;
}

/** A task in memory: the document, what the API does not show, and its place in the order of changes. */
export interface TaskRecord {
  readonly doc: TaskDocument;
  /** Unix time in ms of `last_change`. */
  lastChange: number;
  /** Status before the task was enqueued. */
  enqueueStatus?: string;
  /** Company before the task was made public. */
  originCompany?: string;
  earlier?: TaskRecord;
  later?: TaskRecord;
}

/** A worker (an agent) that reports. */
export interface Worker {
  readonly id: string;
  readonly company: string;
  readonly user: string;
  readonly registered: number;
  readonly timeoutSeconds: number;
  queues: readonly string[];
  ip: string;
  lastActivity: number;
  lastReport?: number;
  task?: string;
}

/** An address of `routers.get_routes`, as the Enterprise API answers it (protocol 1.3, 10.1). */
export interface RouteDocument {
  readonly name: string;
  readonly enabled: boolean;
  readonly type: 'path' | 'subdomain';
  readonly status?: string;
  readonly load_balancer?: { readonly enabled: boolean };
}
