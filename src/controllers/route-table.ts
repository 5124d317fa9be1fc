import { Subject, map, merge, type Observable } from 'rxjs';
import { buildTable, overlayTable, type RoutedEndpoint } from '../domain/build-table.ts';
import { diffTables, EMPTY_TABLE, type RouteTable } from '../domain/route-table.ts';
import { getCondition } from '../resources/conditions.ts';
import type { TaskRoute } from '../resources/kinds.ts';
import type { Informer } from '../store/informer.ts';
import type { DataPlane } from './contracts.ts';
import type { ControllerOptions } from './controller.ts';

/** What {@link routeTableController} works with. */
export interface RouteTableDependencies {
  readonly routes: Informer<'TaskRoute'>;
  readonly pools: Informer<'PortPool'>;
  readonly dataPlane: DataPlane;
  readonly programmed: ProgrammedGenerations;
  /** False until the first complete pass: what an earlier run served stays till then. */
  readonly complete: () => boolean;
  /** Emits when {@link RouteTableDependencies.complete} turned true. */
  readonly completed: Observable<unknown>;
}

/** Remembers since which table generation each route's entry is as it is. */
export class ProgrammedGenerations {
  readonly #generations = new Map<string, number>();
  readonly #changed = new Subject<string>();
  #table: RouteTable = EMPTY_TABLE;

  /** Emits the name of a TaskRoute whose entry changed. */
  get changes(): Observable<string> {
    return this.#changed;
  }

  /** The generation that the proxies must acknowledge for this route; undefined when it is not in the table. */
  of(route: string): number | undefined {
    return this.#generations.get(route);
  }

  /** Takes note of a table that went live with this generation. */
  applied(table: RouteTable, generation: number): void {
    const delta = diffTables(this.#table, table);
    const removed = [
      ...delta.http.remove.map((key) => this.#table.http[key]),
      ...delta.tcp.remove.map((key) => this.#table.tcp[key]),
    ].flatMap((entry) => (entry === undefined ? [] : [entry.route]));
    const set = [...Object.values(delta.http.set), ...Object.values(delta.tcp.set)];
    for (const route of removed) this.#generations.delete(route);
    for (const { route } of set) this.#generations.set(route, generation);
    this.#table = table;
    for (const route of new Set([...removed, ...set.map((entry) => entry.route)])) {
      this.#changed.next(route);
    }
  }
}

/** Keeps the proxies' route table equal to the TaskRoutes and leases; one key. */
export function routeTableController(dependencies: RouteTableDependencies): ControllerOptions {
  const { routes, pools, dataPlane, programmed } = dependencies;
  const causes = merge(routes.changes, pools.changes, dependencies.completed);
  return {
    name: 'route-table',
    sources: [causes.pipe(map(() => 'table'))],
    reconcile: async () => {
      const table = desiredTable(dependencies);
      programmed.applied(table, await dataPlane.apply(table));
      return undefined;
    },
  };
}

function desiredTable(dependencies: RouteTableDependencies): RouteTable {
  const { routes, pools, dataPlane, complete } = dependencies;
  const leases = [...pools.items()].flatMap((pool) => pool.status.leases ?? []);
  const built = buildTable([...routes.items()].map(routedEndpoint), leases);
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
    answered,
    since: Date.parse(metadata.creationTimestamp),
    ...(status.upstream === undefined ? {} : { upstream: status.upstream }),
  };
}
