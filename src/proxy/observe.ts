import type { HostFacts, ProxyState } from '../controllers/contracts.ts';
import type { PollReport } from './channel-format.ts';

/** Time after the end of its last poll during which a worker counts as live, in ms. */
const LIVE_MS = 10_000;

/** What is known of one worker process. */
export interface WorkerRecord {
  readonly report: PollReport;
  /** Counts the workers as they come: of two with one number in a set, the later one replaced the other. */
  readonly arrival: number;
  /** Generation that it serves, as far as this run of the router handed it out; else 0. */
  readonly acknowledged: number;
  readonly openPolls: number;
  /** Unix time in ms of the last begin or end of a poll. */
  readonly seen: number;
}

/** True while a poll is open, or ended at most ten seconds ago. */
export function isLive(record: Pick<WorkerRecord, 'openPolls' | 'seen'>, now: number): boolean {
  return record.openPolls > 0 || now - record.seen <= LIVE_MS;
}

/**
 * The proxies behind these live workers, by id.
 *
 * @remarks
 * A worker that is exiting serves its last connections and takes no new ones, so it counts for nothing.
 * The set is made of the workers of the configuration revision that came last; one whose number was taken by
 * a later process is gone. A complete set has all its workers, and at least one.
 */
export function describeProxies(live: Iterable<WorkerRecord>): readonly ProxyState[] {
  const byProxy = Map.groupBy(live, (record) => record.report.proxy);
  return [...byProxy]
    .map(([id, records]) => describeProxy(id, newestSet(records)))
    .toSorted((left, right) => (left.id < right.id ? -1 : 1));
}

/** Lowest generation that every complete set acknowledged; 0 without a complete set. */
export function acknowledgedBy(proxies: readonly ProxyState[]): number {
  const complete = proxies.filter((proxy) => proxy.complete);
  return complete.length === 0 ? 0 : Math.min(...complete.map((proxy) => proxy.generation));
}

/** Ports that a complete set holds. */
export function heldBy(proxies: readonly ProxyState[]): ReadonlySet<number> {
  return new Set(proxies.filter((proxy) => proxy.complete).flatMap((proxy) => proxy.heldPorts));
}

/** What these proxies say of their hosts, together; undefined while none of them is ours to understand. */
export function hostOf(proxies: readonly ProxyState[]): HostFacts | undefined {
  const serving = proxies.filter(({ workers }) => workers > 0);
  if (serving.length === 0) return undefined;
  const all = (list: (host: HostFacts) => readonly string[]): readonly string[] =>
    [...new Set(serving.flatMap(({ host }) => (host === undefined ? [] : list(host))))].toSorted();
  return { addresses: all(({ addresses }) => addresses), bridges: all(({ bridges }) => bridges) };
}

/** True when both lists say the same of the same proxies. */
export function sameProxies(left: readonly ProxyState[], right: readonly ProxyState[]): boolean {
  return (
    left.length === right.length &&
    left.every((proxy, index) => {
      const other = right[index];
      return other !== undefined && sameProxy(proxy, other);
    })
  );
}

function newestSet(records: readonly WorkerRecord[]): readonly WorkerRecord[] {
  const serving = records
    .filter((record) => !record.report.exiting)
    .toSorted((left, right) => left.arrival - right.arrival);
  const revision = serving.at(-1)?.report.revision;
  const byNumber = new Map<number, WorkerRecord>();
  for (const record of serving) {
    if (record.report.revision === revision) byNumber.set(record.report.worker, record);
  }
  return [...byNumber.values()];
}

function describeProxy(id: string, set: readonly WorkerRecord[]): ProxyState {
  const newest = set.reduce<WorkerRecord | undefined>(
    (found, record) => (found === undefined || record.arrival > found.arrival ? record : found),
    undefined,
  );
  const workers = newest?.report.workers ?? 0;
  return {
    id,
    configRevision: newest?.report.revision ?? '',
    workers,
    liveWorkers: set.length,
    complete: workers > 0 && set.length >= workers,
    generation: set.length === 0 ? 0 : Math.min(...set.map((record) => record.acknowledged)),
    heldPorts: commonPorts(set.map((record) => record.report.ports)),
    ...(newest?.report.host === undefined ? {} : { host: newest.report.host }),
  };
}

function commonPorts(lists: readonly (readonly number[])[]): readonly number[] {
  const [first, ...others] = lists;
  if (first === undefined) return [];
  const different = others
    .filter((ports) => !sameList(ports, first))
    .map((ports) => new Set(ports));
  return first
    .filter((port) => different.every((ports) => ports.has(port)))
    .toSorted((left, right) => left - right);
}

function sameProxy(left: ProxyState, right: ProxyState): boolean {
  const keys = Object.keys(left) as (keyof ProxyState)[];
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => key === 'heldPorts' || key === 'host' || left[key] === right[key]) &&
    sameList(left.heldPorts, right.heldPorts) &&
    sameHost(left.host, right.host)
  );
}

function sameHost(left: HostFacts | undefined, right: HostFacts | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  return sameList(left.addresses, right.addresses) && sameList(left.bridges, right.bridges);
}

function sameList<T>(left: readonly T[], right: readonly T[]): boolean {
  return (
    left === right ||
    (left.length === right.length && left.every((item, index) => item === right[index]))
  );
}
