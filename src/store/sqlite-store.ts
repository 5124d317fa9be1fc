import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../controllers/contracts.ts';
import { OperatorError } from '../errors.ts';
import type { Kind, ResourceByKind } from '../resources/kinds.ts';
import type { Checked } from '../resources/schema-check.ts';
import { toSeconds } from '../resources/text.ts';
import { checkSpec, checkStatus } from '../resources/validation.ts';
import type {
  Draft,
  EventRecord,
  EventStore,
  ResourceList,
  ResourceStore,
  SessionRevocationStore,
  WatchEvent,
} from './contract.ts';
import { openDatabase, runStatement, transact } from './database.ts';
import { EventRing, type KeptEvent, type RingLimits } from './event-ring.ts';
import { canonicalJson, EMPTY, ResourceRows, toResource, type Row } from './rows.ts';
import { SessionRevocationRows } from './session-revocation-rows.ts';
import { WatchHub } from './watch-hub.ts';

/** How much a store remembers beside the resources themselves. */
export interface StoreLimits extends RingLimits {
  /** Changes of each kind that a watch can go back. */
  readonly history: number;
}

/** Enough for a restarted controller to catch up without listing 10,000 routes again. */
export const STORE_LIMITS: StoreLimits = { history: 4096, events: 1000, eventWindow: 600_000 };

/** What a {@link SqliteStore} is opened with. */
export interface SqliteStoreOptions {
  /** The state folder. */
  readonly folder: string;
  readonly namespace: string;
  readonly clock: Pick<Clock, 'now'>;
  /** Makes the uid of a new resource. */
  readonly newUid: () => string;
  readonly limits?: StoreLimits;
}

/**
 * Opens the store of a state folder, and keeps every other process out of it until it is closed.
 * @throws OperatorError `STORE_LOCKED`, `STORE_UNUSABLE`, `STORE_TOO_NEW`
 */
export function openSqliteStore(options: SqliteStoreOptions): SqliteStore {
  return new SqliteStore(openDatabase(options.folder), options);
}

/**
 * Resources and events in one SQLite file.
 *
 * @remarks
 * Nothing is cached: a read goes to SQLite, whose pages the kernel keeps. This process is the only one that writes, and
 * no call waits between its read and its write, so a check made before a transaction still holds in it.
 */
export class SqliteStore implements ResourceStore, EventStore {
  readonly #database: DatabaseSync;
  readonly #options: SqliteStoreOptions;
  readonly #rows: ResourceRows;
  readonly #events: EventRing;
  readonly #hub: WatchHub;
  /** Sessions that are void before their time. */
  readonly sessionRevocations: SessionRevocationStore;
  #version: number;

