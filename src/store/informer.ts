// States: listing (again) -> watching -> ended by the signal.
//
// | when | then |
// | --- | --- |
// | the list is there | the map is brought to it; each difference is a change; watch from its version |
// | an event | the map is brought to it; one change |
// | history no longer reaches back | list again at once |
// | the watch ends by itself, or anything fails | wait, then list again; the map stays as it is meanwhile |
// | the signal aborts | end |
import { Subject, type Observable } from 'rxjs';
import type { Clock } from '../controllers/contracts.ts';
import { hasCode, isAbort } from '../errors.ts';
import type { Kind, ResourceByKind } from '../resources/kinds.ts';
import type { ResourceStore, WatchEvent } from './contract.ts';

/** From an object to the values under which an index finds it. */
export type IndexFunction<K extends Kind> = (object: ResourceByKind[K]) => readonly string[];

/** One object that came, changed or went (`undefined`). */
export interface InformerChange<K extends Kind> {
  readonly name: string;
  readonly object: ResourceByKind[K] | undefined;
}

/** What an {@link Informer} works with. */
export interface InformerOptions<K extends Kind> {
  readonly store: Pick<ResourceStore, 'list' | 'watch'>;
  readonly kind: K;
  readonly clock: Pick<Clock, 'sleep'>;
  /** By name of the index. */
  readonly indexes?: Readonly<Record<string, IndexFunction<K>>>;
  /** Hears of each failure; the informer tries again by itself. */
  readonly onError: (error: unknown) => void;
}

const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 30_000;

/** All objects of a kind in memory, a moment behind the store. */
export class Informer<K extends Kind> {
  readonly #options: InformerOptions<K>;
  readonly #objects = new Map<string, ResourceByKind[K]>();
  readonly #indexes: ReadonlyMap<string, Map<string, Set<string>>>;
  readonly #changes = new Subject<InformerChange<K>>();
  readonly #synced = Promise.withResolvers<undefined>();

  constructor(options: InformerOptions<K>) {
    this.#options = options;
    this.#indexes = new Map(Object.keys(options.indexes ?? {}).map((name) => [name, new Map()]));
    // Who never waits for it must not hear of it either.
    this.#synced.promise.catch(() => undefined);
  }

  /** Emits after the map has changed; during {@link run} only. */
  get changes(): Observable<InformerChange<K>> {
    return this.#changes;
  }

  /** Resolves after the first list; rejects when `run` ends before it. */
  get synced(): Promise<unknown> {
    return this.#synced.promise;
  }

  get(name: string): ResourceByKind[K] | undefined {
    return this.#objects.get(name);
  }

  items(): Iterable<ResourceByKind[K]> {
    return this.#objects.values();
  }

  /** The objects that this index finds under a value; an unknown index is a mistake of the caller. */
  byIndex(index: string, value: string): readonly ResourceByKind[K][] {
    const names = this.#index(index).get(value) ?? [];
    return [...names].flatMap((name) => this.#objects.get(name) ?? []);
  }

  /** Follows the store until the signal aborts. Called once. */
  async run(signal: AbortSignal): Promise<void> {
    let waitMs = FIRST_WAIT_MS;
    while (!signal.aborted) {
      try {
        await this.#follow(signal, () => {
          waitMs = FIRST_WAIT_MS;
        });
      } catch (error) {
        if (hasCode(error, 'RESOURCE_VERSION_EXPIRED')) continue;
        if (!isAbort(error)) this.#options.onError(error);
      }
      await this.#options.clock.sleep(waitMs, signal).catch(() => undefined);
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
    }
    this.#synced.reject(signal.reason);
  }

  async #follow(signal: AbortSignal, onListed: () => void): Promise<void> {
    const { store, kind } = this.#options;
    const list = await store.list(kind, signal);
    onListed();
    this.#replace(list.items);
    this.#synced.resolve(undefined);
    for await (const event of store.watch(kind, list.resourceVersion, signal)) this.#apply(event);
  }

  #replace(items: readonly ResourceByKind[K][]): void {
    const listed = new Set(items.map((item) => item.metadata.name));
    for (const name of [...this.#objects.keys()]) if (!listed.has(name)) this.#set(name, undefined);
    for (const item of items) {
      const known = this.#objects.get(item.metadata.name);
      if (known !== undefined && isSameVersion(known, item)) continue;
      this.#set(item.metadata.name, item);
    }
  }

  #apply(event: WatchEvent<K>): void {
    const { name } = event.object.metadata;
    this.#set(name, event.type === 'deleted' ? undefined : event.object);
  }

  #set(name: string, object: ResourceByKind[K] | undefined): void {
    const former = this.#objects.get(name);
    if (former !== undefined) this.#unindex(name, former);
    if (object === undefined) {
      this.#objects.delete(name);
    } else {
      this.#objects.set(name, object);
      this.#enter(name, object);
    }
    this.#changes.next({ name, object });
  }

  #enter(name: string, object: ResourceByKind[K]): void {
    for (const [index, value] of this.#entries(object)) {
      const names = this.#index(index).get(value);
      if (names === undefined) this.#index(index).set(value, new Set([name]));
      else names.add(name);
    }
  }

  #unindex(name: string, object: ResourceByKind[K]): void {
    for (const [index, value] of this.#entries(object)) {
      const names = this.#index(index).get(value);
      names?.delete(name);
      if (names?.size === 0) this.#index(index).delete(value);
    }
  }

  #entries(object: ResourceByKind[K]): readonly (readonly [index: string, value: string])[] {
    return Object.entries(this.#options.indexes ?? {}).flatMap(([index, valuesOf]) =>
      valuesOf(object).map((value) => [index, value] as const),
    );
  }

  #index(index: string): Map<string, Set<string>> {
    const found = this.#indexes.get(index);
    if (found === undefined) throw new TypeError(`there is no index ${index}`);
    return found;
  }
}

function isSameVersion<K extends Kind>(left: ResourceByKind[K], right: ResourceByKind[K]): boolean {
  return (
    left.metadata.uid === right.metadata.uid &&
    left.metadata.resourceVersion === right.metadata.resourceVersion
  );
}
