import type { Observable } from 'rxjs';
import type { RouteTable } from '../domain/route-table.ts';
import type { TaskView } from '../domain/task-view.ts';

/** Tells the time; a fake one in tests. */
export interface Clock {
  /** Unix time in ms. */
  now(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it aborts. Without a signal it keeps no process alive. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The tasks of ClearML that ask for a route, or did: silence is never absence (see `TaskWatcher`). */
export interface TaskSource {
  /** Ids of tasks whose relevant fields changed; the event says nothing more. */
  readonly changes: Observable<string>;
  /** The last view; undefined when ClearML said nothing of this task yet. */
  get(taskId: string): TaskView | undefined;
  ids(): Iterable<string>;
  /** True after the first complete pass. */
  readonly synced: boolean;
  /** Drops a task that no longer matters: its routes are gone and its runtime is clean. */
  forget(taskId: string): void;
  /** Looks at this task again soon, by id (after a write, or when something contradicts), and emits it whatever is found. */
  refresh(taskId: string): void;
}

/** What can be set in, or removed from, a task's runtime. */
export interface RuntimePatch {
  readonly set: Readonly<Record<string, string | number>>;
  readonly remove: readonly string[];
}

/** Reads and writes one task by id. */
export interface TaskWriter {
  /** A fresh view, or `missing` when ClearML says that there is no such task. */
  read(taskId: string, signal: AbortSignal): Promise<TaskView | 'missing'>;
  /** `tasks.edit_runtime`: atomic; only for keys that it does not mangle, on a task that is created, queued or in progress. */
  editRuntime(taskId: string, patch: RuntimePatch, signal: AbortSignal): Promise<void>;
  /** Fresh `tasks.get_by_id`, then whole-dict `tasks.edit{force}`: other keys and their types are kept. */
  replaceRuntime(taskId: string, patch: RuntimePatch, signal: AbortSignal): Promise<void>;
  /** True when the server has `tasks.edit_runtime` (API 2.34 or newer). */
  readonly hasEditRuntime: boolean;
}

/** Where workers are, from `workers.get_all`. */
export interface WorkerSource {
  /** Address of the worker that runs this task, as ClearML heard it; a last resort. */
  addressOf(taskId: string, signal: AbortSignal): Promise<string | undefined>;
}

/**
 * What is known of a host name now: its addresses (none when there is no such name), `pending` before the first answer, or
 * `unavailable` when nobody could say.
 */
export type NameAnswer = { readonly addresses: readonly string[] } | 'pending' | 'unavailable';

/** Host names and their addresses. */
export interface NameSource {
  /** Answers at once, and looks the name up behind that when the answer is old. Names that are asked for again and again are followed. */
  lookup(hostName: string): NameAnswer;
  /** Host names whose addresses changed, or became known. */
  readonly changes: Observable<string>;
}

/** A container as the engine tells it. */
export interface ContainerFact {
  readonly id: string;
  readonly name: string;
  /** Value of CLEARML_TASK_ID in its environment. */
  readonly taskId?: string;
  readonly running: boolean;
  readonly hostNetwork: boolean;
  /** One per network. */
  readonly addresses: readonly string[];
  readonly published: readonly {
    readonly containerPort: number;
    readonly hostAddress: string;
    readonly hostPort: number;
  }[];
}

/** What the engine says; `available: false` when there is no engine, or it does not answer now. */
export interface EngineFacts {
  readonly available: boolean;
  /** While the engine does not answer: what still holds, because a dead engine starts no container. */
  readonly containers: readonly ContainerFact[];
  /** Subnets of the engine's bridge networks, in CIDR form. */
  readonly bridgeSubnets: readonly string[];
}

/** The Docker engine: containers, their addresses, and what happens to them. */
export interface Engine {
  /** Emits when {@link Engine.facts} changed. */
  readonly changes: Observable<void>;
  readonly facts: EngineFacts;
}

/** One complete or incomplete set of workers: the workers of one nginx. */
export interface ProxyState {
  /** Id of the nginx: made by its supervisor at start. */
  readonly id: string;
  readonly configRevision: string;
  readonly workers: number;
  readonly liveWorkers: number;
  readonly complete: boolean;
  /** Lowest generation that all live workers acknowledged. */
  readonly generation: number;
  /** Listen ports that it really holds. */
  readonly heldPorts: readonly number[];
  /** What it says of its host; absent for a proxy that does not say. */
  readonly host?: HostFacts;
  /** Format number of a proxy that speaks none of ours: it keeps the table that it has. */
  readonly unsupportedFormat?: number;
}

/** What proxies see of the network that they connect from. The router may be in a container and see another one. */
export interface HostFacts {
  /** Every address that means this host, loopback aside. */
  readonly addresses: readonly string[];
  /** Subnets of the bridges of this host, as CIDRs. */
  readonly bridges: readonly string[];
}

/** First success of an application, seen by a proxy. */
export interface Answered {
  /** Name of the TaskRoute. */
  readonly route: string;
}

/** The router's side of the proxy. */
export interface DataPlane {
  /** Makes the table live: snapshot renamed, TCP files written, then workers told. Resolves with its generation; the same generation when nothing changed. */
  apply(table: RouteTable): Promise<number>;
  /** What the snapshot of an earlier run holds; undefined when there is none. */
  restored(): RouteTable | undefined;
  /** Emits when {@link DataPlane.proxies} or {@link DataPlane.acknowledged} changed. */
  readonly changes: Observable<void>;
  readonly proxies: readonly ProxyState[];
  /** Lowest generation that every complete worker set acknowledged; 0 while there is no complete set. */
  readonly acknowledged: number;
  /** Ports of the TCP range that a complete set holds. */
  readonly heldPorts: ReadonlySet<number>;
  /**
   * What the proxies say of their hosts, together: the last word holds while there is none. Undefined until a proxy polled.
   * {@link DataPlane.changes} emits when it changed.
   */
  readonly host: HostFacts | undefined;
  readonly answered: Observable<Answered>;
}

/** What a credential is: a session of ours, ClearML's cookie, a bearer token, or a key with its secret (RFC 7617). */
export type CredentialKind = 'session' | 'cookie' | 'bearer' | 'basic';

/** A caller of an application, as the proxy saw the credential. */
export interface AccessQuestion {
  readonly kind: CredentialKind;
  /** The value of the cookie, or what follows the scheme in Authorization. */
  readonly credential: string;
  /** `-` for an address that no route has: only whether the caller is known is wanted. */
  readonly task: string;
  /** Key of the route whose host was asked (CLEARWAY_ROUTE_DOMAIN); absent on the main host. */
  readonly host?: string;
  /** Address of the caller, for the limit on wrong passwords. */
  readonly client?: string;
}

/**
 * Answer to an {@link AccessQuestion}.
 *
 * @remarks
 * `deny`: known, and not allowed. `unavailable`: nobody could be asked, so nobody gets in. `throttled`: too many wrong passwords;
 * nothing was asked. A decision about a known caller names what it hangs on, so that it ends with that.
 */
export type AccessAnswer =
  | {
      readonly verdict: 'allow' | 'deny';
      readonly user: string;
      /** Id of the session of ours that the credential is. */
      readonly session?: string;
      /** Unix time in ms at which the credential ends. */
      readonly expires?: number;
    }
  | { readonly verdict: 'unauthenticated' | 'unavailable' | 'throttled' };

/** Decides who gets in. */
export interface AccessDecider {
  decide(question: AccessQuestion, signal: AbortSignal): Promise<AccessAnswer>;
}

/** What decisions hang on: a session of ours, a user, a task, or everything. */
export type AccessSubject = `session:${string}` | `user:${string}` | `task:${string}` | '*';

/** Makes proxies ask again. */
export interface AccessRevoker {
  /**
   * Voids every decision about these subjects that was asked for before now, in every proxy; connections whose caller is
   * then not let in any more end. Resolves when all complete proxies know, or after a second.
   */
  revoke(subjects: readonly AccessSubject[]): Promise<void>;
}
