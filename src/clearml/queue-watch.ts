import {
  parseQueueFilter,
  resolveQueues,
  servesQueue,
  type Queue,
  type QueueFilter,
  type ServedQueues,
} from '../domain/queue-filter.ts';
import { OperatorError } from '../errors.ts';
import { asRecord, type AnswerData } from './answer.ts';
import { PAGE_SIZE, type Caller } from './task-queries.ts';

/** What a {@link QueueWatch} is made of. */
export interface QueueWatchDeps {
  readonly caller: Caller;
  /** LISTEN_QUEUE_NAME as written; undefined serves every task. */
  readonly queues: string | undefined;
  readonly clock: { now(): number };
}

/** Every queue that exists, hidden ones too. */
export async function listQueues(caller: Caller, signal: AbortSignal): Promise<readonly Queue[]> {
  const queues = new Map<string, Queue>();
  for (let page = 0; page < MAX_PAGES; page++) {
    const body = {
      only_fields: ['id', 'name'],
      search_hidden: true,
      order_by: ['name'],
      page,
      page_size: PAGE_SIZE,
    };
    const found = await caller.call({ endpoint: 'queues.get_all', body, parse: queuesOf }, signal);
    for (const queue of found) queues.set(queue.id, queue);
    if (found.length < PAGE_SIZE) break;
  }
  return [...queues.values()];
}

const MAX_PAGES = 20;
const LOOK_AGAIN_MS = 5_000;

/** Knows which queues are ours: names become ids by `queues.get_all`, again when queues appear. */
export class QueueWatch {
  readonly #deps: QueueWatchDeps;
  readonly #filter: QueueFilter | undefined;
  #served: ServedQueues | undefined;
  #resolvedAt = -Infinity;
  #unknownSeen = false;

  constructor(deps: QueueWatchDeps) {
    this.#deps = deps;
    this.#filter = parseQueueFilter(deps.queues);
  }

  /** Patterns of LISTEN_QUEUE_NAME that name no queue now. */
  get unmatched(): readonly string[] {
    return this.#served?.unmatched ?? [];
  }

  /** Whether tasks of this queue are ours; `unknown` says that nothing may change. */
  serves(queue: string | undefined): boolean | 'unknown' {
    if (this.#filter === undefined) return true;
    const serves = servesQueue(this.#served, queue);
    if (serves === 'unknown') this.#unknownSeen = true;
    return serves;
  }

  /** True when a task came with a queue that is not known yet, and the last look is a while ago. */
  get due(): boolean {
    return this.#unknownSeen && this.#deps.clock.now() - this.#resolvedAt >= LOOK_AGAIN_MS;
  }

  /**
   * Resolves names again; true when the answer for some task may differ now.
   *
   * @throws OperatorError with a code `CLEARML_*`; `CLEARML_MALFORMED` also for an empty list where queues were known
   */
  async resolve(signal: AbortSignal): Promise<boolean> {
    if (this.#filter === undefined) return false;
    const queues = await listQueues(this.#deps.caller, signal);
    this.#resolvedAt = this.#deps.clock.now();
    const former = this.#served;
    if (queues.length === 0 && former !== undefined && former.known.size > 0) {
      throw new OperatorError('CLEARML_MALFORMED', { problem: 'empty list of queues' });
    }
    this.#unknownSeen = false;
    this.#served = resolveQueues(this.#filter, queues);
    return former === undefined || !sameQueues(former, this.#served);
  }
}

function sameQueues(left: ServedQueues, right: ServedQueues): boolean {
  return sameSet(left.ids, right.ids) && sameSet(left.known, right.known);
}

function sameSet(left: ReadonlySet<string>, right: ReadonlySet<string>): boolean {
  return left.size === right.size && [...left].every((id) => right.has(id));
}

function queuesOf(data: AnswerData): readonly Queue[] {
  const { queues } = data;
  if (!Array.isArray(queues)) throw new TypeError('no list of queues');
  return queues.flatMap((document) => {
    const queue = asRecord(document);
    const id = queue?.['id'];
    const name = queue?.['name'];
    return typeof id === 'string' && typeof name === 'string' ? [{ id, name }] : [];
  });
}
