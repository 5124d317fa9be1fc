import { answeringController } from '../controllers/answering.ts';
import type { DataPlane, Engine } from '../controllers/contracts.ts';
import type { ControllerOptions } from '../controllers/controller.ts';
import { portLeaseController } from '../controllers/port-leases.ts';
import { programmingController } from '../controllers/programming.ts';
import { publicationController, type PublicationDependencies } from '../controllers/publication.ts';
import { ProgrammedGenerations } from '../controllers/programmed-generations.ts';
import { routeTableController } from '../controllers/route-table.ts';
import { routerStatusController, type ClearmlHealth } from '../controllers/router-status.ts';
import {
  staticRouteController,
  type StaticRouteDependencies,
} from '../controllers/static-routes.ts';
import { taskRouteController, type TaskRouteDependencies } from '../controllers/task-routes.ts';
import { upstreamController, type UpstreamDependencies } from '../controllers/upstreams.ts';
import type { HttpListener } from '../domain/endpoint-request.ts';
import type { RouterIdentity } from '../domain/plan-task-routes.ts';
import type { HttpPlace } from '../domain/route-name.ts';
import type { Settings } from '../settings.ts';
import type { ClearmlParts } from './clearml.ts';
import { assumedBridges, ownAddresses } from './host.ts';
import { NameLookup, resolveHost } from './name-lookup.ts';
import type { RouterParts } from './parts.ts';

/** What controllers are made from. */
export type ControllerParts = Pick<
  RouterParts,
  | 'settings'
  | 'version'
  | 'clock'
  | 'store'
  | 'instance'
  | 'name'
  | 'routes'
  | 'pools'
  | 'statics'
  | 'known'
  | 'completed'
> & {
  readonly clearml: Pick<ClearmlParts, 'watcher' | 'writer' | 'workers'>;
  readonly engine: Engine;
  readonly dataPlane: DataPlane;
  /** Looks up host names in another way than this machine does. */
  readonly resolve?: typeof resolveHost;
};

/** Every controller of a router. */
export function controllersOf(parts: ControllerParts): readonly ControllerOptions[] {
  const { settings, clearml, completed } = parts;
  const { watcher, writer } = clearml;
  const common = commonOf(parts);
  const programmed = new ProgrammedGenerations();
  const tcpAddress = settings.tcp === undefined ? {} : { tcpAddress: settings.tcp.address };
  return [
    taskRouteController({ ...common, routerObject: parts.name }),
    staticRouteController(common),
    ...leasesOf(parts, common),
    upstreamController({ ...common, ...surroundingsOf(parts) }),
    routeTableController({
      ...common,
      programmed,
      complete: () => completed.isReached,
      completed: completed.changes,
    }),
    programmingController({
      ...common,
      programmed,
      ...tcpAddress,
    }),
    answeringController(common),
    publicationController({ ...common, writer }),
    routerStatusController({
      ...common,
      router: parts.name,
      version: parts.version,
      instance: parts.instance.id,
      health: () => healthOf(parts),
      healthChanges: watcher.stateChanges,
    }),
  ];
}

type Common = ReturnType<typeof commonOf>;

function commonOf(
  parts: ControllerParts,
): Omit<
  TaskRouteDependencies & PublicationDependencies & StaticRouteDependencies,
  'routerObject' | 'writer'
> &
  Pick<RouterParts, 'pools'> & { readonly dataPlane: DataPlane; readonly pool: string } {
  const { settings, clearml, routes, pools, statics, store, clock, dataPlane, name } = parts;
  const { tcp } = settings;
  const { watcher } = clearml;
  return {
    tasks: watcher,
    routes,
    pools,
    pool: name,
    statics,
    staticPlace: {
      router: settings.router.name,
      hasRouteHosts: settings.edge.routeDomain !== undefined,
    },
    place: placeOf(settings),
    store,
    events: store,
    clock,
    dataPlane,
    router: identityOf(parts),
    serves: watcher.serves.bind(watcher),
    context: {
      ...(tcp === undefined
        ? {}
        : { tcpAddress: tcp.address, tcpPorts: { start: tcp.start, end: tcp.end } }),
      httpListeners: publicListeners(settings),
    },
  };
}

function leasesOf(
  { settings, known }: ControllerParts,
  common: Common,
): readonly ControllerOptions[] {
  if (settings.tcp === undefined) return [];
  const { address: tcpAddress } = settings.tcp;
  return [
    portLeaseController({
      ...common,
      tcpAddress,
      known: () => known.isReached,
      becameKnown: known.changes,
    }),
  ];
}

function surroundingsOf({
  settings,
  clock,
  engine,
  clearml,
  resolve = resolveHost,
}: ControllerParts): Omit<UpstreamDependencies, keyof Common> {
  const { tcp, listenPort, metricsPort, apiPort, upstreamCidrs } = settings;
  return {
    engine,
    workers: clearml.workers,
    names: new NameLookup({ clock, resolve }),
    knownBridges: assumedBridges(),
    ownAddresses: ownAddresses(settings),
    ownPorts: (port) =>
      port === listenPort ||
      port === metricsPort ||
      port === apiPort ||
      (tcp !== undefined && port >= tcp.start && port <= tcp.end),
    ...(upstreamCidrs === undefined ? {} : { allowed: upstreamCidrs }),
  };
}

function identityOf({ settings, instance }: ControllerParts): RouterIdentity {
  return {
    name: settings.router.name,
    instance: instance.id,
    formerInstances: instance.former,
    tcpEnabled: settings.tcp !== undefined,
    ...(settings.takeOver === undefined ? {} : { takeOver: settings.takeOver }),
  };
}

function placeOf({ router, edge }: Settings): HttpPlace {
  const { routeDomain } = edge;
  return { routerUrl: router.url, ...(routeDomain === undefined ? {} : { routeDomain }) };
}

function publicListeners({ router, edge }: Settings): readonly HttpListener[] {
  const { hostname, port: written, protocol } = new URL(router.url);
  const standard = protocol === 'https:' ? 443 : 80;
  const port = written === '' ? standard : Number(written);
  const { routeDomain } = edge;
  return [
    { host: hostname, port },
    ...(routeDomain === undefined ? [] : [{ host: `*.${routeDomain}`, port }]),
  ];
}

function healthOf({ clearml }: ControllerParts): ClearmlHealth {
  const { lastSuccess, lastError } = clearml.watcher.state;
  return {
    ...(lastSuccess === undefined ? {} : { lastSuccess }),
    ...(lastError === undefined ? {} : { problem: `${lastError.message} (${lastError.code})` }),
  };
}
