/** A port of the pool and the TaskRoute that holds it. */
export interface Lease {
  readonly port: number;
  /** Name of the TaskRoute. */
  readonly route: string;
}

/** A freed port: nobody but `route` gets it before `until`. */
export interface Rest {
  readonly port: number;
  readonly route?: string;
  /** Unix time in ms. */
  readonly until: number;
}

/** A TaskRoute that needs a port, with the port that it had before where that is known. */
export interface LeaseClaim {
  readonly route: string;
  readonly wish?: number;
}

/** Everything that {@link planLeases} looks at. */
export interface LeaseFacts {
  readonly leases: readonly Lease[];
  readonly resting: readonly Rest[];
  readonly claims: readonly LeaseClaim[];
  /** Ports that may be leased now: in the range, and held by the proxy. */
  readonly leasable: ReadonlySet<number>;
  /** Unix time in ms. */
  readonly now: number;
  readonly restMs: number;
}

/** Who holds what, and who got nothing. */
export interface LeasePlan {
  readonly leases: readonly Lease[];
  readonly resting: readonly Rest[];
  /** Claims without a port: the pool is exhausted. */
  readonly unserved: readonly string[];
}

/**
 * Assigns ports to claims.
 *
 * A holder keeps its port, also while the proxy does not report it (the address is published). Freed ports
 * rest. A newcomer gets, in this order: the port it had before (resting for it, or wished and free, and wished by nobody else: a
 * task can write whatever it likes), the lowest port that is neither leased nor resting. Claims are served in the order of their names, so the
 * same facts give the same plan.
 */
export function planLeases(facts: LeaseFacts): LeasePlan {
  const claimed = new Set(facts.claims.map((claim) => claim.route));
  const kept = facts.leases.filter((lease) => claimed.has(lease.route));
  const rested = restingPorts(facts, claimed);
  const newcomers = newClaims(facts.claims, kept);
  const served = serve(newcomers, kept, { ...facts, resting: rested });
  const taken = new Set(served.leases.map((lease) => lease.port));
  return {
    leases: served.leases.toSorted((left, right) => left.port - right.port),
    resting: rested.filter((rest) => !taken.has(rest.port)),
    unserved: served.unserved,
  };
}

function restingPorts(facts: LeaseFacts, claimed: ReadonlySet<string>): readonly Rest[] {
  const freed = facts.leases
    .filter((lease) => !claimed.has(lease.route))
    .map((lease) => ({ port: lease.port, route: lease.route, until: facts.now + facts.restMs }));
  const still = facts.resting.filter((rest) => rest.until > facts.now);
  return [...still, ...freed].toSorted((left, right) => left.port - right.port);
}

function newClaims(claims: readonly LeaseClaim[], kept: readonly Lease[]): readonly LeaseClaim[] {
  const holders = new Set(kept.map((lease) => lease.route));
  return claims
    .filter((claim) => !holders.has(claim.route))
    .toSorted((left, right) => compare(left.route, right.route));
}

function serve(
  newcomers: readonly LeaseClaim[],
  kept: readonly Lease[],
  facts: LeaseFacts,
): { readonly leases: readonly Lease[]; readonly unserved: readonly string[] } {
  const leases = [...kept];
  const leased = new Set(kept.map((lease) => lease.port));
  const give = (claim: LeaseClaim, port: number): void => {
    leases.push({ port, route: claim.route });
    leased.add(port);
  };
  const later: LeaseClaim[] = [];
  const rests = indexRests(facts.resting);
  // A wish of one who was given another port meanwhile counts too: who of them was right is still not known.
  const wishes = Map.groupBy(facts.claims, ({ wish }) => wish);
  for (const claim of newcomers) {
    const isContested = (wishes.get(claim.wish) ?? []).length > 1;
    const certain = isContested ? { route: claim.route } : claim;
    const former = formerPort(certain, rests, facts.leasable);
    if (former !== undefined && !leased.has(former)) give(claim, former);
    else later.push(claim);
  }
  const free = [...facts.leasable]
    .filter((port) => !leased.has(port) && !rests.byPort.has(port))
    .toSorted((left, right) => left - right);
  const unserved = later.slice(free.length).map((claim) => claim.route);
  later.slice(0, free.length).forEach((claim, index) => give(claim, free[index] as number));
  return { leases, unserved };
}

interface Rests {
  readonly byPort: ReadonlyMap<number, Rest>;
  readonly byRoute: ReadonlyMap<string, Rest>;
}

/** A look per newcomer must not walk ten thousand resting ports. */
function indexRests(resting: readonly Rest[]): Rests {
  const owned = resting.flatMap((rest) =>
    rest.route === undefined ? [] : [[rest.route, rest] as const],
  );
  return {
    byPort: new Map(resting.map((rest) => [rest.port, rest])),
    // Of several the lowest port: the same facts give the same plan.
    byRoute: new Map(owned.toReversed()),
  };
}

/** The port that a claim had before, when nobody else rests on it. */
function formerPort(
  { route, wish }: LeaseClaim,
  rests: Rests,
  leasable: ReadonlySet<number>,
): number | undefined {
  const own = rests.byRoute.get(route);
  if (own !== undefined && leasable.has(own.port)) return own.port;
  if (wish === undefined || !leasable.has(wish)) return undefined;
  const rest = rests.byPort.get(wish);
  return rest?.route === undefined || rest.route === route ? wish : undefined;
}

function compare(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
