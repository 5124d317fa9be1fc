import { hostPort } from './address.ts';
import { parseHostPort } from './host.ts';
import { MARK_KEY, formatMark, parseMark, replacedUpstreams, type Mark } from './marks.ts';
import { isEndpointUrl } from './route-name.ts';
import { endpointKey, survivesEditRuntime } from './runtime-keys.ts';
import type { TaskView } from './task-view.ts';

/** An address of a TaskRoute that the proxy serves: what the task's runtime must say. */
export type PublishedEndpoint =
  | {
      readonly protocol: 'http';
      readonly endpointName: string;
      readonly url: string;
    }
  | {
      readonly protocol: 'tcp';
      readonly endpointName: string;
      readonly address: string;
      readonly port: number;
      /** What the task wrote, and our address replaces; empty when our own address had come back. */
      readonly target: { readonly address: string; readonly port: number };
    };

/** What to set in a task's runtime, and what to remove from it. */
export interface Patch {
  readonly set: Readonly<Record<string, string | number>>;
  readonly remove: readonly string[];
}

/** One write. `waitForQuiet` writes nothing: others are writing the whole runtime just now. */
export type PublicationStep =
  | { readonly step: 'editRuntime'; readonly patch: Patch }
  | { readonly step: 'replaceRuntime'; readonly patch: Patch }
  | { readonly step: 'waitForQuiet'; readonly ms: number };

/** How a patch may be written. */
export interface WriteFacts {
  readonly task: TaskView;
  readonly hasEditRuntime: boolean;
  /** Unix times in ms. */
  readonly now: number;
  readonly waitingSince: number;
}

const NO_PATCH: Patch = { set: {}, remove: [] };
/** `tasks.edit` replaces the whole runtime: wait until the task's last change is this old, but not for ever. */
const QUIET_MS = 1_000;
const PATIENCE_MS = 5_000;
const EDITABLE = ['created', 'queued', 'in_progress'];

/** True when nothing has to be written. */
export function isEmptyPatch(patch: Patch): boolean {
  return Object.keys(patch.set).length === 0 && patch.remove.length === 0;
}

/** What a task's endpoints are, as far as its runtime must say it. */
export interface PublicationFacts {
  /** Whose mark the task gets. */
  readonly owner: Pick<Mark, 'router' | 'instance'>;
  /** The endpoints that the proxy serves. */
  readonly served: readonly PublishedEndpoint[];
  /** The endpoints that the task asks for and nobody refused: what was published of one that is not served now stays. */
  readonly known: readonly EndpointName[];
  /** Names of tcp endpoints that showed an address of ours and are served no more: what it replaced comes back. */
  readonly withdrawn: readonly string[];
  /** All endpoints that the task asks for: what our TCP addresses replaced is remembered for each. */
  readonly asked: readonly EndpointName[];
}

/** An endpoint by protocol and name. */
export interface EndpointName {
  readonly protocol: 'http' | 'tcp';
  readonly endpointName: string;
}

/**
 * What must change in the runtime of a running task, for the endpoints that the proxy serves; empty when all is said.
 *
 * Endpoint keys of ours whose route is gone are removed; the mark says whose the task is, what our TCP
 * addresses replaced, and which URLs at StaticRoutes are ours.
 *
 * @param task one that this router may write to: see `ownershipRefusal`
 */
export function publishPatch(task: TaskView, facts: PublicationFacts): Patch {
  const former = parseMark(task.runtime[MARK_KEY]);
  const own = ownEndpointKeys(task, former);
  if (facts.served.length === 0 && facts.withdrawn.length === 0) {
    // Nothing is served yet; or nothing any more, and then what was published of it goes.
    if (former === undefined) return NO_PATCH;
    const known = namesOf(facts.known);
    const refused = facts.asked.filter((name) => isHttp(name) && !known.has(name.endpointName));
    const gone = urlKeys(refused);
    return { set: markWithout(former, refused), remove: own.filter((key) => gone.has(key)) };
  }
  const back = restored(task, former, facts.withdrawn);
  const desired: Record<string, string | number> = {
    ...back.set,
    ...Object.fromEntries(facts.served.flatMap(keysOf)),
  };
  desired[MARK_KEY] = formatMark(markFor(facts, former, task.id));
  const kept = urlKeys(facts.known);
  return {
    set: Object.fromEntries(
      Object.entries(desired).filter(([key, value]) => task.runtime[key] !== value),
    ),
    remove: [...own.filter((key) => !kept.has(key)), ...back.remove],
  };
}

