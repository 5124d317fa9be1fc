import { map, merge, throttleTime, type Observable } from 'rxjs';
import { hasCode } from '../errors.ts';
import { setCondition } from '../resources/conditions.ts';
import type { Condition, PortPoolSpec, RouterSpec, RouterStatus } from '../resources/generated.ts';
import { ROUTER_LABEL, type Router } from '../resources/kinds.ts';
import type { ResourceStore } from '../store/contract.ts';
import type { Informer } from '../store/informer.ts';
import type { Clock, DataPlane } from './contracts.ts';
import type { ControllerOptions } from './controller.ts';
import { holds, type Verdict } from './route-status.ts';

/** How the last call to ClearML went. */
export interface ClearmlHealth {
  /** Unix time in ms of the last complete answer. */
  readonly lastSuccess?: number;
  /** What is wrong now; absent when all is well. */
  readonly problem?: string;
}

/** What {@link routerStatusController} works with. */
export interface RouterStatusDependencies {
  readonly store: ResourceStore;
  readonly routes: Informer<'TaskRoute'>;
  readonly dataPlane: DataPlane;
  readonly clock: Clock;
  /** Object name of the router. */
  readonly router: string;
  readonly version: string;
  readonly instance: string;
  readonly health: () => ClearmlHealth;
  readonly healthChanges: Observable<unknown>;
}

/** lastSync is a sign of life for people: finer steps would make a write of every poll. */
const SYNC_STEP_MS = 30_000;
const REPORT_MS = 5_000;
/** Every change of the table is acknowledged by every worker: people need no report of each. */
const STEP_MS = 1_000;

/** Creates or updates the Router and, when TCP is on, its PortPool from the settings. A new pool rests first: who holds its ports is not known yet. */
export async function ensureRouter(
  dependencies: { readonly store: ResourceStore; readonly clock: Clock },
  name: string,
  specs: { readonly router: RouterSpec; readonly pool: PortPoolSpec | undefined },
): Promise<void> {
  const { store, clock } = dependencies;
  const metadata = { name, labels: { [ROUTER_LABEL]: name } };
  const router = await store.get('Router', name);
  if (router === undefined) {
    await store.create<'Router'>({ kind: 'Router', metadata, spec: specs.router });
  } else {
    await store.update<'Router'>({ ...router, spec: specs.router });
  }
  if (specs.pool === undefined) {
    await deletePool(store, name);
    return;
  }
  const pool = await store.get('PortPool', name);
  const made =
    pool === undefined
      ? await store.create<'PortPool'>({ kind: 'PortPool', metadata, spec: specs.pool })
      : await store.update<'PortPool'>({ ...pool, spec: specs.pool });
  // A router that was killed between the two writes left a pool that nobody has used.
  if (made.status.resting !== undefined) return;
  const until = new Date(clock.now() + specs.pool.restSeconds * 1000).toISOString();
  const { start, end } = specs.pool;
  const resting = Array.from({ length: end - start + 1 }, (_, index) => ({
    port: start + index,
    until,
  }));
  await store.updateStatus<'PortPool'>({ ...made, status: { resting } });
}

/** Says how the router is: one key. */
export function routerStatusController(dependencies: RouterStatusDependencies): ControllerOptions {
  const { dataPlane, routes, healthChanges, router } = dependencies;
  return {
    name: 'router-status',
    sources: [
      merge(dataPlane.changes, healthChanges).pipe(
        throttleTime(STEP_MS, undefined, { leading: true, trailing: true }),
        map(() => router),
      ),
    ],
    reconcile: async () => {
      const observed = await dependencies.store.get('Router', router);
      if (observed === undefined) return undefined;
      const status = statusOf(dependencies, observed, [...routes.items()]);
      await dependencies.store.updateStatus<'Router'>({ ...observed, status });
      return { againMs: REPORT_MS };
    },
  };
}

async function deletePool(store: ResourceStore, name: string): Promise<void> {
  try {
    await store.delete('PortPool', name);
  } catch (error) {
    if (!hasCode(error, 'RESOURCE_NOT_FOUND')) throw error;
  }
}

function statusOf(
  dependencies: RouterStatusDependencies,
  observed: Router,
  routes: readonly Parameters<typeof holds>[0][],
): RouterStatus {
  const { dataPlane, version, instance, clock } = dependencies;
  const { lastSuccess } = dependencies.health();
  const at = { now: new Date(clock.now()).toISOString(), generation: observed.metadata.generation };
  const conditions = verdicts(dependencies).reduce<readonly Condition[]>(
    (former, verdict) => setCondition(former, verdict, at),
    observed.status.conditions ?? [],
  );
  return {
    observedGeneration: observed.metadata.generation,
    version,
    instance,
    url: observed.spec.url,
    routes: routes.length,
    ready: routes.filter((route) => holds(route, 'Ready')).length,
    proxies: dataPlane.proxies.map((proxy) => ({
      id: proxy.id,
      workers: proxy.workers,
      configRevision: proxy.configRevision,
      generation: proxy.generation,
      complete: proxy.complete,
    })),
    conditions,
    ...(lastSuccess === undefined ? {} : { lastSync: stepped(lastSuccess) }),
  };
}

function stepped(time: number): string {
  return new Date(Math.floor(time / SYNC_STEP_MS) * SYNC_STEP_MS).toISOString();
}

function verdicts(dependencies: RouterStatusDependencies): readonly Verdict[] {
  const clearml = clearmlVerdict(dependencies.health());
  const proxies = proxiesVerdict(dependencies.dataPlane);
  const missing = [clearml, proxies].find(({ status }) => status !== 'True');
  const ready: Verdict =
    missing === undefined
      ? { type: 'Ready', status: 'True', reason: 'Ready', message: 'The router serves.' }
      : { ...missing, type: 'Ready' };
  return [clearml, proxies, ready];
}

function clearmlVerdict({ problem, lastSuccess }: ClearmlHealth): Verdict {
  const type = 'ClearMLReachable';
  return problem === undefined && lastSuccess !== undefined
    ? { type, status: 'True', reason: 'Reachable', message: 'The ClearML API answers.' }
    : {
        type,
        status: 'False',
        reason: 'Unreachable',
        message: `${problem ?? 'The ClearML API has not answered yet'}. Routes stay as they are. See that it runs, can be reached from the router and accepts its credentials (clearway check).`,
      };
}

function proxiesVerdict({ proxies }: DataPlane): Verdict {
  const type = 'ProxiesConnected';
  return proxies.some((proxy) => proxy.complete)
    ? {
        type,
        status: 'True',
        reason: 'Connected',
        message: 'A proxy is connected with all its workers.',
      }
    : {
        type,
        status: 'False',
        reason: 'NoCompleteProxy',
        message:
          'No proxy is connected with all its workers: is the proxy running, with the same nginx folder?',
      };
}
