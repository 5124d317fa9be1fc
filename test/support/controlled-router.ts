import { pino } from 'pino';
import { NEVER } from 'rxjs';
import { ClearmlClient } from '../../src/clearml/client.ts';
import { ClearmlTaskWriter } from '../../src/clearml/task-writer.ts';
import { TaskWatcher } from '../../src/clearml/watcher.ts';
import { ClearmlWorkers } from '../../src/clearml/workers.ts';
import { controllersOf, type ControllerParts } from '../../src/composition/controllers.ts';
import { heldTasks } from '../../src/composition/held-tasks.ts';
import { informersOf } from '../../src/composition/informers.ts';
import { identifyInstance } from '../../src/composition/instance.ts';
import { Milestone } from '../../src/composition/milestone.ts';
import { settle } from '../../src/composition/settle.ts';
import type { Clock, EngineFacts } from '../../src/controllers/contracts.ts';
import { makeController, type Controller } from '../../src/controllers/controller.ts';
import type { DataPlane } from '../../src/controllers/contracts.ts';
import { ensureRouter } from '../../src/controllers/router-status.ts';
import { routerObjectName } from '../../src/domain/route-name.ts';
import { getCondition } from '../../src/resources/conditions.ts';
import type { TaskRoute } from '../../src/resources/kinds.ts';
import type { Settings } from '../../src/settings.ts';
import type { SqliteStore } from '../../src/store/sqlite-store.ts';
import { realClock } from './clocks.ts';
import { FakeDataPlane } from './fake-data-plane.ts';
import { someSettings } from './some-settings.ts';
import { openStore } from './sqlite.ts';

/** The TCP side of a router in these tests. */
export const TCP = { address: 'tcp.example', start: 30_000, end: 30_003 };

/** What a router is started with. */
export interface ControlledRouterOptions {
  readonly apiHost: string;
  readonly keys: { readonly accessKey: string; readonly secretKey: string };
  /** The state folder. */
  readonly state: string;
  readonly settings?: Partial<Settings>;
  readonly dataPlane?: FakeDataPlane;
  /** A real proxy, in the place of the fake one. */
  readonly plane?: DataPlane;
  readonly pollMs?: number;
  /** True for a router that serves no TCP. */
  readonly isTcpOff?: boolean;
  /** What the engine says; there is none unless given. */
  readonly engine?: EngineFacts;
  /** Another clock than the real one. */
  readonly clock?: Clock;
  /** Looks up host names. */
  readonly resolve?: ControllerParts['resolve'];
}

/** Every controller of a router on a real store and a real ClearML client; the proxy is a fake one. */
export interface ControlledRouter extends AsyncDisposable {
  readonly dataPlane: FakeDataPlane;
  readonly controllers: readonly Controller[];
  /** What the router keeps, and where an administrator writes. */
  readonly store: SqliteStore;
  /** TaskRoutes in the order of their names. */
  routes(): Promise<readonly TaskRoute[]>;
  /** `status reason` of a condition, or `absent`. */
  condition(route: string, type: string): Promise<string>;
  /** How often each controller has reconciled. */
  readonly reconciles: Readonly<Record<string, number | undefined>>;
  /** True when the first complete pass and all that follows from it is done. */
  readonly isComplete: () => boolean;
}

