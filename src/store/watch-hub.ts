import { OperatorError } from '../errors.ts';
import type { Kind } from '../resources/kinds.ts';
import type { ObjectChange } from './contract.ts';

/** What can be watched: the objects of a kind, and the events. */
export type TopicName = Kind | 'Event';

type Change = ObjectChange<unknown>;

interface Recorded {
  readonly version: number;
  readonly change: Change;
  readonly size: number;
}

interface Topic {
  /** In the order of their versions. */
  readonly changes: Recorded[];
  /** Sum of their sizes. */
  size: number;
  /** Changes up to this version are no longer known. */
  floor: number;
  readonly wakers: Set<() => void>;
}

/** What a {@link WatchHub} is made of. */
export interface WatchHubOptions {
  /** Changes of a topic that are remembered; now and then a quarter more. */
  readonly limit: number;
  /** How large they may be together: where they are larger, fewer are remembered. */
  readonly sizeLimit: number;
  /** Version at which history begins: what happened before is not known. */
  readonly start: number;
  /** The newest version there is. */
  readonly current: () => number;
}

/**
 * The last changes of each topic, and those who wait for more.
 *
 * @remarks
 * A watcher is a place in the history and no queue of its own, so one that does not read costs nothing: when history has
 * passed it by, it ends with `RESOURCE_VERSION_EXPIRED`.
 */
export class WatchHub {
  readonly #options: WatchHubOptions;
  readonly #topics = new Map<TopicName, Topic>();
  #closed = false;

  constructor(options: WatchHubOptions) {
    this.#options = options;
  }

  /** Remembers a change of a size, in characters, and wakes who waits for it. Versions only grow. */
  publish(name: TopicName, version: number, change: Change, size: number): void {
    const topic = this.#topic(name);
    topic.changes.push({ version, change, size });
    topic.size += size;
    this.#forget(topic);
    for (const wake of topic.wakers) wake();
  }

  /** The changes of a topic after a version, until the signal aborts or the hub is closed. */
  async *watch(
    name: TopicName,
    resourceVersion: string,
    signal: AbortSignal,
  ): AsyncGenerator<Change, void, undefined> {
    const topic = this.#topic(name);
    let place = this.#place(resourceVersion);
    while (!signal.aborted && !this.#closed) {
      if (place < topic.floor) throw expired(resourceVersion);
      const next = topic.changes[firstAfter(topic.changes, place)];
      if (next === undefined) {
        await wakeUp(topic, signal);
      } else {
        place = next.version;
        yield next.change;
      }
    }
  }

  /** Ends every watch. */
  close(): void {
    this.#closed = true;
    for (const topic of this.#topics.values()) for (const wake of topic.wakers) wake();
  }

  #topic(name: TopicName): Topic {
    const known = this.#topics.get(name);
    if (known !== undefined) return known;
    const topic: Topic = { changes: [], size: 0, floor: this.#options.start, wakers: new Set() };
    this.#topics.set(name, topic);
    return topic;
  }

  /** A version that this store never gave out is from a store that was lost: listing again is the cure as well. */
  #place(resourceVersion: string): number {
    const place = /^\d{1,16}$/.test(resourceVersion) ? Number(resourceVersion) : -1;
    return place > this.#options.current() ? -1 : place;
  }

  /** Cuts a quarter at a time, as taking one from the front of an array moves all the others. The newest always stays. */
  #forget(topic: Topic): void {
    const { limit, sizeLimit } = this.#options;
    const { changes } = topic;
    if (changes.length <= limit * 1.25 && topic.size <= sizeLimit) return;
    const room = topic.size > sizeLimit ? sizeLimit * 0.75 : sizeLimit;
    let leaving = Math.max(0, changes.length - limit);
    let size = sizeOf(changes.slice(leaving));
    while (size > room && leaving < changes.length - 1) {
      size -= changes[leaving]?.size ?? 0;
      leaving += 1;
    }
    topic.floor = changes[leaving - 1]?.version ?? topic.floor;
    topic.size = size;
    changes.splice(0, leaving);
  }
}

function sizeOf(changes: readonly Recorded[]): number {
  return changes.reduce((sum, { size }) => sum + size, 0);
}

function wakeUp(topic: Topic, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      topic.wakers.delete(wake);
      signal.removeEventListener('abort', wake);
      resolve();
    };
    topic.wakers.add(wake);
    signal.addEventListener('abort', wake);
  });
}

function firstAfter(changes: readonly Recorded[], version: number): number {
  let low = 0;
  let high = changes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((changes[middle] as Recorded).version > version) high = middle;
    else low = middle + 1;
  }
  return low;
}

function expired(resourceVersion: string): OperatorError {
  return new OperatorError('RESOURCE_VERSION_EXPIRED', { resourceVersion });
}
