import { EMPTY } from 'rxjs';
import { answeringController } from '../controllers/answering.ts';
import type { ControllerOptions } from '../controllers/controller.ts';
import { portLeaseController } from '../controllers/port-leases.ts';
import { programmingController } from '../controllers/programming.ts';
import { publicationController } from '../controllers/publication.ts';
import { ProgrammedGenerations } from '../controllers/programmed-generations.ts';
import { routeTableController } from '../controllers/route-table.ts';
import { routerStatusController, type ClearmlHealth } from '../controllers/router-status.ts';
import { taskRouteController } from '../controllers/task-routes.ts';
import { upstreamController } from '../controllers/upstreams.ts';
import type { RouterIdentity } from '../domain/plan-task-routes.ts';
import { assumedBridges, lookupHost, ownAddresses } from './host.ts';
import type { RouterParts } from './run-router.ts';

/** Every controller of a router; `complete` tells that all tasks of the first pass are decided. */
export function controllersOf(
  parts: RouterParts,
  complete: () => boolean,
): readonly ControllerOptions[] {
  const { settings, clearml, routes, pools, store, clock, dataPlane, completed } = parts;
  const { watcher } = clearml;
  const router = identityOf(parts);
  const common = { tasks: watcher, routes, pools, store, events: store, clock, dataPlane, router };
  const serves = watcher.serves.bind(watcher);
  const programmed = new ProgrammedGenerations();
  const { tcp } = settings;
  const tcpAddress = tcp === undefined ? {} : { tcpAddress: tcp.address };
  const own = ownAddresses(settings);
  const leases =
    tcp === undefined
      ? []
      : [
          portLeaseController({
            ...common,
            pool: parts.name,
            tcpAddress: tcp.address,
            complete: () => watcher.synced,
          }),
        ];
  return [
    taskRouteController({
      ...common,
      routerObject: parts.name,
      serves,
      requeue: EMPTY,
      context: {
        ...tcpAddress,
        ...(tcp === undefined ? {} : { tcpPorts: { start: tcp.start, end: tcp.end } }),
        httpListeners: [publicListener(settings.router.url)],
      },
    }),
    ...leases,
    upstreamController({
      ...common,
      engine: parts.engine,
      workers: clearml.workers,
      lookup: lookupHost,
      knownBridges: assumedBridges(),
      ownAddresses: own,
      ownPorts: (port) =>
        port === settings.listenPort ||
        port === settings.metricsPort ||
        (tcp !== undefined && port >= tcp.start && port <= tcp.end),
      ...(settings.upstreamCidrs === undefined ? {} : { allowed: settings.upstreamCidrs }),
    }),
    routeTableController({ ...common, programmed, complete, completed }),
    programmingController({
      ...common,
      programmed,
      routerUrl: settings.router.url,
      ...tcpAddress,
    }),
    answeringController(common),
    publicationController({ ...common, writer: clearml.writer, serves }),
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

function identityOf({ settings, instance }: RouterParts): RouterIdentity {
  return {
    name: settings.router.name,
    instance: instance.id,
    formerInstances: instance.former,
    tcpEnabled: settings.tcp !== undefined,
    ...(settings.takeOver === undefined ? {} : { takeOver: settings.takeOver }),
  };
}

function publicListener(routerUrl: string): { readonly host: string; readonly port: number } {
  const { hostname, port, protocol } = new URL(routerUrl);
  const standard = protocol === 'https:' ? 443 : 80;
  return { host: hostname, port: port === '' ? standard : Number(port) };
}

function healthOf({ clearml }: RouterParts): ClearmlHealth {
  const { lastSuccess, lastError } = clearml.watcher.state;
  return {
    ...(lastSuccess === undefined ? {} : { lastSuccess }),
    ...(lastError === undefined ? {} : { problem: `${lastError.message} (${lastError.code})` }),
  };
}
