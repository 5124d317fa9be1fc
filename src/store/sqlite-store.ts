import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { OperatorError } from '../errors.ts';
import type { Kind, ResourceByKind } from '../resources/kinds.ts';
import { toSeconds } from '../resources/text.ts';
import { checkSpec, checkStatus } from '../resources/validation.ts';
import { ApiCredentialRows } from './api-credential-rows.ts';
import type {
  ApiCredentialStore,
  Draft,
  EventReader,
  EventRecord,
  EventStore,
  ObjectChange,
  ResourceList,
  ResourceStore,
  SessionRevocationStore,
  StoredEvent,
  WatchEvent,
} from './contract.ts';
import { openDatabase, runStatement, STORE_FILE, type OpenDatabase } from './database.ts';
import { EventRing } from './event-ring.ts';
import { lengthOf } from './event-shelf.ts';
import { changedObject, deletedObject, newObject, type AnyResource } from './next-object.ts';
import { StoredObjects } from './objects.ts';
import { ResourceRows } from './rows.ts';
import { SessionRevocationRows } from './session-revocation-rows.ts';
import { loadError, requireValid } from './store-errors.ts';
import { STORE_LIMITS, type SqliteStoreOptions } from './store-options.ts';
import { WatchHub } from './watch-hub.ts';
import { Writes } from './writes.ts';

/**
 * Opens the store of a state folder, and keeps every other process out of it until it is closed.
 * @throws OperatorError `STORE_LOCKED`, `STORE_UNUSABLE`, `STORE_TOO_NEW`
 */
export function openSqliteStore(options: SqliteStoreOptions): SqliteStore {
  const opened = openDatabase(options.folder);
  try {
    return new SqliteStore(opened, options);
  } catch (error) {
    opened.database.close();
    throw loadError(error, join(options.folder, STORE_FILE));
  }
}

/**
 * Resources and events in one SQLite file, and in memory as they stand there.
 *
 * @remarks
 * Reads never go to the file: what it holds is loaded once, and a change is made in memory after it is on the disk. Objects
 * are frozen and handed out as they are. This process is the only one that writes, and no call waits between its read and
 * its write, so a check made before a transaction still holds in it.
 */
export class SqliteStore implements ResourceStore, EventStore, EventReader {
  readonly #database: DatabaseSync;
  readonly #options: SqliteStoreOptions;
  readonly #writes: Writes;
  readonly #rows: ResourceRows;
  readonly #objects = new StoredObjects();
  readonly #events: EventRing;
  readonly #hub: WatchHub;
  /** Sessions that are void before their time. */
  readonly sessionRevocations: SessionRevocationStore;
  /** Credentials of the resource API. */
  readonly apiCredentials: ApiCredentialStore;
  /** True when the last changes of the run before are lost, as a power cut may do. */
  readonly hasLostChanges: boolean;
  #version: number;

