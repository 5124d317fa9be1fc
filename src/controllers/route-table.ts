import { filter, map, merge, type Observable } from 'rxjs';
import { buildTable, overlayTable, type RoutedEndpoint } from '../domain/build-table.ts';
import type { RouteTable } from '../domain/route-table.ts';
import type { StaticPlace } from '../domain/static-routes.ts';
import { getCondition } from '../resources/conditions.ts';
import type { TaskRoute } from '../resources/kinds.ts';
import type { Informer } from '../store/informer.ts';
import type { Clock, DataPlane } from './contracts.ts';
import type { ControllerOptions } from './controller.ts';
import type { ProgrammedGenerations } from './programmed-generations.ts';
import { seatsOf } from './static-facts.ts';

/** What {@link routeTableController} works with. */
export interface RouteTableDependencies {
  readonly routes: Informer<'TaskRoute'>;
  readonly pools: Informer<'PortPool'>;
  readonly statics: Informer<'StaticRoute'>;
  /** Where StaticRoutes are served. */
  readonly staticPlace: StaticPlace;
  /** Name of the pool: the router's object name. */
  readonly pool: string;
  readonly dataPlane: DataPlane;
  readonly clock: Clock;
  readonly programmed: ProgrammedGenerations;
  /** False until the first complete pass: what an earlier run served stays till then. */
  readonly complete: () => boolean;
  /** Emits when {@link RouteTableDependencies.complete} turned true. */
  readonly completed: Observable<unknown>;
}

/** A new route is created and resolved within milliseconds: one table for both. */
const GATHER_MS = 5;

/**
 * Keeps the proxies' route table equal to the TaskRoutes and leases; one key.
 *
 * @remarks A table costs time in proportion to its routes. After one the controller rests as long as it took, so that a storm of
 * changes becomes few tables and never more than half of a core.
 */
export function routeTableController(dependencies: RouteTableDependencies): ControllerOptions {
  const { routes, pools, statics, dataPlane, clock, programmed } = dependencies;
  const endpoints = new Map<string, RoutedEndpoint>();
  const changed = routes.changes.pipe(
    filter(({ name, object }) => takeEndpoint(endpoints, name, object)),
  );
  return {
    name: 'route-table',
    sources: [
      merge(changed, pools.changes, statics.changes, dependencies.completed).pipe(
        map(() => 'table'),
      ),
    ],
    reconcile: async (_key, signal) => {
      await clock.sleep(GATHER_MS, signal);
      const start = clock.now();
      const table = desiredTable(dependencies, [...endpoints.values()]);
      programmed.applied(table, await dataPlane.apply(table));
      await clock.sleep(clock.now() - start, signal);
      return undefined;
    },
  };
}

/** Brings the endpoint of one route up to date; true when the table may look different by it. */
function takeEndpoint(
  endpoints: Map<string, RoutedEndpoint>,
  name: string,
  route: TaskRoute | undefined,
): boolean {
  if (route === undefined) return endpoints.delete(name);
  const endpoint = routedEndpoint(route);
  if (JSON.stringify(endpoints.get(name)) === JSON.stringify(endpoint)) return false;
  endpoints.set(name, endpoint);
  return true;
}

function desiredTable(
  dependencies: RouteTableDependencies,
  endpoints: readonly RoutedEndpoint[],
): RouteTable {
  const { pools, dataPlane, complete } = dependencies;
  const leases = pools.get(dependencies.pool)?.status.leases ?? [];
  const built = buildTable(endpoints, leases, seatsOf(dependencies));
  const restored = complete() ? undefined : dataPlane.restored();
  return restored === undefined ? built : overlayTable(restored, built);
}

function routedEndpoint(route: TaskRoute): RoutedEndpoint {
  const { spec, status, metadata } = route;
  const answering = getCondition(status.conditions ?? [], 'Answering');
  const answered =
    answering?.status === 'True' && answering.observedGeneration === metadata.generation;
  return {
    route: metadata.name,
    task: spec.task.id,
    protocol: spec.protocol,
    endpointName: spec.endpointName,
    accepted: spec.target !== undefined,
    pathMode: spec.pathMode ?? 'strip',
    asksForStatic: spec.staticRoute !== undefined,
    answered,
    since: Date.parse(metadata.creationTimestamp),
    ...(status.upstream === undefined ? {} : { upstream: status.upstream }),
  };
}