  constructor(database: DatabaseSync, options: SqliteStoreOptions) {
    const limits = options.limits ?? STORE_LIMITS;
    this.#database = database;
    this.#options = options;
    this.#rows = new ResourceRows(database, options.namespace);
    this.#events = new EventRing(database, options.namespace, limits);
    this.sessionRevocations = new SessionRevocationRows(database);
    this.#version = Math.max(this.#rows.lastVersion() + 1, Math.floor(options.clock.now()));
    runStatement(database, () => this.#rows.keepVersion(this.#version));
    this.#hub = new WatchHub({
      limit: limits.history,
      start: this.#version,
      current: () => this.#version,
    });
  }

  list<K extends Kind>(kind: K, signal?: AbortSignal): Promise<ResourceList<K>> {
    return attempt(signal, () => ({
      items: runStatement(this.#database, () => this.#rows.list(kind)),
      resourceVersion: String(this.#version),
    }));
  }

  get<K extends Kind>(
    kind: K,
    name: string,
    signal?: AbortSignal,
  ): Promise<ResourceByKind[K] | undefined> {
    return attempt(signal, () => {
      const row = this.#find(kind, name);
      return row === undefined ? undefined : (this.#toResource(kind, row) as ResourceByKind[K]);
    });
  }

  create<K extends Kind>(draft: Draft<K>, signal?: AbortSignal): Promise<ResourceByKind[K]> {
    return attempt(signal, () => {
      const { kind, metadata } = draft;
      const { name } = metadata;
      const spec = requireValid(kind, name, checkSpec(kind, metadata, draft.spec));
      if (this.#find(kind, name) !== undefined) {
        throw new OperatorError('RESOURCE_EXISTS', { kind, name });
      }
      const row: Row = {
        id: 0,
        name,
        uid: this.#options.newUid(),
        version: this.#version + 1,
        generation: 1,
        created: toSeconds(new Date(this.#options.clock.now()).toISOString()),
        labels: canonicalJson(metadata.labels),
        annotations: canonicalJson(metadata.annotations),
        spec: canonicalJson(spec),
        status: EMPTY,
      };
      runStatement(this.#database, () => this.#rows.insert(kind, row));
      return this.#publish(kind, 'added', row) as ResourceByKind[K];
    });
  }

  update<K extends Kind>(
    resource: ResourceByKind[K],
    signal?: AbortSignal,
  ): Promise<ResourceByKind[K]> {
    return attempt(signal, () => {
      const { metadata } = resource;
      const kind = resource.kind as K;
      const observed = this.#require(kind, metadata);
      const spec = canonicalJson(
        requireValid(kind, metadata.name, checkSpec(kind, metadata, resource.spec)),
      );
      const desired = {
        ...observed,
        generation: observed.generation + (spec === observed.spec ? 0 : 1),
        labels: canonicalJson(metadata.labels),
        annotations: canonicalJson(metadata.annotations),
        spec,
      };
      return this.#change(kind, observed, desired) as ResourceByKind[K];
    });
  }

  updateStatus<K extends Kind>(
    resource: ResourceByKind[K],
    signal?: AbortSignal,
  ): Promise<ResourceByKind[K]> {
    return attempt(signal, () => {
      const kind = resource.kind as K;
      const { metadata } = resource;
      const observed = this.#require(kind, metadata);
      const status = requireValid(kind, metadata.name, checkStatus(kind, resource.status));
      const desired = { ...observed, status: canonicalJson(status) };
      return this.#change(kind, observed, desired) as ResourceByKind[K];
    });
  }

  delete(
    kind: Kind,
    name: string,
    preconditions: { readonly uid?: string; readonly resourceVersion?: string } = {},
    signal?: AbortSignal,
  ): Promise<void> {
    return attempt(signal, () => {
      const observed = this.#require(kind, { name, ...preconditions });
      const row = { ...observed, version: this.#version + 1 };
      transact(this.#database, () => {
        this.#rows.remove(row);
        this.#rows.keepVersion(row.version);
      });
      this.#publish(kind, 'deleted', row);
    });
  }

  watch<K extends Kind>(
    kind: K,
    resourceVersion: string,
    signal: AbortSignal,
  ): AsyncIterable<WatchEvent<K>> {
    return this.#hub.watch(kind, resourceVersion, signal) as AsyncIterable<WatchEvent<K>>;
  }

  record(event: EventRecord): Promise<void> {
    return attempt(undefined, () => {
      const version = this.#version + 1;
      transact(this.#database, () => {
        this.#events.record(event, this.#options.clock.now(), version);
      });
      this.#version = version;
    });
  }

  listEvents(): Promise<readonly KeptEvent[]> {
    return attempt(undefined, () => runStatement(this.#database, () => this.#events.list()));
  }

  /** A value that the router keeps for itself, such as its instance id. */
  meta(key: string): string | undefined {
    return runStatement(this.#database, () => {
      const row = this.#database.prepare('SELECT value FROM meta WHERE key = ?').get(key);
      return row?.['value'] as string | undefined;
    });
  }

  /** Keeps a value. @throws OperatorError `STORE_WRITE_FAILED` */
  setMeta(key: string, value: string): void {
    transact(this.#database, () => {
      this.#database
        .prepare(
          'INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
        )
        .run(key, value);
    });
  }

  /** Ends every watch and frees the folder. */
  close(): void {
    this.#hub.close();
    if (this.#database.isOpen) this.#database.close();
  }

  #find(kind: Kind, name: string): Row | undefined {
    return runStatement(this.#database, () => this.#rows.find(kind, name));
  }

  /** The row of the very object that the writer means. */
  #require(
    kind: Kind,
    wanted: { readonly name: string; readonly uid?: string; readonly resourceVersion?: string },
  ): Row {
    const { name, uid, resourceVersion } = wanted;
    const row = this.#find(kind, name);
    if (row === undefined) throw new OperatorError('RESOURCE_NOT_FOUND', { kind, name });
    const isMeant =
      (uid ?? row.uid) === row.uid &&
      (resourceVersion ?? String(row.version)) === String(row.version);
    if (!isMeant) throw new OperatorError('RESOURCE_CONFLICT', { kind, name });
    return row;
  }

  #change(kind: Kind, observed: Row, desired: Row): ResourceByKind[Kind] {
    const parts = ['labels', 'annotations', 'spec', 'status'] as const;
    if (parts.every((part) => observed[part] === desired[part]))
      return this.#toResource(kind, observed);
    const row = { ...desired, version: this.#version + 1 };
    runStatement(this.#database, () => this.#rows.update(row));
    return this.#publish(kind, 'modified', row);
  }

  #toResource(kind: Kind, row: Row): ResourceByKind[Kind] {
    return toResource(kind, this.#options.namespace, row);
  }

  /** Makes a change known that is on disk. */
  #publish(kind: Kind, type: WatchEvent<Kind>['type'], row: Row): ResourceByKind[Kind] {
    this.#version = row.version;
    const object = this.#toResource(kind, row);
    this.#hub.publish(row.version, { type, object });
    return object;
  }
}

function requireValid<T>(kind: Kind, name: string, checked: Checked<T>): T {
  if (checked.errors.length === 0) return checked.value;
  throw new OperatorError('RESOURCE_INVALID', { kind, name, errors: checked.errors });
}

/** SQLite answers at once; the contract's promises are for stores that do not. */
function attempt<T>(signal: AbortSignal | undefined, work: () => T): Promise<T> {
  return new Promise((resolve) => {
    signal?.throwIfAborted();
    resolve(work());
  });
}