  /** @throws OperatorError `STORE_WRITE_FAILED`, `STORE_UNUSABLE` */
  constructor({ database, hasLostChanges }: OpenDatabase, options: SqliteStoreOptions) {
    const { namespace, newUid, limits = STORE_LIMITS } = options;
    this.#database = database;
    this.hasLostChanges = hasLostChanges;
    this.#options = options;
    this.#writes = new Writes(database);
    this.#rows = new ResourceRows(database, namespace);
    this.sessionRevocations = new SessionRevocationRows(database);
    this.apiCredentials = new ApiCredentialRows(database);
    this.#version = Math.max(this.#rows.lastVersion() + 1, Math.floor(options.clock.now()));
    this.#events = runStatement(database, () => {
      this.#rows.keepVersion(this.#version);
      for (const object of this.#rows.load()) this.#objects.set(object);
      return new EventRing({ database, namespace, limits, newUid });
    });
    this.#hub = new WatchHub({
      limit: limits.history,
      sizeLimit: limits.historySize,
      start: this.#version,
      current: () => this.#version,
    });
  }

  list<K extends Kind>(kind: K, signal?: AbortSignal): Promise<ResourceList<K>> {
    return attempt(signal, () => ({
      items: this.#objects.list(kind),
      resourceVersion: String(this.#version),
    }));
  }

  get<K extends Kind>(
    kind: K,
    name: string,
    signal?: AbortSignal,
  ): Promise<ResourceByKind[K] | undefined> {
    return attempt(signal, () => this.#objects.get(kind, name));
  }

  create<K extends Kind>(draft: Draft<K>, signal?: AbortSignal): Promise<ResourceByKind[K]> {
    return attempt(signal, () => {
      const { kind, metadata } = draft;
      const { name } = metadata;
      const spec = requireValid(kind, name, checkSpec(kind, metadata, draft.spec));
      if (this.#objects.get(kind, name) !== undefined) {
        throw new OperatorError('RESOURCE_EXISTS', { kind, name });
      }
      const { namespace, newUid, clock } = this.#options;
      const object = newObject(
        { kind, metadata, spec },
        {
          namespace,
          uid: newUid(),
          resourceVersion: String(this.#version + 1),
          creationTimestamp: toSeconds(new Date(clock.now()).toISOString()),
        },
      );
      const size = this.#writes.spec(kind, () => this.#rows.insert(object));
      this.#publish({ type: 'added', object }, size);
      return object;
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
      const checked = checkSpec(kind, metadata, resource.spec);
      const spec = requireValid(kind, metadata.name, checked);
      return this.#change(observed, { parts: metadata, spec, status: observed.status });
    });
  }

  updateStatus<K extends Kind>(
    resource: ResourceByKind[K],
    signal?: AbortSignal,
  ): Promise<ResourceByKind[K]> {
    return attempt(signal, () => {
      const { metadata } = resource;
      const kind = resource.kind as K;
      const observed = this.#require(kind, metadata);
      const checked = checkStatus(kind, resource.status);
      const status = requireValid(kind, metadata.name, checked);
      const parts = { ...observed.metadata, managedFields: metadata.managedFields };
      return this.#change(observed, { parts, spec: observed.spec, status });
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
      const version = this.#version + 1;
      const size = this.#writes.spec(kind, () => {
        this.#rows.keepVersion(version);
        return this.#rows.remove(observed);
      });
      this.#publish({ type: 'deleted', object: deletedObject(observed, String(version)) }, size);
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
      const uid = this.#objects.get(event.kind, event.name)?.metadata.uid;
      const now = this.#options.clock.now();
      const changes = this.#events.plan(event, { now, version: this.#version, uid });
      this.#writes.all(() => {
        this.#events.write(changes);
      });
      this.#events.apply(changes);
      for (const change of changes) {
        this.#version = Number(change.object.resourceVersion);
        this.#hub.publish('Event', this.#version, change, lengthOf(change.object));
      }
    });
  }

  listEvents(): ReturnType<EventReader['listEvents']> {
    return attempt(undefined, () => ({
      items: this.#events.list(),
      resourceVersion: String(this.#version),
    }));
  }

  watchEvents(
    resourceVersion: string,
    signal: AbortSignal,
  ): AsyncIterable<ObjectChange<StoredEvent>> {
    return this.#hub.watch('Event', resourceVersion, signal) as AsyncIterable<
      ObjectChange<StoredEvent>
    >;
  }

  /** A value that the router keeps for itself, such as its instance id. */
  meta(key: string): string | undefined {
    return runStatement(this.#database, () => {
      const row = this.#database.prepare('SELECT value FROM meta WHERE key = ?').get(key);
      return row?.['value'] as string | undefined;
    });
  }

  /** Keeps a value, on the disk when this returns. @throws OperatorError `STORE_WRITE_FAILED` */
  setMeta(key: string, value: string): void {
    this.#writes.durable(() => {
      this.#database
        .prepare(
          'INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
        )
        .run(key, value);
    });
  }

  /** Why the last write failed; undefined while writing works. */
  get writeProblem(): OperatorError | undefined {
    return this.#writes.problem;
  }

  /** Ends every watch and frees the folder. */
  close(): void {
    this.#hub.close();
    if (this.#database.isOpen) this.#database.close();
  }

  /** The very object that the writer means. */
  #require<K extends Kind>(
    kind: K,
    wanted: { readonly name: string; readonly uid?: string; readonly resourceVersion?: string },
  ): ResourceByKind[K] {
    const observed = this.#objects.get(kind, wanted.name);
    if (observed === undefined) {
      throw new OperatorError('RESOURCE_NOT_FOUND', { kind, name: wanted.name });
    }
    const { uid, resourceVersion } = observed.metadata;
    const isMeant =
      (wanted.uid ?? uid) === uid &&
      (wanted.resourceVersion ?? resourceVersion) === resourceVersion;
    if (!isMeant) throw new OperatorError('RESOURCE_CONFLICT', { kind, name: wanted.name });
    return observed;
  }

  /** Writes what differs, if anything does. */
  #change<T extends AnyResource>(observed: T, desired: Parameters<typeof changedObject<T>>[1]): T {
    const object = changedObject(observed, desired, String(this.#version + 1));
    if (object === observed) return observed;
    const write = (): number => this.#rows.update(object);
    const isStatus = object.status !== observed.status;
    const size = isStatus ? this.#writes.one(write) : this.#writes.spec(object.kind, write);
    this.#publish({ type: 'modified', object, previous: observed }, size);
    return object;
  }

  /** Makes a change known that is on disk. */
  #publish(change: ObjectChange<AnyResource>, size: number): void {
    const { type, object } = change;
    this.#version = Number(object.metadata.resourceVersion);
    if (type === 'deleted') this.#objects.delete(object.kind, object.metadata.name);
    else this.#objects.set(object);
    this.#hub.publish(object.kind, this.#version, change, size);
  }
}

/** SQLite answers at once; the contract's promises are for stores that do not. */
function attempt<T>(signal: AbortSignal | undefined, work: () => T): Promise<T> {
  return new Promise((resolve) => {
    signal?.throwIfAborted();
    resolve(work());
  });
}
