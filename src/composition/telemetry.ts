import type { DataPlane } from '../controllers/contracts.ts';
import { getCondition, isTrue } from '../resources/conditions.ts';
import type { PortPool, TaskRoute } from '../resources/kinds.ts';
import type { Informer } from '../store/informer.ts';
import type { LeaseState, RouteState } from '../telemetry/labels.ts';
import type { Metrics, RouteCounts } from '../telemetry/metrics.ts';

/** What the gauges are read from. */
export interface GaugeSources {
  readonly metrics: Metrics;
  readonly routes: Informer<'TaskRoute'>;
  readonly pools: Informer<'PortPool'>;
  readonly dataPlane: DataPlane & { readonly generation: number };
  readonly clearml: { readonly watcher: { readonly state: { readonly lastFullPass?: number } } };
  readonly queueDepths: () => readonly (readonly [
    Parameters<Metrics['setQueueDepth']>[0],
    number,
  ])[];
}

/** Reads every gauge now: called when somebody asks for the metrics, so an idle router does nothing for them. */
export function readGauges(sources: GaugeSources): void {
  const { metrics, routes, pools, dataPlane, clearml } = sources;
  metrics.setRoutes(countRoutes(routes.items()));
  metrics.setLeases(countLeases(pools.items()));
  metrics.setTable({ generation: dataPlane.generation, acknowledged: dataPlane.acknowledged });
  metrics.setProxies(countProxies(dataPlane));
  metrics.fullPassEnded(clearml.watcher.state.lastFullPass ?? 0);
  for (const [controller, depth] of sources.queueDepths()) metrics.setQueueDepth(controller, depth);
}

/** Proxies that are connected, and those of them with all their workers. */
export function countProxies(dataPlane: DataPlane): {
  readonly connected: number;
  readonly complete: number;
} {
  const { proxies } = dataPlane;
  return { connected: proxies.length, complete: proxies.filter(({ complete }) => complete).length };
}

function countRoutes(routes: Iterable<TaskRoute>): RouteCounts {
  const counts: Record<'http' | 'tcp', Partial<Record<RouteState, number>>> = { http: {}, tcp: {} };
  for (const route of routes) {
    const states = counts[route.spec.protocol];
    const state = stateOf(route);
    states[state] = (states[state] ?? 0) + 1;
  }
  return counts;
}

function stateOf(route: TaskRoute): RouteState {
  const conditions = route.status.conditions ?? [];
  if (getCondition(conditions, 'Accepted')?.status === 'False') return 'refused';
  return isTrue(conditions, 'Ready') ? 'ready' : 'pending';
}

function countLeases(pools: Iterable<PortPool>): Readonly<Record<LeaseState, number>> {
  const counts = { held: 0, resting: 0, free: 0, busy: 0 };
  for (const { status } of pools) {
    counts.held += status.leases?.length ?? 0;
    counts.resting += status.resting?.length ?? 0;
    counts.free += status.free ?? 0;
    counts.busy += status.busy?.length ?? 0;
  }
  return counts;
}
