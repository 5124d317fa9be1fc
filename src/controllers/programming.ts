import { concatMap, distinctUntilChanged, from, map } from 'rxjs';
import { hostPort } from '../domain/address.ts';
import { endpointUrl, routeKey, staticUrl, type HttpPlace } from '../domain/route-name.ts';
import type { StaticPlace } from '../domain/static-routes.ts';
import { getCondition } from '../resources/conditions.ts';
import type { TaskRoute } from '../resources/kinds.ts';
import type { EventStore, ResourceStore } from '../store/contract.ts';
import type { Informer } from '../store/informer.ts';
import type { Clock, DataPlane } from './contracts.ts';
import type { ControllerOptions } from './controller.ts';
import { holds, reportRoute, type RouteReport, type Verdict } from './route-status.ts';
import type { ProgrammedGenerations } from './programmed-generations.ts';
import { seatedAt, type StaticFacts } from './static-facts.ts';

/** What {@link programmingController} works with. */
export interface ProgrammingDependencies {
  readonly routes: Informer<'TaskRoute'>;
  readonly pools: Informer<'PortPool'>;
  readonly store: ResourceStore;
  readonly events: EventStore;
  readonly clock: Clock;
  readonly dataPlane: DataPlane;
  readonly programmed: ProgrammedGenerations;
  readonly statics: StaticFacts['statics'];
  readonly staticPlace: StaticPlace;
  readonly place: HttpPlace;
  readonly tcpAddress?: string;
  /** Name of the pool: the router's object name. */
  readonly pool: string;
}

/** Says whether the proxies serve a TaskRoute, and under which address: key is its name. */
export function programmingController(dependencies: ProgrammingDependencies): ControllerOptions {
  const { routes, pools, dataPlane, programmed } = dependencies;
  return {
    name: 'programming',
    sources: [
      routes.changes.pipe(map(({ name }) => name)),
      programmed.changes,
      dataPlane.changes.pipe(concatMap(() => from(programmed.live(dataPlane.acknowledged)))),
      pools.changes.pipe(concatMap(() => from(unprogrammedTcp(routes)))),
      dataPlane.changes.pipe(
        map(() => [...dataPlane.heldPorts].join()),
        distinctUntilChanged(),
        concatMap(() =>
          from(routes.byIndex('protocol', 'tcp').map(({ metadata }) => metadata.name)),
        ),
      ),
    ],
    reconcile: async (name) => {
      const route = routes.get(name);
      if (route === undefined) return undefined;
      programmed.confirm(name, dataPlane.acknowledged);
      await reportRoute(dependencies, route, (current) =>
        withPublished(current, decide(dependencies, current)),
      );
      return undefined;
    },
  };
}

/** Reasons of Published before the address is written for the first time: later ones are the publication's own. */
const UNPUBLISHED: readonly string[] = ['WaitingForProgrammed', 'Pending', 'NotAccepted'];

/** Says what Published waits for, as long as nobody has written the address into ClearML or tried. */
function withPublished(route: TaskRoute, report: RouteReport | undefined): RouteReport | undefined {
  const published = getCondition(route.status.conditions ?? [], 'Published');
  if (report === undefined || report.verdicts.some(({ type }) => type === 'Published'))
    return report;
  if (published !== undefined && !UNPUBLISHED.includes(published.reason)) return report;
  const next = report.verdicts.includes(PROGRAMMED) ? PENDING : AFTER_PROGRAMMED;
  return { ...report, verdicts: [...report.verdicts, next] };
}

const AFTER_PROGRAMMED: Verdict = {
  type: 'Published',
  status: 'Unknown',
  reason: 'WaitingForProgrammed',
  message: 'The address is published as soon as a proxy serves it: see Programmed.',
};

const PENDING: Verdict = {
  type: 'Published',
  status: 'Unknown',
  reason: 'Pending',
  message:
    'The address is being written into ClearML. If this stays, see the condition ClearMLReachable of the Router, and its log.',
};

/** A lease may have come for these. */
function unprogrammedTcp(routes: Informer<'TaskRoute'>): readonly string[] {
  return routes
    .byIndex('protocol', 'tcp')
    .filter((route) => !holds(route, 'Programmed'))
    .map((route) => route.metadata.name);
}

function decide(dependencies: ProgrammingDependencies, route: TaskRoute): RouteReport | undefined {
  const { spec, status } = route;
  if (spec.target === undefined) return REFUSED;
  const address = addressOf(dependencies, route);
  if ('verdicts' in address) return address;
  const { key, fields } = address;
  const same = Object.entries(fields).every(
    ([field, value]) => status[field as keyof typeof status] === value,
  );
  // An upstream that went away leaves the address as it is: clients get the waiting page.
  const before = holds(route, 'Programmed') && same;
  if (status.upstream === undefined && !before) {
    return notProgrammed(
      'UpstreamNotResolved',
      'Where the application listens is not known: see UpstreamResolved. Visitors see the waiting page.',
    );
  }
  if (isLive(dependencies, route, key)) return { verdicts: [PROGRAMMED], fields };
  return before
    ? undefined
    : notProgrammed(
        'WaitingForProxy',
        'No complete set of proxy workers serves the route yet. See that the proxy runs and shares the nginx folder with the router.',
      );
}

