import { authorize } from '../../../src/api/access/authorize.ts';
import { answerReview } from '../../../src/api/access/reviews.ts';
import { makeApi, WATCH_LIMIT } from '../../../src/api/api.ts';
import { makeServed } from '../../../src/api/served.ts';
import { answerWrite } from '../../../src/api/write/answer-write.ts';
import type { Kind, ResourceByKind } from '../../../src/resources/kinds.ts';
import type { Draft } from '../../../src/store/contract.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';
import { listenApi } from '../../support/api-listener.ts';
import { kubeconfigText } from '../../support/kube-apiserver.ts';
import { realClock } from '../../support/clocks.ts';
import { openStore } from '../../support/sqlite.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { EVENTS, type ServedEvent } from './real-world.ts';
import { ResourceClient } from './resource-client.ts';
import { readSeed, SEED_EVENTS, type World } from './world.ts';

/** Clearway's API over a store of its own: what controllers write goes through the store, what people write through the API. */
export interface ClearwayWorld extends World, AsyncDisposable {
  readonly name: 'clearway';
  /** The events as the API serves them. */
  events(): Promise<readonly ServedEvent[]>;
}

/** Starts one with the objects and events of the seed. */
export async function startClearwayWorld(): Promise<ClearwayWorld> {
  await using scope = new AsyncDisposableStack();
  const folder = scope.use(await tempFolder());
  const store = scope.adopt(openStore(folder.path), (open) => open.close());
  const api = makeApi({
    served: makeServed({ store, events: store, namespace: 'default', since: Date.now() }),
    version: '0.1.0',
    clock: realClock,
    random: Math.random,
    watchLimit: WATCH_LIMIT,
    logger: createLogger({ level: 'warn', destination: process.stderr }),
    authorize,
    write: (request, render) =>
      answerWrite(request, {
        store,
        clock: realClock,
        namespace: 'default',
        newUid: () => crypto.randomUUID(),
        randomBelow: (limit) => Math.floor(Math.random() * limit),
        render,
      }),
    reviews: answerReview,
  });
  const listener = scope.use(await listenApi(api));
  const client = new ResourceClient({ url: listener.url });
  const world = {
    name: 'clearway',
    kubeconfig: kubeconfigText({ server: listener.url, user: 'admin' }),
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
