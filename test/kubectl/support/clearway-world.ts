import { Agent } from 'undici';
import type { Kind, ResourceByKind } from '../../../src/resources/kinds.ts';
import type { Draft } from '../../../src/store/contract.ts';
import type { SqliteStore } from '../../../src/store/sqlite-store.ts';
import { serveApi, type ServedApi } from '../../support/listening-api.ts';
import { openStore } from '../../support/sqlite.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { EVENTS, type ServedEvent } from './real-world.ts';
import { ResourceClient } from './resource-client.ts';
import { readSeed, SEED_EVENTS, type World } from './world.ts';

/** Clearway's API over a store of its own: what controllers write goes through the store, what people write through the API. */
export interface ClearwayWorld extends World, AsyncDisposable {
  readonly name: 'clearway';
  readonly store: SqliteStore;
  readonly served: ServedApi;
  /** The events as the API serves them. */
  events(): Promise<readonly ServedEvent[]>;
}

/** Starts one with the objects and events of the seed. */
export async function startClearwayWorld(): Promise<ClearwayWorld> {
  await using scope = new AsyncDisposableStack();
  const folder = scope.use(await tempFolder()).path;
  const store = scope.adopt(openStore(folder), (open) => open.close());
  const served = scope.use(await serveApi({ store, folder }));
  const dispatcher = new Agent({ connect: { ca: served.authority } });
  scope.defer(() => dispatcher.destroy());
  const headers = { authorization: `Bearer ${served.token}` };
  const client = new ResourceClient({ url: served.url, headers, dispatcher });
  const world = {
    name: 'clearway',
    kubeconfig: served.kubeconfig,
    store,
    served,
    create: async (object) => {
      if (object.kind === 'StaticRoute') return client.create(object);
      const { kind, metadata, spec, status } = object;
      await store.create({ kind, metadata, spec } as unknown as Draft<typeof kind>);
      await world.replaceStatus(kind, metadata.name, status);
    },
    replaceStatus: async (kind, name, status) => {
      if (kind === 'StaticRoute') return client.replaceStatus(kind, name, status);
      const stored = await store.get(kind, name);
      await store.updateStatus({ ...stored, status } as ResourceByKind[Kind]);
    },
    delete: (kind, name) => store.delete(kind, name),
    names: async (kind) => {
      const { items } = await store.list(kind);
      return items.map(({ metadata }) => metadata.name);
    },
    events: () => client.list<ServedEvent>(EVENTS),
  } satisfies Omit<ClearwayWorld, typeof Symbol.asyncDispose>;
  for (const object of await readSeed()) await world.create(object);
  for (const { count, ...event } of SEED_EVENTS) {
    for (let times = 0; times < count; times += 1) await store.record(event);
  }
  const parts = scope.move();
  return { ...world, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}
