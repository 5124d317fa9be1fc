import { OperatorError } from '../errors.ts';
import type { Kind } from '../resources/kinds.ts';
import type { WatchEvent } from './contract.ts';

interface Recorded {
  readonly version: number;
  readonly event: WatchEvent<Kind>;
}

interface Topic {
  /** In the order of their versions. */
  readonly events: Recorded[];
  /** Changes up to this version are no longer known. */
  floor: number;
  readonly wakers: Set<() => void>;
}

/** What a {@link WatchHub} is made of. */
export interface WatchHubOptions {
  /** Changes of a kind that are remembered at least. */
  readonly limit: number;
  /** Version at which history begins: what happened before is not known. */
  readonly start: number;
  /** The newest version there is. */
  readonly current: () => number;
}

/**
 * The last changes of each kind, and those who wait for more.
 *
 * @remarks
 * A watcher is a place in the history and no queue of its own, so one that does not read costs nothing: when history has
 * passed it by, it ends with `RESOURCE_VERSION_EXPIRED`.
 */
export class WatchHub {
  readonly #options: WatchHubOptions;
  readonly #topics = new Map<Kind, Topic>();
  #closed = false;

  constructor(options: WatchHubOptions) {
    this.#options = options;
  }

  /** Remembers a change and wakes who waits for it. Versions only grow. */
  publish(version: number, event: WatchEvent<Kind>): void {
    const topic = this.#topic(event.object.kind);
    topic.events.push({ version, event });
    this.#forget(topic);
    for (const wake of topic.wakers) wake();
  }

  /** The changes of a kind after a version, until the signal aborts or the hub is closed. */
  async *watch(
    kind: Kind,
    resourceVersion: string,
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent<Kind>, void, undefined> {
    const topic = this.#topic(kind);
    let place = this.#place(resourceVersion);
    while (!signal.aborted && !this.#closed) {
      if (place < topic.floor) throw expired(resourceVersion);
      const next = topic.events[firstAfter(topic.events, place)];
      if (next === undefined) {
        await wakeUp(topic, signal);
      } else {
        place = next.version;
        yield next.event;
      }
    }
  }

  /** Ends every watch. */
  close(): void {
    this.#closed = true;
    for (const topic of this.#topics.values()) for (const wake of topic.wakers) wake();
  }

  #topic(kind: Kind): Topic {
    const known = this.#topics.get(kind);
    if (known !== undefined) return known;
    const topic: Topic = { events: [], floor: this.#options.start, wakers: new Set() };
    this.#topics.set(kind, topic);
    return topic;
  }

  /** A version that this store never gave out is from a store that was lost: listing again is the cure as well. */
  #place(resourceVersion: string): number {
    const place = /^\d{1,16}$/.test(resourceVersion) ? Number(resourceVersion) : -1;
    return place > this.#options.current() ? -1 : place;
  }

  /** Cuts a quarter at a time, as taking one from the front of an array moves all the others. */
  #forget(topic: Topic): void {
    const { limit } = this.#options;
    if (topic.events.length <= limit * 1.25) return;
    const [last] = topic.events.splice(0, topic.events.length - limit).slice(-1);
    if (last !== undefined) topic.floor = last.version;
  }
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

function firstAfter(events: readonly Recorded[], version: number): number {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((events[middle] as Recorded).version > version) high = middle;
    else low = middle + 1;
  }
  return low;
}

function expired(resourceVersion: string): OperatorError {
  return new OperatorError('RESOURCE_VERSION_EXPIRED', { resourceVersion });
}
