import type { Kind, ResourceByKind } from '../../resources/kinds.ts';
import type { ResourceStore, WatchEvent } from '../../store/contract.ts';
import type { AnyChange, AnyObject, ObjectSource } from '../contracts.ts';
import { withoutEmptyStatus } from '../served/empty-status.ts';

/** The resources of one kind, as the store has them. */
export function kindSource(
  store: Pick<ResourceStore, 'list' | 'get' | 'watch'>,
  kind: Kind,
): ObjectSource {
  const view = makeView();
  const listed = new WeakMap<object, readonly AnyObject[]>();
  return {
    list: async (signal) => {
      const { items, resourceVersion } = await store.list(kind, signal);
      // The store gives one list to all until something changes, and so do we.
      const known = listed.get(items) ?? items.map(view);
      listed.set(items, known);
      return { items: known, resourceVersion };
    },
    get: async (name, signal) => {
      const object = await store.get(kind, name, signal);
      return object === undefined ? undefined : view(object);
    },
    watch: (resourceVersion, signal) => changes(store.watch(kind, resourceVersion, signal), view),
  };
}

type View = (object: ResourceByKind[Kind]) => AnyObject;

/** The object without an empty status stays the same as long as the stored one does. */
function makeView(): View {
  const views = new WeakMap<object, AnyObject>();
  return (object) => {
    const known = views.get(object);
    if (known !== undefined) return known;
    const made = withoutEmptyStatus(object as unknown as AnyObject);
    if (made !== (object as unknown)) views.set(object, made);
    return made;
  };
}

async function* changes(
  events: AsyncIterable<WatchEvent<Kind>>,
  view: View,
): AsyncGenerator<AnyChange, void, undefined> {
  for await (const { type, object, previous } of events) {
    const before = previous === undefined ? {} : { previous: view(previous) };
    yield { type, object: view(object), ...before };
  }
}
