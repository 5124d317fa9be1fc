import type { Kind, ResourceByKind } from '../resources/kinds.ts';
import type { AnyResource } from './next-object.ts';

interface Shelf {
  objects: Map<string, AnyResource>;
  /** False while the map may not be in the order of names. */
  isOrdered: boolean;
  /** What the last list gave out; undefined after a change. */
  listed: readonly AnyResource[] | undefined;
}

/**
 * The objects of each kind by name, as they stand in the file.
 *
 * @remarks
 * An object stays the same reference while it is unchanged, so lists, informers and watchers hold it once together, and a
 * list costs neither a read nor a parse.
 */
export class StoredObjects {
  readonly #shelves = new Map<Kind, Shelf>();

  get<K extends Kind>(kind: K, name: string): ResourceByKind[K] | undefined {
    return this.#shelf(kind).objects.get(name) as ResourceByKind[K] | undefined;
  }

  set(object: AnyResource): void {
    const shelf = this.#shelf(object.kind);
    const { name } = object.metadata;
    if (!shelf.objects.has(name)) shelf.isOrdered = false;
    shelf.objects.set(name, object);
    shelf.listed = undefined;
  }

  delete(kind: Kind, name: string): void {
    const shelf = this.#shelf(kind);
    shelf.objects.delete(name);
    shelf.listed = undefined;
  }

  /** Every object of a kind, in the order of names. */
  list<K extends Kind>(kind: K): readonly ResourceByKind[K][] {
    const shelf = this.#shelf(kind);
    if (!shelf.isOrdered) {
      shelf.objects = new Map(
        [...shelf.objects].sort(([left], [right]) => (left < right ? -1 : 1)),
      );
      shelf.isOrdered = true;
    }
    shelf.listed ??= Object.freeze([...shelf.objects.values()]);
    return shelf.listed as readonly ResourceByKind[K][];
  }

  #shelf(kind: Kind): Shelf {
    const known = this.#shelves.get(kind);
    if (known !== undefined) return known;
    const shelf: Shelf = { objects: new Map(), isOrdered: true, listed: undefined };
    this.#shelves.set(kind, shelf);
    return shelf;
  }
}
