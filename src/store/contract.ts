import type { Kind, ObjectMeta, ResourceByKind } from '../resources/kinds.ts';

/** What a writer says of a new object; the store adds uid, versions and times. */
export interface Draft<K extends Kind> {
  readonly kind: K;
  readonly metadata: Pick<ObjectMeta, 'name' | 'labels' | 'annotations' | 'managedFields'>;
  readonly spec: ResourceByKind[K]['spec'];
}

/** All objects of a kind at one version, from which a watch goes on without a gap. */
export interface ResourceList<K extends Kind> {
  readonly items: readonly ResourceByKind[K][];
  readonly resourceVersion: string;
}

/** One change of one object. */
export interface ObjectChange<T> {
  readonly type: 'added' | 'modified' | 'deleted';
  /** The object after the change; the last state, at the version of the deletion, of one that is gone. */
  readonly object: T;
  /** The object before the change: there when it is `modified`. */
  readonly previous?: T;
}

/** One change of one resource. */
export type WatchEvent<K extends Kind> = ObjectChange<ResourceByKind[K]>;

/**
 * Where resources live: SQLite on a Docker host, custom resources in a cluster.
 *
 * @remarks
 * One namespace per store. Writes are optimistic: `update` and `updateStatus` take an object that was
 * read and fail with `RESOURCE_CONFLICT` when it has changed since. `update` writes spec, labels,
 * annotations and managedFields and leaves status alone; `updateStatus` writes status and managedFields. `metadata.generation` grows exactly
 * when spec changes. A write that changes nothing keeps the version and makes no event.
 * The behaviour is specified by test/support/store-spec.ts, which runs on every implementation.
 */
export interface ResourceStore {
  list<K extends Kind>(kind: K, signal?: AbortSignal): Promise<ResourceList<K>>;
  get<K extends Kind>(
    kind: K,
    name: string,
    signal?: AbortSignal,
  ): Promise<ResourceByKind[K] | undefined>;
  /** @throws OperatorError `RESOURCE_EXISTS`, `RESOURCE_INVALID` */
  create<K extends Kind>(draft: Draft<K>, signal?: AbortSignal): Promise<ResourceByKind[K]>;
  /** @throws OperatorError `RESOURCE_CONFLICT`, `RESOURCE_NOT_FOUND`, `RESOURCE_INVALID` */
  update<K extends Kind>(
    resource: ResourceByKind[K],
    signal?: AbortSignal,
  ): Promise<ResourceByKind[K]>;
  /** @throws OperatorError `RESOURCE_CONFLICT`, `RESOURCE_NOT_FOUND`, `RESOURCE_INVALID` */
  updateStatus<K extends Kind>(
    resource: ResourceByKind[K],
    signal?: AbortSignal,
  ): Promise<ResourceByKind[K]>;
  /**
   * Deletes; with `uid` or `resourceVersion` only that very object.
   * @throws OperatorError `RESOURCE_NOT_FOUND`, `RESOURCE_CONFLICT`
   */
  delete(
    kind: Kind,
    name: string,
    preconditions?: { readonly uid?: string; readonly resourceVersion?: string },
    signal?: AbortSignal,
  ): Promise<void>;
  /**
   * The changes after `resourceVersion`, in order, without a gap, until the signal aborts.
   * @throws OperatorError `RESOURCE_VERSION_EXPIRED` when history no longer reaches back that far:
   *   list again.
   */
  watch<K extends Kind>(
    kind: K,
    resourceVersion: string,
    signal: AbortSignal,
  ): AsyncIterable<WatchEvent<K>>;
}

/** Something that happened to a resource; equal ones in a short time become one with a count. */
export interface EventRecord {
  readonly kind: Kind;
  readonly name: string;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** An {@link EventRecord} as it is kept. */
export interface StoredEvent extends EventRecord {
  /** Name of the event itself, the same for all repeats that were counted to it. */
  readonly eventName: string;
  /** Uid of the event itself. */
  readonly eventUid: string;
  /** Uid of the resource; empty when it was not there. */
  readonly uid: string;
  readonly resourceVersion: string;
  readonly count: number;
  /** RFC 3339, in whole seconds. */
  readonly firstTime: string;
  readonly lastTime: string;
}

/** Where events are kept, in a ring of bounded length. */
export interface EventStore {
  record(event: EventRecord): Promise<void>;
}

/** Reads the ring of events. */
export interface EventReader {
  /** Every event, in the order of their names. */
  listEvents(): Promise<{
    readonly items: readonly StoredEvent[];
    readonly resourceVersion: string;
  }>;
  /**
   * The changes after a version, until the signal aborts; an event that falls out of the ring is `deleted`.
   * @throws OperatorError `RESOURCE_VERSION_EXPIRED`
   */
  watchEvents(
    resourceVersion: string,
    signal: AbortSignal,
  ): AsyncIterable<ObjectChange<StoredEvent>>;
}

/** Sessions that are void before their time: one, all of a user, or all (`*`). */
export interface SessionRevocation {
  /** `session:<id>`, `user:<id>` or `*`. */
  readonly subject: string;
  /** Id of the user; empty for `*`. */
  readonly user: string;
  /** Unix time in ms: of many sessions, those are void that were issued up to then. */
  readonly at: number;
  /** Unix time in ms after which all of them have ended by themselves. */
  readonly until: number;
}

/** Where revocations of sessions are kept over a restart. */
export interface SessionRevocationStore {
  list(): readonly SessionRevocation[];
  /**
   * Keeps these, in the place of what there was of their subjects, and drops those: all of it or nothing. It is on the disk
   * when this returns, as nothing else would bring it back after a power cut.
   * @throws OperatorError `STORE_WRITE_FAILED`
   */
  change(change: {
    readonly keep: readonly SessionRevocation[];
    readonly drop: readonly string[];
  }): void;
}

/** A credential of the resource API; the token itself is kept nowhere. */
export interface ApiCredential {
  readonly name: string;
  readonly role: 'view' | 'admin';
  /** SHA-256 of the token, in hex. */
  readonly hash: string;
  /** Unix times in ms. */
  readonly created: number;
  /** Absent for one that does not end by itself. */
  readonly expires?: number;
  /** When it was used last, about; absent when it never was. */
  readonly used?: number;
}

/** Where credentials of the resource API are kept. */
export interface ApiCredentialStore {
  list(): readonly ApiCredential[];
  /**
   * Keeps these, in the place of what there was under their names, and drops those: all of it or nothing. It is on the disk
   * when this returns.
   * @throws OperatorError `STORE_WRITE_FAILED`
   */
  change(change: {
    readonly keep: readonly ApiCredential[];
    readonly drop: readonly string[];
  }): void;
  /** Notes when a credential was used; a power cut may take it back. */
  touch(name: string, used: number): void;
}
