import type { AnyObject } from '../contracts.ts';
import type { MetaVersion } from './negotiation.ts';

/**
 * The JSON of objects, written once for all who watch.
 *
 * @remarks
 * Sources hand out the same reference while an object does not change, so the text belongs to the reference and goes with it.
 */
export class ObjectTexts {
  readonly #whole = new WeakMap<AnyObject, string>();
  readonly #metadata: Readonly<Record<MetaVersion, WeakMap<AnyObject, string>>> = {
    v1: new WeakMap(),
    v1beta1: new WeakMap(),
  };

  /** The whole object, for one of many who want it. */
  whole(object: AnyObject): string {
    return remembered(this.#whole, object, () => JSON.stringify(object));
  }

  /** The whole object, for one who asks once: a text that nobody else wants is not kept. */
  wholeOnce(object: AnyObject): string {
    return this.#whole.get(object) ?? JSON.stringify(object);
  }

  /** Only its metadata, as a PartialObjectMetadata of meta.k8s.io. */
  metadata(object: AnyObject, version: MetaVersion): string {
    return remembered(this.#metadata[version], object, () => {
      const { metadata } = object;
      const apiVersion = `meta.k8s.io/${version}`;
      return JSON.stringify({ kind: 'PartialObjectMetadata', apiVersion, metadata });
    });
  }
}

/** What a map knows of an object, or what it is taught now. */
export function remembered<T>(known: WeakMap<AnyObject, T>, object: AnyObject, make: () => T): T {
  const found = known.get(object);
  if (found !== undefined) return found;
  const made = make();
  known.set(object, made);
  return made;
}
