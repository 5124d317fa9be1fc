import type { Clock, WorkerSource } from '../controllers/contracts.ts';
import { LOOPBACK, NEVER_UPSTREAM, isAddress } from '../domain/address.ts';
import { parseHost } from '../domain/host.ts';
import { asRecord, type AnswerData } from './answer.ts';
import { readReference } from './task-document.ts';
import type { Caller } from './task-queries.ts';

/** What a {@link ClearmlWorkers} is made of. */
export interface WorkersDeps {
  readonly caller: Caller;
  readonly clock: Pick<Clock, 'now'>;
  /** How long an answer of ClearML is used, in ms. */
  readonly cacheMs: number;
}

interface Snapshot {
  readonly at: number;
  readonly addresses: ReadonlyMap<string, string>;
}

const LAST_SEEN_SECONDS = 3_600;

/**
 * Addresses of workers by the task that they run.
 *
 * @remarks
 * The address is what the agent's own request said in X-Forwarded-For: anybody who may report as a worker can forge it
 * (protocol 9.1), so whoever connects there checks it against the allowed networks.
 */
export class ClearmlWorkers implements WorkerSource {
  readonly #deps: WorkersDeps;
  #snapshot: Snapshot | undefined;

  constructor(deps: WorkersDeps) {
    this.#deps = deps;
  }

  /** @throws OperatorError with a code `CLEARML_*` */
  async addressOf(taskId: string, signal: AbortSignal): Promise<string | undefined> {
    const { caller, clock, cacheMs } = this.#deps;
    const held = this.#snapshot;
    if (held !== undefined && clock.now() - held.at < cacheMs) return held.addresses.get(taskId);
    const at = clock.now();
    const body = { last_seen: LAST_SEEN_SECONDS };
    const call = { endpoint: 'workers.get_all', body, parse: addressesOf };
    const addresses = await caller.call(call, signal);
    this.#snapshot = { at, addresses };
    return addresses.get(taskId);
  }
}

/** Of several workers that name one task the one that was active last: rows of dead containers stay for 600 s. */
function addressesOf(data: AnswerData): ReadonlyMap<string, string> {
  const { workers } = data;
  if (!Array.isArray(workers)) throw new TypeError('no list of workers');
  const newest = new Map<string, { readonly address: string; readonly seen: number }>();
  for (const worker of workers) {
    const row = readWorker(worker);
    if (row === undefined) continue;
    const former = newest.get(row.task);
    if (former === undefined || row.seen > former.seen) newest.set(row.task, row);
  }
  return new Map([...newest].map(([task, { address }]) => [task, address]));
}

function readWorker(
  value: unknown,
): { readonly task: string; readonly address: string; readonly seen: number } | undefined {
  const worker = asRecord(value);
  const task = readReference(worker?.['task']);
  const ip = worker?.['ip'];
  const address = typeof ip === 'string' ? firstAddress(ip) : undefined;
  if (task === undefined || address === undefined) return undefined;
  const seen = worker?.['last_activity_time'];
  return { task, address, seen: (typeof seen === 'string' && Date.parse(seen)) || 0 };
}

/** Of a list as proxies make it (client first): the first address that can be somebody else's. */
function firstAddress(list: string): string | undefined {
  return list
    .split(',')
    .map((entry) => parseHost(entry) ?? '')
    .find(
      (entry) => isAddress(entry) && !LOOPBACK.includes(entry) && !NEVER_UPSTREAM.includes(entry),
    );
}
