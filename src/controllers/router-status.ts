import { map, merge, throttleTime, type Observable } from 'rxjs';
import { hasCode } from '../errors.ts';
import type { PortPoolSpec, RouterSpec, RouterStatus } from '../resources/generated.ts';
import { ROUTER_LABEL, type Router, type TaskRoute } from '../resources/kinds.ts';
import type { ResourceStore } from '../store/contract.ts';
import type { Informer } from '../store/informer.ts';
import type { Clock, DataPlane } from './contracts.ts';
import type { ControllerOptions } from './controller.ts';
import { holds } from './route-status.ts';
import {
  reportStatus,
  type Report,
  type ReportDependencies,
  type ReportRules,
  type Verdict,
} from './status-report.ts';

/** How the last call to ClearML went. */
export interface ClearmlHealth {
  /** Unix time in ms of the last complete answer. */
  readonly lastSuccess?: number;
  /** What is wrong now; absent when all is well. */
  readonly problem?: string;
}

/** What {@link routerStatusController} works with. */
export interface RouterStatusDependencies extends ReportDependencies {
  readonly routes: Informer<'TaskRoute'>;
  readonly dataPlane: DataPlane;
  /** Object name of the router. */
  readonly router: string;
  readonly version: string;
  readonly instance: string;
  readonly health: () => ClearmlHealth;
  readonly healthChanges: Observable<unknown>;
}

const RULES: ReportRules<'Router'> = {
  kind: 'Router',
  readyTypes: ['ClearMLReachable', 'ProxiesConnected'],
  readyMessage: 'The router serves.',
};

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
      const items = [...routes.items()];
      await reportStatus(RULES, dependencies, observed, (current) =>
        reportOf(dependencies, current, items),
      );
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

function reportOf(
  dependencies: RouterStatusDependencies,
  { spec }: Router,
  routes: readonly TaskRoute[],
): Report<RouterStatus> {
  const { dataPlane, version, instance } = dependencies;
  const { lastSuccess } = dependencies.health();
  return {
    verdicts: [clearmlVerdict(dependencies.health()), proxiesVerdict(dataPlane)],
    fields: {
      version,
      instance,
      url: spec.url,
      routes: routes.length,
      ready: routes.filter((route) => holds(route, 'Ready')).length,
      proxies: dataPlane.proxies.map((proxy) => ({
        id: proxy.id,
        workers: proxy.workers,
        configRevision: proxy.configRevision,
        generation: proxy.generation,
        complete: proxy.complete,
      })),
      lastSync: lastSuccess === undefined ? undefined : stepped(lastSuccess),
    },
  };
}

function stepped(time: number): string {
  return new Date(Math.floor(time / SYNC_STEP_MS) * SYNC_STEP_MS).toISOString();
}

function clearmlVerdict({ problem, lastSuccess }: ClearmlHealth): Verdict {
  const type = 'ClearMLReachable';
  if (problem === undefined && lastSuccess !== undefined) {
    return { type, status: 'True', reason: 'Reachable', message: 'The ClearML API answers.' };
  }
  return {
    type,
    // After a start nobody has been asked yet: that is no news, and no event.
    status: problem === undefined ? 'Unknown' : 'False',
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