/** All complete proxies have acknowledged a table that holds the route at its key, and the upstream as it is now. */
function isLive(
  { programmed, dataPlane }: ProgrammingDependencies,
  route: TaskRoute,
  key: string,
): boolean {
  const { name } = route.metadata;
  const generation = programmed.of(name);
  if (generation === undefined || dataPlane.acknowledged < generation) return false;
  if (programmed.keyOf(name) !== key) return false;
  const { upstream } = route.status;
  return (
    upstream === undefined ||
    programmed.upstreamOf(name) === hostPort(upstream.address, upstream.port)
  );
}

const REFUSAL = {
  reason: 'NotAccepted',
  message: 'The request is refused: see Accepted.',
} as const;

/** A route may have been served before: nothing of that holds any more. */
const REFUSED: RouteReport = {
  verdicts: [
    { type: 'UpstreamResolved', status: 'Unknown', ...REFUSAL },
    { type: 'Programmed', status: 'False', ...REFUSAL },
    { type: 'Published', status: 'Unknown', ...REFUSAL },
  ],
  fields: {
    upstream: undefined,
    endpoint: undefined,
    browserEndpoint: undefined,
    externalAddress: undefined,
    externalPort: undefined,
  },
};

const ELSEWHERE = {
  reason: 'NotAccepted',
  message: 'It is not served at the StaticRoute that it asks for: see Accepted.',
} as const;

/** The same of one whose StaticRoute is another's, disabled or gone; its upstream stays, for when it is its turn. */
const UNSEATED: RouteReport = {
  verdicts: [
    { type: 'Programmed', status: 'False', ...ELSEWHERE },
    { type: 'Published', status: 'Unknown', ...ELSEWHERE },
  ],
  fields: { endpoint: undefined, browserEndpoint: undefined },
};

const PROGRAMMED: Verdict = {
  type: 'Programmed',
  status: 'True',
  reason: 'Programmed',
  message: 'All workers of the connected proxies serve the route.',
};

/** Where users reach a route, as its status says it, and its key or port in the route table. */
interface Address {
  readonly key: string;
  readonly fields: RouteReport['fields'] & object;
}

function addressOf(dependencies: ProgrammingDependencies, route: TaskRoute): Address | RouteReport {
  if (route.spec.protocol === 'http') return httpAddressOf(dependencies, route);
  const pool = dependencies.pools.get(dependencies.pool);
  const lease = pool?.status.leases?.find(({ route: name }) => name === route.metadata.name);
  const { tcpAddress: externalAddress } = dependencies;
  if (lease !== undefined && externalAddress !== undefined) {
    const { heldPorts } = dependencies.dataPlane;
    return heldPorts.size === 0 || heldPorts.has(lease.port)
      ? { key: String(lease.port), fields: { externalAddress, externalPort: lease.port } }
      : portNotHeld(lease.port);
  }
  const { reason, message } = leaseRefusal(dependencies);
  return notProgrammed(reason, message, { externalAddress: undefined, externalPort: undefined });
}

function httpAddressOf(
  dependencies: ProgrammingDependencies,
  route: TaskRoute,
): Address | RouteReport {
  const { place } = dependencies;
  const { task, protocol, endpointName, staticRoute } = route.spec;
  if (staticRoute === undefined) {
    const id = { task: task.id, protocol, endpointName };
    return httpAddress(routeKey(id), endpointUrl(place, id));
  }
  const path = seatedAt(dependencies, route)?.spec.path;
  if (path !== undefined) return httpAddress(path, staticUrl(place, path));
  return UNSEATED;
}

function httpAddress(key: string, url: string): Address {
  return { key, fields: { endpoint: url, browserEndpoint: url } };
}

/** The lease stays: the address is published, and the port may come back. */
function portNotHeld(port: number): RouteReport {
  return notProgrammed(
    'PortNotHeld',
    `Another program of the proxy's host listens on port ${port}, which this route holds. End that program; until then its users are not this task's.`,
  );
}

function leaseRefusal(dependencies: ProgrammingDependencies): {
  readonly reason: string;
  readonly message: string;
} {
  const pool = dependencies.pools.get(dependencies.pool);
  const free = pool?.status.free ?? 0;
  const resting = pool?.status.resting?.length ?? 0;
  if (dependencies.dataPlane.heldPorts.size === 0) {
    return {
      reason: 'WaitingForProxy',
      message:
        'No proxy holds a port of the TCP range yet. See that the proxy runs and shares the nginx folder with the router.',
    };
  }
  if (free > 0) {
    return {
      reason: 'LeasePending',
      message:
        'A port is being leased. Wait a moment: after a start ClearML is asked first who holds which port.',
    };
  }
  return resting > 0
    ? {
        reason: 'PortsResting',
        message:
          'The ports that nobody holds rest before anyone else gets them. Wait, lower CLEARWAY_PORT_REST_SECONDS, or widen TCP_PORT_START to TCP_PORT_END.',
      }
    : {
        reason: 'PortRangeExhausted',
        message:
          'Every port of the TCP range is leased. Widen TCP_PORT_START to TCP_PORT_END, or end a task that holds one.',
      };
}

function notProgrammed(
  reason: string,
  message: string,
  fields?: RouteReport['fields'],
): RouteReport {
  const verdicts: readonly Verdict[] = [{ type: 'Programmed', status: 'False', reason, message }];
  return fields === undefined ? { verdicts } : { verdicts, fields };
}