/** Starts a router; disposing it is a clean stop. */
export async function startRouter(options: ControlledRouterOptions): Promise<ControlledRouter> {
  const { tcp, ...withoutTcp } = someSettings({
    router: { name: 'gw', url: 'https://gw.example', namespace: 'default' },
    tcp: TCP,
    // A pool without memory rests as a whole, which is another test's matter.
    portRestSeconds: 0,
    ...options.settings,
  });
  const isTcpOff = options.isTcpOff === true || tcp === undefined;
  const settings: Settings = isTcpOff ? withoutTcp : { ...withoutTcp, tcp };
  const ports = Array.from({ length: TCP.end - TCP.start + 1 }, (_, index) => TCP.start + index);
  const dataPlane = options.dataPlane ?? new FakeDataPlane({ ports });
  const { clock = realClock } = options;
  const store = openStore(options.state, { now: () => clock.now() });
  const informers = informersOf({ store, clock, onError: () => undefined });
  const { routes, pools, statics } = informers;
  const clearml = connect(options, settings, heldTasks(routes));
  const name = routerObjectName(settings.router.name);
  const [known, completed] = [new Milestone(), new Milestone()];
  const reconciles: Record<string, number> = {};
  const parts = { settings, version: '0', clock, store, name, ...informers, known, completed };
  await ensureRouter({ store, clock }, name, specsOf(settings));
  const facts = options.engine ?? { available: false, containers: [], bridgeSubnets: [] };
  const controllers = controllersOf({
    ...parts,
    instance: identifyInstance(settings, store),
    clearml,
    engine: { changes: NEVER, facts },
    dataPlane: options.plane ?? dataPlane,
    ...(options.resolve === undefined ? {} : { resolve: options.resolve }),
  }).map((controller) =>
    makeController(controller, {
      clock,
      random: () => 0.5,
      logger: pino({ level: 'silent' }),
      ready: Promise.all([routes.synced, pools.synced, statics.synced]),
      onReconcile: (which) => (reconciles[which] = (reconciles[which] ?? 0) + 1),
    }),
  );
  const stop = new AbortController();
  const isSynced = (): boolean => clearml.watcher.synced;
  const running = Promise.allSettled([
    ...controllers.map((controller) => controller.run(stop.signal)),
    routes.run(stop.signal),
    pools.run(stop.signal),
    statics.run(stop.signal),
    clearml.watcher.run(stop.signal),
    settle({ clock, controllers, isSynced, known, completed }, stop.signal),
  ]);
  return {
    dataPlane,
    controllers,
    store,
    reconciles,
    isComplete: () => completed.isReached,
    routes: async () => {
      const { items } = await store.list('TaskRoute');
      return items.toSorted((left, right) => (left.metadata.name < right.metadata.name ? -1 : 1));
    },
    condition: async (route, type) => {
      const found = await store.get('TaskRoute', route);
      const condition = getCondition(found?.status.conditions ?? [], type);
      return condition === undefined ? 'absent' : `${condition.status} ${condition.reason}`;
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await running;
      await clearml.client.close();
      store.close();
    },
  };
}

function connect(
  { apiHost, keys, pollMs = 40 }: ControlledRouterOptions,
  settings: Settings,
  held: ReadonlySet<string>,
): {
  readonly client: ClearmlClient;
  readonly watcher: TaskWatcher;
  readonly writer: ClearmlTaskWriter;
  readonly workers: ClearmlWorkers;
} {
  const { takeOver, queues, router } = settings;
  const clock = realClock;
  const client = new ClearmlClient({
    transport: { verifyTls: true, timeoutMs: 5_000, maxAnswerBytes: 8 * 1024 * 1024 },
    apiHost,
    ...keys,
    clock,
    onCall: () => undefined,
  });
  return {
    client,
    watcher: new TaskWatcher({
      caller: client,
      routers: [router.name, ...(takeOver === undefined ? [] : [takeOver])],
      held: () => held,
      queues,
      pollMs,
      fullPassMs: 5 * pollMs,
      clock,
      random: () => 0.5,
    }),
    writer: new ClearmlTaskWriter({ client }),
    workers: new ClearmlWorkers({ caller: client, clock, cacheMs: 1_000 }),
  };
}

function specsOf(settings: Settings): Parameters<typeof ensureRouter>[2] {
  const { router, tcp, portRestSeconds: restSeconds } = settings;
  return {
    router: { name: router.name, url: router.url },
    pool:
      tcp === undefined
        ? undefined
        : { router: router.name, start: tcp.start, end: tcp.end, restSeconds },
  };
}
