import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { clip, toSeconds } from '../resources/text.ts';
import type { EventRecord, StoredEvent } from './contract.ts';

/** An event with what a reader of the API needs beside its text. */
export interface KeptEvent extends StoredEvent {
  /** Number of the event in this store. */
  readonly id: number;
  /** Uid of the resource; empty when it was not there. */
  readonly uid: string;
  readonly resourceVersion: string;
}

/** How long a ring is, and how close together equal events are one. */
export interface RingLimits {
  readonly events: number;
  /** In ms, since the last of them. */
  readonly eventWindow: number;
}

interface EventRow extends Omit<KeptEvent, 'firstTime' | 'lastTime' | 'resourceVersion'> {
  readonly first_time: string;
  readonly last_time: string;
  readonly version: number;
}

/** The table of events. Callers wrap the writes in a transaction. */
export class EventRing {
  readonly #namespace: string;
  readonly #limits: RingLimits;
  readonly #find: StatementSync;
  readonly #repeat: StatementSync;
  readonly #insert: StatementSync;
  readonly #trim: StatementSync;
  readonly #list: StatementSync;

  constructor(database: DatabaseSync, namespace: string, limits: RingLimits) {
    this.#namespace = namespace;
    this.#limits = limits;
    this.#find = database.prepare(
      `SELECT id, last_time FROM event WHERE namespace = ? AND kind = ? AND name = ? AND type = ? AND reason = ?
       AND message = ? ORDER BY id DESC LIMIT 1`,
    );
    this.#repeat = database.prepare(
      'UPDATE event SET count = count + 1, last_time = ?, version = ? WHERE id = ?',
    );
    this.#insert = database.prepare(
      `INSERT INTO event (namespace, kind, name, type, reason, message, uid, count, first_time, last_time, version)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, COALESCE(
         (SELECT uid FROM resource WHERE namespace = ?1 AND kind = ?2 AND name = ?3),
         (SELECT uid FROM event WHERE namespace = ?1 AND kind = ?2 AND name = ?3 ORDER BY id DESC LIMIT 1),
         ''), 1, ?7, ?7, ?8)`,
    );
    this.#trim = database.prepare('DELETE FROM event WHERE id <= (SELECT max(id) FROM event) - ?');
    this.#list = database.prepare(
      `SELECT id, kind, name, uid, type, reason, message, count, first_time, last_time, version FROM event
       WHERE namespace = ? ORDER BY version`,
    );
  }

  /** Adds an event, or counts it to an equal one that is not long past. */
  record(event: EventRecord, now: number, version: number): void {
    const message = clip(event.message);
    const key = [this.#namespace, event.kind, event.name, event.type, event.reason, message];
    const time = toSeconds(new Date(now).toISOString());
    const known = this.#find.get(...key) as unknown as
      Pick<EventRow, 'id' | 'last_time'> | undefined;
    if (known !== undefined && now - Date.parse(known.last_time) <= this.#limits.eventWindow) {
      this.#repeat.run(time, version, known.id);
      return;
    }
    this.#insert.run(...key, time, version);
    this.#trim.run(this.#limits.events);
  }

  /** Every event, the one that happened last at the end. */
  list(): readonly KeptEvent[] {
    const rows = this.#list.all(this.#namespace) as unknown as readonly EventRow[];
    return rows.map(({ first_time: firstTime, last_time: lastTime, version, ...rest }) => ({
      ...rest,
      firstTime,
      lastTime,
      resourceVersion: String(version),
    }));
  }
}
