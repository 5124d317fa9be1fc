import { distinctUntilChanged, filter, map, merge, type Observable } from 'rxjs';
import { endpointKey } from '../domain/runtime-keys.ts';
import type { RouterIdentity } from '../domain/plan-task-routes.ts';
import { planLeases, type LeaseClaim, type LeasePlan, type Rest } from '../domain/port-lease.ts';
import type { PortPoolStatus } from '../resources/generated.ts';
import type { PortPool, TaskRoute } from '../resources/kinds.ts';
import type { ResourceStore } from '../store/contract.ts';
import type { Informer } from '../store/informer.ts';
import type { Clock, DataPlane, TaskSource } from './contracts.ts';
import type { ControllerOptions } from './controller.ts';
import { markOf } from './task-routes.ts';

/** What {@link portLeaseController} works with. */
export interface PortLeaseDependencies {
  readonly tasks: TaskSource;
  readonly routes: Informer<'TaskRoute'>;
  readonly pools: Informer<'PortPool'>;
  readonly store: ResourceStore;
  readonly dataPlane: DataPlane;
  readonly clock: Clock;
  /** Name of the pool: the router's object name. */
  readonly pool: string;
  readonly router: RouterIdentity;
  /** Public TCP address: a task that shows it was served by this router before. */
  readonly tcpAddress: string;
  /** False until every task that may hold a port is known: a port must not be given away before. */
  readonly known: () => boolean;
  /** Emits when {@link PortLeaseDependencies.known} turned true. */
  readonly becameKnown: Observable<unknown>;
}

/** Leases TCP ports to TaskRoutes; the key is the pool's name. One optimistic update per change. */
export function portLeaseController(dependencies: PortLeaseDependencies): ControllerOptions {
  const { routes, pools, dataPlane, pool } = dependencies;
  const heldPorts = dataPlane.changes.pipe(
    map(() => [...dataPlane.heldPorts].join()),
    distinctUntilChanged(),
  );
  const tcpRoutes = routes.changes.pipe(filter(({ name }) => name.endsWith('.tcp')));
  return {
    name: 'port-leases',
    sources: [
      merge(tcpRoutes, pools.changes, heldPorts, dependencies.becameKnown).pipe(map(() => pool)),
    ],
    reconcile: async () => {
      const observed = await dependencies.store.get('PortPool', pool);
      if (observed === undefined) return undefined;
      const { now, plan } = decide(dependencies, observed);
      const status = statusOf(observed, plan, dependencies.dataPlane.heldPorts);
      await dependencies.store.updateStatus<'PortPool'>({ ...observed, status });
      const next = Math.min(...plan.resting.map((rest) => rest.until));
      return Number.isFinite(next) ? { againMs: Math.max(100, next - now) } : undefined;
    },
  };
}

function decide(
  dependencies: PortLeaseDependencies,
  pool: PortPool,
): { readonly now: number; readonly plan: LeasePlan } {
  const now = dependencies.clock.now();
  const { start, end, restSeconds } = pool.spec;
  const held = dependencies.dataPlane.heldPorts;
  const leasable = new Set([...held].filter((port) => port >= start && port <= end));
  const plan = planLeases({
    leases: (pool.status.leases ?? []).filter(({ port }) => port >= start && port <= end),
    resting: (pool.status.resting ?? []).map(restOf),
    claims: claimsOf(dependencies),
    leasable: dependencies.known() ? leasable : new Set<number>(),
    now,
    restMs: restSeconds * 1000,
  });
  return { now, plan };
}

function claimsOf(dependencies: PortLeaseDependencies): readonly LeaseClaim[] {
  return dependencies.routes
    .byIndex('protocol', 'tcp')
    .filter((route) => route.spec.target !== undefined)
    .map((route) => claimOf(dependencies, route));
}

/**
 * A task that carries our mark and shows our address wishes the port it shows: after a loss of state everybody keeps his.
 * Without the mark the port is just a number that the task wrote.
 */
function claimOf(dependencies: PortLeaseDependencies, route: TaskRoute): LeaseClaim {
  const { task, endpointName } = route.spec;
  const view = dependencies.tasks.get(task.id);
  const runtime = view?.runtime ?? {};
  const { router } = dependencies;
  const mark = view === undefined ? undefined : markOf(view)?.router;
  const marked = mark !== undefined && [router.name, router.takeOver].includes(mark);
  const ours =
    marked && runtime[endpointKey('external_address', endpointName)] === dependencies.tcpAddress;
  const port = ours ? Number(runtime[endpointKey('external_tcp_port', endpointName)]) : NaN;
  const name = route.metadata.name;
  return Number.isInteger(port) ? { route: name, wish: port } : { route: name };
}

function restOf(rest: NonNullable<PortPoolStatus['resting']>[number]): Rest {
  const { until, ...who } = rest;
  return { ...who, until: Date.parse(until) };
}

function statusOf(pool: PortPool, plan: LeasePlan, held: ReadonlySet<number>): PortPoolStatus {
  const { start, end } = pool.spec;
  const range = Array.from({ length: end - start + 1 }, (_, index) => start + index);
  const taken = new Set([...plan.leases, ...plan.resting].map(({ port }) => port));
  const leasable = range.filter((port) => held.has(port));
  return {
    ...pool.status,
    observedGeneration: pool.metadata.generation,
    leases: plan.leases,
    resting: plan.resting.map(({ until, ...who }) => ({
      ...who,
      until: new Date(until).toISOString(),
    })),
    free: leasable.filter((port) => !taken.has(port)).length,
    // Without any proxy nothing is known of the host's ports.
    busy: held.size === 0 ? [] : range.filter((port) => !held.has(port)),
  };
}
