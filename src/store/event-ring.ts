import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { clip, toSeconds } from '../resources/text.ts';
import type { EventRecord, ObjectChange, StoredEvent } from './contract.ts';

/** How long a ring is, and how close together equal events are one. */
export interface RingLimits {
  readonly events: number;
  /** In ms, since the last of them. */
  readonly eventWindow: number;
}

/** What an {@link EventRing} is made of. */
export interface EventRingOptions {
  readonly database: DatabaseSync;
  readonly namespace: string;
  readonly limits: RingLimits;
  /** Makes the uid of a new event. */
  readonly newUid: () => string;
}

/** One change of the ring. */
export type EventChange = ObjectChange<StoredEvent>;

/**
 * The last events, in a table and in memory, the oldest first.
 *
 * @remarks
 * A change is planned, written in a transaction of the caller, and applied when that is on the disk: memory is never ahead
 * of the file.
 */
export class EventRing {
  readonly #options: EventRingOptions;
  readonly #events = new Map<string, StoredEvent>();
  /** From what is equal in equal events to the name of the last of them. */
  readonly #names = new Map<string, string>();
  readonly #insert: StatementSync;
  readonly #repeat: StatementSync;
  readonly #remove: StatementSync;

  constructor(options: EventRingOptions) {
    const { database, limits } = options;
    this.#options = options;
    this.#insert = database.prepare(
      `INSERT INTO event (namespace, event_name, event_uid, kind, name, uid, type, reason, message, count, first_time,
       last_time, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#repeat = database.prepare(
      'UPDATE event SET count = ?, last_time = ?, version = ? WHERE namespace = ? AND event_name = ?',
    );
    this.#remove = database.prepare('DELETE FROM event WHERE namespace = ? AND event_name = ?');
    database
      .prepare('DELETE FROM event WHERE id <= (SELECT max(id) FROM event) - ?')
      .run(limits.events);
    this.#load();
  }

  /**
   * The changes that an event makes, each with a version of its own after `version`: the repeat of an equal one that is not
   * long past, or a new one, before which the oldest leave.
   */
  plan(
    event: EventRecord,
    at: { readonly now: number; readonly version: number; readonly uid: string | undefined },
  ): readonly EventChange[] {
    const { limits, newUid } = this.#options;
    const uid = at.uid ?? this.#lastUidOf(event);
    const said = { ...event, message: clip(event.message), uid };
    const time = toSeconds(new Date(at.now).toISOString());
    const known = this.#events.get(this.#names.get(keyOf(said)) ?? '');
    if (known !== undefined && at.now - Date.parse(known.lastTime) <= limits.eventWindow) {
      const resourceVersion = String(at.version + 1);
      const object = { ...known, count: known.count + 1, lastTime: time, resourceVersion };
      return [{ type: 'modified', object, previous: known }];
    }
    const surplus = Math.max(0, this.#events.size - limits.events + 1);
    const leaving = [...this.#events.values().take(surplus)].map((gone, index): EventChange => {
      const resourceVersion = String(at.version + 1 + index);
      return { type: 'deleted', object: { ...gone, resourceVersion } };
    });
    const version = at.version + 1 + leaving.length;
    const object: StoredEvent = {
      ...said,
      eventName: `${event.name}.${version.toString(16)}`,
      eventUid: newUid(),
      resourceVersion: String(version),
      count: 1,
      firstTime: time,
      lastTime: time,
    };
    return [...leaving, { type: 'added', object }];
  }

  /** Writes planned changes; the caller wraps it in a transaction. */
  write(changes: readonly EventChange[]): void {
    const { namespace } = this.#options;
    for (const { type, object } of changes) {
      const version = Number(object.resourceVersion);
      if (type === 'deleted') this.#remove.run(namespace, object.eventName);
      else if (type === 'modified') {
        this.#repeat.run(object.count, object.lastTime, version, namespace, object.eventName);
      } else this.#insertRow(object, version);
    }
  }

  /** Takes over changes that are written. */
  apply(changes: readonly EventChange[]): void {
    for (const { type, object } of changes) {
      if (type === 'deleted') this.#drop(object);
      else this.#keep(object);
    }
  }

  /** Every event, in the order of their names. */
  list(): readonly StoredEvent[] {
    return [...this.#events.values()].sort((left, right) =>
      left.eventName < right.eventName ? -1 : 1,
    );
  }

  #load(): void {
    const { database, namespace } = this.#options;
    const rows = database.prepare(
      `SELECT kind, name, type, reason, message, event_name AS eventName, event_uid AS eventUid, uid,
       CAST(version AS TEXT) AS resourceVersion, count, first_time AS firstTime, last_time AS lastTime
       FROM event WHERE namespace = ? ORDER BY id`,
    );
    for (const row of rows.iterate(namespace)) this.#keep({ ...row } as unknown as StoredEvent);
  }

  #keep(event: StoredEvent): void {
    this.#events.set(event.eventName, Object.freeze(event));
    this.#names.set(keyOf(event), event.eventName);
  }

  #drop(event: StoredEvent): void {
    const key = keyOf(event);
    this.#events.delete(event.eventName);
    if (this.#names.get(key) === event.eventName) this.#names.delete(key);
  }

  #insertRow(event: StoredEvent, version: number): void {
    this.#insert.run(
      this.#options.namespace,
      event.eventName,
      event.eventUid,
      event.kind,
      event.name,
      event.uid,
      event.type,
      event.reason,
      event.message,
      event.count,
      event.firstTime,
      event.lastTime,
      version,
    );
  }

  /** What is said of an object after its deletion belongs to the one that was there last. */
  #lastUidOf({ kind, name }: EventRecord): string {
    const earlier = [...this.#events.values()];
    return earlier.findLast((event) => event.kind === kind && event.name === name)?.uid ?? '';
  }
}

function keyOf({ kind, name, uid, type, reason, message }: EventRecord & { uid: string }): string {
  return JSON.stringify([kind, name, uid, type, reason, message]);
}

/** Characters of an event's texts. */
export function lengthOf(event: StoredEvent): number {
  return Object.values(event).reduce<number>(
    (sum, value) => sum + (typeof value === 'string' ? value.length : 0),
    0,
  );
}
