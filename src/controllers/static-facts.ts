import type { Seat } from '../domain/build-table.ts';
import {
  standingOf,
  type Asker,
  type StaticAddress,
  type StaticPlace,
} from '../domain/static-routes.ts';
import type { StaticRoute, TaskRoute } from '../resources/kinds.ts';
import type { Informer } from '../store/informer.ts';

/** What is known of StaticRoutes and of those that ask for them. */
export interface StaticFacts {
  /** With an index `staticRoute`, by the name that they ask for. */
  readonly routes: Pick<Informer<'TaskRoute'>, 'get' | 'byIndex'>;
  readonly statics: Pick<Informer<'StaticRoute'>, 'get' | 'items'>;
  readonly staticPlace: StaticPlace;
}

/** A StaticRoute as the decisions look at it. */
export function addressOf({ metadata, spec, status }: StaticRoute): StaticAddress {
  return {
    name: metadata.name,
    uid: metadata.uid,
    created: metadata.creationTimestamp,
    path: spec.path,
    // The URL is said of one that is accepted only.
    hadPath: status.url?.endsWith(`${spec.path}/`) === true,
    enabled: spec.enabled,
    queue: (status.tasks ?? []).map(({ route }) => route),
    ...(spec.router === undefined ? {} : { router: spec.router }),
    ...(status.route === undefined ? {} : { holder: status.route }),
  };
}

/** Every StaticRoute as the decisions look at it. */
export function addressesOf({ statics }: Pick<StaticFacts, 'statics'>): readonly StaticAddress[] {
  return [...statics.items()].map(addressOf);
}

/** True for a TaskRoute that asks for this StaticRoute and is in order. */
export function asksFor(route: TaskRoute, name: string): boolean {
  const { staticRoute, target, refusal } = route.spec;
  return staticRoute === name && target !== undefined && refusal === undefined;
}

/** Those that ask for a StaticRoute and are in order. */
export function askersOf({ routes }: Pick<StaticFacts, 'routes'>, name: string): readonly Asker[] {
  return routes
    .byIndex('staticRoute', name)
    .filter((route) => asksFor(route, name))
    .map(({ metadata }) => ({ route: metadata.name, created: metadata.creationTimestamp }));
}

/**
 * The StaticRoute at which a TaskRoute is served: the one that it asks for, while that is enabled, accepted and bound to it.
 *
 * @remarks The binding is what stands in the store; all the rest is decided anew, so a change of a spec counts before anybody has written a
 * status for it.
 */
export function seatedAt(facts: StaticFacts, route: TaskRoute): StaticRoute | undefined {
  return seated(facts, route, () => addressesOf(facts));
}

/** Who is served at which StaticRoute, by name of the TaskRoute. */
export function seatsOf(facts: StaticFacts): ReadonlyMap<string, Seat> {
  const byPath = Map.groupBy(addressesOf(facts), ({ path }) => path);
  const seats = new Map<string, Seat>();
  for (const { status } of facts.statics.items()) {
    const route = status.route === undefined ? undefined : facts.routes.get(status.route);
    const found = route && seated(facts, route, (path) => byPath.get(path) ?? []);
    if (route === undefined || found === undefined) continue;
    const { path, access, pathMode } = found.spec;
    seats.set(route.metadata.name, {
      path,
      open: access === 'public',
      ...(pathMode === undefined ? {} : { pathMode }),
    });
  }
  return seats;
}

/** `rivals` are StaticRoutes that may have the path, all that do among them. */
function seated(
  { statics, staticPlace }: StaticFacts,
  route: TaskRoute,
  rivals: (path: string) => Iterable<StaticAddress>,
): StaticRoute | undefined {
  const { staticRoute } = route.spec;
  const found = staticRoute === undefined ? undefined : statics.get(staticRoute);
  if (found === undefined || !found.spec.enabled || found.status.route !== route.metadata.name) {
    return undefined;
  }
  if (!asksFor(route, found.metadata.name)) return undefined;
  const standing = standingOf(addressOf(found), rivals(found.spec.path), staticPlace);
  return standing.accepted ? found : undefined;
}