/** The mark that forgets the URLs of these endpoints; nothing where it remembers none of them. */
function markWithout(former: Mark, refused: readonly EndpointName[]): Patch['set'] {
  const names = namesOf(refused);
  const addresses = Object.entries(former.addresses ?? {});
  const kept = addresses.filter(([name]) => !names.has(name));
  if (kept.length === addresses.length) return {};
  return { [MARK_KEY]: formatMark({ ...former, addresses: Object.fromEntries(kept) }) };
}

/** The keys at which the URLs of http endpoints stand. */
function urlKeys(endpoints: readonly EndpointName[]): ReadonlySet<string> {
  return new Set(
    endpoints
      .filter(isHttp)
      .flatMap(({ endpointName }) => [
        endpointKey('endpoint', endpointName),
        endpointKey('browser_endpoint', endpointName),
      ]),
  );
}

function markFor(facts: PublicationFacts, former: Mark | undefined, task: string): Mark {
  return {
    ...facts.owner,
    upstreams: upstreamsOf(facts, former),
    addresses: addressesOf(facts, former, task),
  };
}

/**
 * The URLs that do not say themselves whose they are, as those at StaticRoutes: those of now, and the former ones of endpoints whose
 * keys stay as they are.
 */
function addressesOf(
  { served, known }: PublicationFacts,
  former: Mark | undefined,
  task: string,
): Readonly<Record<string, string>> {
  const isServed = namesOf(served);
  const kept = known.filter(isHttp).flatMap(({ endpointName }) => {
    const url = recordAt(former?.addresses, endpointName);
    return url === undefined || isServed.has(endpointName) ? [] : [[endpointName, url] as const];
  });
  const now = served.flatMap((endpoint) =>
    endpoint.protocol === 'http' && !isEndpointUrl(endpoint.url, task)
      ? [[endpoint.endpointName, endpoint.url] as const]
      : [],
  );
  return Object.fromEntries([...kept, ...now]);
}

/** Names of the http endpoints among these. */
function namesOf(endpoints: readonly EndpointName[]): ReadonlySet<string> {
  return new Set(endpoints.filter(isHttp).map(({ endpointName }) => endpointName));
}

function isHttp({ protocol }: EndpointName): boolean {
  return protocol === 'http';
}

/**
 * What must change in the runtime of a task that this router serves no more: our mark and URLs go. Private TCP addresses come
 * back when `restore` says so; not for a task that took its own keys away, for which they would be a new request. Empty
 * when the mark is not this router's.
 */
export function withdrawPatch(
  task: TaskView,
  owner: Pick<Mark, 'router'>,
  restore: boolean,
): Patch {
  const mark = parseMark(task.runtime[MARK_KEY]);
  if (mark === undefined || mark.router !== owner.router) return NO_PATCH;
  if (!restore) return { set: {}, remove: [...ownEndpointKeys(task, mark), MARK_KEY] };
  const { set, remove } = restored(task, mark, Object.keys(replacedUpstreams(mark)));
  return {
    set: Object.fromEntries(
      Object.entries(set).filter(([key, value]) => task.runtime[key] !== value),
    ),
    remove: [...ownEndpointKeys(task, mark), ...remove, MARK_KEY],
  };
}

/** Keys that bring back what our TCP addresses replaced of these endpoints, and those that only we wrote. */
function restored(task: TaskView, mark: Mark | undefined, names: readonly string[]): Patch {
  const upstreams = Object.entries(replacedUpstreams(mark)).filter(([name]) =>
    names.includes(name),
  );
  const set: Patch['set'] = Object.fromEntries(upstreams.flatMap(restoredKeys));
  const tcpKeys = upstreams.flatMap(([name]) => TCP_KEYS.map((key) => endpointKey(key, name)));
  return {
    set,
    remove: tcpKeys.filter((key) => set[key] === undefined && task.runtime[key] !== undefined),
  };
}

