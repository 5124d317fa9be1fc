import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { clip, toSeconds } from '../resources/text.ts';
import type { EventRecord, ObjectChange, StoredEvent } from './contract.ts';
import { transact } from './database.ts';
import { EventShelf, type ShelfLimits } from './event-shelf.ts';

/** How many events of each type are kept, and how close together equal ones are one. */
export interface RingLimits extends ShelfLimits {
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
 * The last events, in a table and in memory.
 *
 * @remarks
 * Each type has its own room, so whatever becomes of all routes at once (a restart, for one) pushes no warning out; and of
 * one object only the last few are kept, so one that never comes to rest pushes out its own. A change is planned, written in a transaction of the caller, and applied when that is on the disk: memory is never ahead
 * of the file.
 */
export class EventRing {
  readonly #options: EventRingOptions;
  readonly #shelves: Readonly<Record<StoredEvent['type'], EventShelf>>;
  /** From what is equal in equal events to the name of the last of them. */
  readonly #names = new Map<string, string>();
  readonly #insert: StatementSync;
  readonly #repeat: StatementSync;
  readonly #remove: StatementSync;
  /** What the last list gave out; undefined after a change. */
  #listed: readonly StoredEvent[] | undefined;

  constructor(options: EventRingOptions) {
    const { database, limits } = options;
    this.#options = options;
    this.#shelves = { Normal: new EventShelf(limits), Warning: new EventShelf(limits) };
    this.#insert = database.prepare(
      `INSERT INTO event (namespace, event_name, event_uid, kind, name, uid, type, reason, message, count, first_time,
       last_time, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#repeat = database.prepare(
      'UPDATE event SET count = ?, last_time = ?, version = ? WHERE namespace = ? AND event_name = ?',
    );
    this.#remove = database.prepare('DELETE FROM event WHERE namespace = ? AND event_name = ?');
    this.#load();
  }

  /**
   * The changes that an event makes, each with a version of its own after `version`: the repeat of an equal one that is not
   * long past, or a new one, before which others of its type leave.
   */
  plan(
    event: EventRecord,
    at: { readonly now: number; readonly version: number; readonly uid: string | undefined },
  ): readonly EventChange[] {
    const { limits, newUid } = this.#options;
    const uid = at.uid ?? this.#lastUidOf(event);
    const said = { ...event, message: clip(event.message), uid };
    const time = toSeconds(new Date(at.now).toISOString());
    const shelf = this.#shelves[event.type];
    const known = shelf.get(this.#names.get(keyOf(said)) ?? '');
    if (known !== undefined && at.now - Date.parse(known.lastTime) <= limits.eventWindow) {
      const resourceVersion = String(at.version + 1);
      const object = { ...known, count: known.count + 1, lastTime: time, resourceVersion };
      return [{ type: 'modified', object, previous: known }];
    }
    const made: StoredEvent = {
      ...said,
      eventName: '',
      eventUid: newUid(),
      resourceVersion: '',
      count: 1,
      firstTime: time,
      lastTime: time,
    };
    const leaving = shelf.leavingFor(made).map((gone, index): EventChange => {
      const resourceVersion = String(at.version + 1 + index);
      return { type: 'deleted', object: { ...gone, resourceVersion } };
    });
    const version = at.version + 1 + leaving.length;
    const eventName = `${event.name}.${version.toString(16)}`;
    const object = { ...made, eventName, resourceVersion: String(version) };
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
    this.#listed ??= Object.freeze(
      Object.values(this.#shelves)
        .flatMap((shelf) => [...shelf.all()])
        .sort((left, right) => (left.eventName < right.eventName ? -1 : 1)),
    );
    return this.#listed;
  }

  #load(): void {
    const { database, namespace } = this.#options;
    const rows = database.prepare(
      `SELECT kind, name, type, reason, message, event_name AS eventName, event_uid AS eventUid, uid,
       CAST(version AS TEXT) AS resourceVersion, count, first_time AS firstTime, last_time AS lastTime
       FROM event WHERE namespace = ? ORDER BY event.version`,
    );
    const leaving: StoredEvent[] = [];
    for (const row of rows.iterate(namespace)) {
      const event = { ...row } as unknown as StoredEvent;
      for (const gone of this.#shelves[event.type].leavingFor(event)) {
        leaving.push(gone);
        this.#drop(gone);
      }
      this.#keep(event);
    }
    transact(database, () => {
      for (const { eventName } of leaving) this.#remove.run(namespace, eventName);
    });
  }

  #keep(event: StoredEvent): void {
    this.#listed = undefined;
    this.#shelves[event.type].keep(Object.freeze(event));
    this.#names.set(keyOf(event), event.eventName);
  }

  #drop(event: StoredEvent): void {
    const key = keyOf(event);
    this.#listed = undefined;
    this.#shelves[event.type].drop(event);
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
  #lastUidOf(event: EventRecord): string {
    const last = Object.values(this.#shelves).flatMap((shelf) => shelf.lastOf(event) ?? []);
    const [first, second] = last;
    if (first === undefined || second === undefined) return first?.uid ?? '';
    return Number(first.resourceVersion) > Number(second.resourceVersion) ? first.uid : second.uid;
  }
}

function keyOf({ kind, name, uid, type, reason, message }: EventRecord & { uid: string }): string {
  return JSON.stringify([kind, name, uid, type, reason, message]);
}
