import { informersOf } from '../../src/composition/informers.ts';
import type { TaskRoute } from '../../src/resources/kinds.ts';
import type { TaskRouteSpec } from '../../src/resources/generated.ts';
import type { Informer } from '../../src/store/informer.ts';
import type { SqliteStore } from '../../src/store/sqlite-store.ts';
import { ManualClock } from './clocks.ts';
import { eventually } from './eventually.ts';
import { aTaskRoute } from './resources.ts';
import { openStore } from './sqlite.ts';
import { tempFolder } from './temp-folder.ts';

/** A real store in a folder of its own, with an informer of its TaskRoutes. */
export interface RouteStore extends AsyncDisposable {
  readonly store: SqliteStore;
  readonly routes: Informer<'TaskRoute'>;
  readonly statics: Informer<'StaticRoute'>;
  readonly pools: Informer<'PortPool'>;
  readonly clock: ManualClock;
  /** Creates a TaskRoute and waits until the informer has it. */
  add(name: string, spec?: Partial<TaskRouteSpec>): Promise<TaskRoute>;
  /** A TaskRoute as the store has it, once the informer has the same version. */
  seen(name: string): Promise<TaskRoute>;
}

/** Opens one; disposing it closes everything. */
export async function aRouteStore(now = Date.parse('2026-01-01T00:00:00Z')): Promise<RouteStore> {
  const folder = await tempFolder();
  const clock = new ManualClock(now);
  const store = openStore(folder.path, { now: () => clock.now() });
  const { routes, statics, pools } = informersOf({ store, clock, onError: () => undefined });
  const stop = new AbortController();
  const informers = [routes, statics, pools];
  const running = Promise.all(informers.map((informer) => informer.run(stop.signal)));
  await Promise.all(informers.map(({ synced }) => synced));
  const seen = async (name: string): Promise<TaskRoute> =>
    eventually(async () => {
      const stored = await store.get('TaskRoute', name);
      const version = routes.get(name)?.metadata.resourceVersion;
      if (stored === undefined || version !== stored.metadata.resourceVersion) {
        throw new Error(`${name} is not seen yet`);
      }
      return stored;
    });
  return {
    store,
    routes,
    statics,
    pools,
    clock,
    seen,
    add: async (name, spec) => {
      await store.create(aTaskRoute(name, spec));
      return seen(name);
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await running;
      store.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}