/**
 * How to write a patch: atomically where the server can and the keys survive it (`tasks.edit_runtime` mangles keys with
 * a leading `_`, with `__`, `.`, `$` or `%`, and refuses ended tasks), else the whole dict, in a quiet moment.
 */
export function planWrite(patch: Patch, facts: WriteFacts): readonly PublicationStep[] {
  if (isEmptyPatch(patch)) return [];
  const keys = [...Object.keys(patch.set), ...patch.remove];
  const { task } = facts;
  if (facts.hasEditRuntime && EDITABLE.includes(task.status) && keys.every(survivesEditRuntime)) {
    return [{ step: 'editRuntime', patch }];
  }
  const changed = task.lastChange === undefined ? NaN : Date.parse(task.lastChange);
  const quietIn = Number.isNaN(changed) ? 0 : changed + QUIET_MS - facts.now;
  const patient = facts.now - facts.waitingSince < PATIENCE_MS;
  return task.status === 'in_progress' && quietIn > 0 && patient
    ? [{ step: 'waitForQuiet', ms: Math.min(quietIn, QUIET_MS) }]
    : [{ step: 'replaceRuntime', patch }];
}

function keysOf(endpoint: PublishedEndpoint): readonly (readonly [string, string | number])[] {
  const { endpointName: name } = endpoint;
  if (endpoint.protocol === 'http') {
    return [
      [endpointKey('endpoint', name), endpoint.url],
      [endpointKey('browser_endpoint', name), endpoint.url],
    ];
  }
  return [
    [endpointKey('external_address', name), endpoint.address],
    [endpointKey('external_tcp_port', name), endpoint.port],
    [endpointKey('upstream_task_port', name), endpoint.target.port],
  ];
}

function upstreamsOf(
  facts: PublicationFacts,
  former: Mark | undefined,
): Readonly<Record<string, string>> {
  const asked = facts.asked.flatMap(({ protocol, endpointName }) => {
    const upstream = former?.upstreams[upstreamKey(endpointName)];
    const isGone = protocol === 'http' || facts.withdrawn.includes(endpointName);
    return isGone || upstream === undefined ? [] : [[endpointName, upstream] as const];
  });
  const served = facts.served.flatMap((endpoint) => {
    if (endpoint.protocol === 'http') return [];
    const { address, port } = endpoint.target;
    return [[endpoint.endpointName, hostPort(address, port)] as const];
  });
  return Object.fromEntries(
    [...asked, ...served].map(([name, upstream]) => [upstreamKey(name), upstream]),
  );
}

function upstreamKey(endpointName: string): string {
  return `tcp:${endpointName}`;
}

const TCP_KEYS = ['external_address', 'external_tcp_port', 'upstream_task_port'] as const;

/** What the task had written; nothing where it had given no address of its own. */
function restoredKeys([name, upstream]: readonly [string, string]): readonly (readonly [
  string,
  string | number,
])[] {
  const target = parseHostPort(upstream);
  if (target === undefined) return [];
  return [
    [endpointKey('external_address', name), target.address],
    [endpointKey('external_tcp_port', name), target.port],
  ];
}

/**
 * Endpoint keys whose value is a URL of this task behind a router (nobody but a router writes these), or the one at a StaticRoute that
 * the mark remembers.
 */
function ownEndpointKeys(task: TaskView, mark: Mark | undefined): readonly string[] {
  return Object.entries(task.runtime).flatMap(([key, value]) => {
    const name = /^(?:browser_)?endpoint(?:__(.+))?$/s.exec(key);
    if (name === null || typeof value !== 'string') return [];
    const isOurs =
      isEndpointUrl(value, task.id) || value === recordAt(mark?.addresses, name[1] ?? '');
    return isOurs ? [key] : [];
  });
}

/** A task may write any name there, `__proto__` too. */
function recordAt(
  record: Readonly<Record<string, string>> | undefined,
  name: string,
): string | undefined {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}
