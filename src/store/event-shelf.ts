import type { EventRecord, StoredEvent } from './contract.ts';

/** How many events of a type are kept. */
export interface ShelfLimits {
  readonly events: number;
  /** Their size together, in characters of their texts. */
  readonly eventsSize: number;
  /** Of one object. */
  readonly eventsOfObject: number;
}

/** The events of one type in memory, those first that were not said for the longest time. */
export class EventShelf {
  readonly #limits: ShelfLimits;
  readonly #events = new Map<string, StoredEvent>();
  /** By kind and name of their object, in the same order. */
  readonly #ofObjects = new Map<string, Map<string, StoredEvent>>();
  #size = 0;

  constructor(limits: ShelfLimits) {
    this.#limits = limits;
  }

  get(eventName: string): StoredEvent | undefined {
    return this.#events.get(eventName);
  }

  all(): Iterable<StoredEvent> {
    return this.#events.values();
  }

  /** The last event of an object, whatever its uid. */
  lastOf(object: Pick<EventRecord, 'kind' | 'name'>): StoredEvent | undefined {
    return [...(this.#ofObjects.get(objectOf(object))?.values() ?? [])].at(-1);
  }

  /** Those that leave before this new one comes: of its own object what is too many, then whatever is oldest. */
  leavingFor(event: StoredEvent): readonly StoredEvent[] {
    const { events: limit, eventsSize, eventsOfObject } = this.#limits;
    const own = this.#ofObjects.get(objectOf(event)) ?? new Map<string, StoredEvent>();
    const surplus = Math.max(0, own.size + 1 - eventsOfObject);
    const leaving = new Set(own.values().take(surplus));
    let size = this.#size + lengthOf(event) - [...leaving].reduce(addLength, 0);
    for (const oldest of this.#events.values()) {
      if (this.#events.size + 1 - leaving.size <= limit && size <= eventsSize) break;
      if (leaving.has(oldest)) continue;
      leaving.add(oldest);
      size -= lengthOf(oldest);
    }
    return [...leaving];
  }

  /** Puts an event behind all others, also one that was there and is said again. */
  keep(event: StoredEvent): void {
    this.drop(event);
    const object = objectOf(event);
    const own = this.#ofObjects.get(object) ?? new Map<string, StoredEvent>();
    this.#ofObjects.set(object, own.set(event.eventName, event));
    this.#events.set(event.eventName, event);
    this.#size += lengthOf(event);
  }

  drop({ eventName }: Pick<StoredEvent, 'eventName'>): void {
    const event = this.#events.get(eventName);
    if (event === undefined) return;
    this.#size -= lengthOf(event);
    this.#events.delete(eventName);
    const object = objectOf(event);
    const own = this.#ofObjects.get(object);
    own?.delete(eventName);
    if (own?.size === 0) this.#ofObjects.delete(object);
  }
}

/** Characters of an event's texts. */
export function lengthOf(event: StoredEvent): number {
  return Object.values(event).reduce<number>(
    (sum, value) => sum + (typeof value === 'string' ? value.length : 0),
    0,
  );
}

function addLength(sum: number, event: StoredEvent): number {
  return sum + lengthOf(event);
}

function objectOf({ kind, name }: Pick<EventRecord, 'kind' | 'name'>): string {
  return `${kind}/${name}`;
}
