/** A StaticRoute, as far as it is decided who is served there. */
export interface StaticAddress {
  readonly name: string;
  readonly uid: string;
  /** RFC 3339, in whole seconds. */
  readonly created: string;
  /** One name after a slash. */
  readonly path: string;
  /** Whether it was found to have that path already. */
  readonly hadPath: boolean;
  readonly enabled: boolean;
  /** Exact name of the only router that may serve it; absent where every one may. */
  readonly router?: string;
  /** Name of the TaskRoute that was bound to it last. */
  readonly holder?: string;
  /** Names of the TaskRoutes that waited for it last, the one that held it first. */
  readonly queue: readonly string[];
}

/** A TaskRoute that asks for a StaticRoute and is in order. */
export interface Asker {
  readonly route: string;
  /** RFC 3339, in whole seconds. */
  readonly created: string;
}

/** The router that decides. */
export interface StaticPlace {
  /** Exact ROUTER_NAME. */
  readonly router: string;
  /** Whether every endpoint has a host of its own (CLEARWAY_ROUTE_DOMAIN). */
  readonly hasRouteHosts: boolean;
}

/** Whether a StaticRoute can be served at all. */
export type Standing =
  | { readonly accepted: true }
  | {
      readonly accepted: false;
      readonly reason: 'PathTaken' | 'NeedsSharedOrigin' | 'OtherRouter';
      readonly message: string;
    };

/** Who is served at a StaticRoute, and who waits: the order of their coming, whoever held it first. */
export interface Binding {
  readonly holder?: string;
  readonly queue: readonly string[];
}

/**
 * Whether this router may serve a StaticRoute at its path. Of several with one path the oldest has it, enabled or not, so that
 * nobody gets another one's address by a switch. Ages are whole seconds: of one age, the one that had the path already, then the one with
 * the lower uid.
 */
export function standingOf(
  address: StaticAddress,
  all: Iterable<StaticAddress>,
  place: StaticPlace,
): Standing {
  const { router } = address;
  if (router !== undefined && router !== place.router) {
    return refuse(
      'OtherRouter',
      'It is for another router: spec.router is not the name of this one. Set it to the ROUTER_NAME of the router that is to serve it, or remove it.',
    );
  }
  if (place.hasRouteHosts) {
    return refuse(
      'NeedsSharedOrigin',
      'This router gives every endpoint a host of its own (CLEARWAY_ROUTE_DOMAIN). At a path of the main host an application would share the origin of the sign-in page. Unset it, or let the task ask without a static route.',
    );
  }
  const [oldest = address] = [...all]
    .filter(
      ({ path, router: other }) =>
        path === address.path && (other ?? place.router) === place.router,
    )
    .sort(byAge);
  if (oldest.name === address.name) return { accepted: true };
  return refuse(
    'PathTaken',
    `StaticRoute "${oldest.name}" is older and has the path ${address.path}. Give one of the two another path, or delete the older one.`,
  );
}

/**
 * Who is served at a StaticRoute: whoever holds it keeps it for as long as it asks; then it is the turn of the one that has waited
 * longest. A StaticRoute that is disabled or not accepted binds nobody; the order stays for when it is again.
 *
 * @param askers the TaskRoutes that ask for it
 */
export function bindStaticRoute(
  address: StaticAddress,
  standing: Standing,
  askers: readonly Asker[],
): Binding {
  const { holder: former, queue: waited } = address;
  const asking = new Map(askers.map((asker) => [asker.route, asker]));
  const known = [...new Set(former === undefined ? waited : [former, ...waited])];
  const isKnown = new Set(known);
  const newcomers = askers
    .filter(({ route }) => !isKnown.has(route))
    .sort((left, right) => compare(left.created, right.created) || compare(left.route, right.route))
    .map(({ route }) => route);
  const queue = [...known.filter((route) => asking.has(route)), ...new Set(newcomers)];
  const [first] = queue;
  return address.enabled && standing.accepted && first !== undefined
    ? { holder: first, queue }
    : { queue };
}

function byAge(left: StaticAddress, right: StaticAddress): number {
  return (
    compare(left.created, right.created) ||
    Number(right.hadPath) - Number(left.hadPath) ||
    compare(left.uid, right.uid)
  );
}

function compare(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}

function refuse(
  reason: Exclude<Standing, { accepted: true }>['reason'],
  message: string,
): Standing {
  return { accepted: false, reason, message };
}
