import type { Lease } from './port-lease.ts';
import { routeKey } from './route-name.ts';
import { hostPort } from './address.ts';
import type { HttpEntry, RouteTable, TcpEntry } from './route-table.ts';

/** A TaskRoute, as far as the route table looks at it. */
export interface RoutedEndpoint {
  /** Name of the TaskRoute. */
  readonly route: string;
  readonly task: string;
  readonly protocol: 'http' | 'tcp';
  readonly endpointName: string;
  readonly accepted: boolean;
  readonly pathMode: 'strip' | 'keep';
  readonly upstream?: { readonly address: string; readonly port: number };
  readonly answered: boolean;
  /** Unix time in ms at which it came to be. */
  readonly since: number;
}

/** The route table for these TaskRoutes: accepted ones only, tcp ones only with a lease. */
export function buildTable(
  endpoints: readonly RoutedEndpoint[],
  leases: readonly Lease[],
): RouteTable {
  const ports = new Map(leases.map((lease) => [lease.route, lease.port]));
  const http: Record<string, HttpEntry> = {};
  const tcp: Record<string, TcpEntry> = {};
  for (const endpoint of endpoints) {
    if (!endpoint.accepted) continue;
    if (endpoint.protocol === 'http') http[keyOf(endpoint)] = httpEntry(endpoint);
    const port = ports.get(endpoint.route);
    if (endpoint.protocol === 'tcp' && port !== undefined) tcp[String(port)] = tcpEntry(endpoint);
  }
  return { http, tcp };
}

/**
 * The table until the first complete pass after a start: what an earlier run served stays where nothing newer is known.
 * An upstream that is not found again yet is no reason to forget the one that was served; a route that has a newer entry on
 * another port is not kept on the old one.
 */
export function overlayTable(restored: RouteTable, built: RouteTable): RouteTable {
  const http = Object.entries(built.http).filter(([, { host }]) => host !== undefined);
  const tcp = Object.entries(built.tcp).filter(([, { upstream }]) => upstream !== undefined);
  const moved = new Set(tcp.map(([, { route }]) => route));
  const kept = Object.entries(restored.tcp).filter(([, { route }]) => !moved.has(route));
  return {
    http: { ...built.http, ...restored.http, ...Object.fromEntries(http) },
    tcp: { ...built.tcp, ...Object.fromEntries(kept), ...Object.fromEntries(tcp) },
  };
}

function keyOf(endpoint: RoutedEndpoint): string {
  const { task, protocol, endpointName } = endpoint;
  return routeKey({ task, protocol, endpointName });
}

function httpEntry(endpoint: RoutedEndpoint): HttpEntry {
  const { route, task, since, upstream } = endpoint;
  return {
    route,
    task,
    since,
    ...(upstream === undefined ? {} : { host: upstream.address, port: upstream.port }),
    ...(endpoint.pathMode === 'keep' ? { keep: true } : {}),
    ...(endpoint.answered ? { answered: true } : {}),
  };
}

function tcpEntry(endpoint: RoutedEndpoint): TcpEntry {
  const { route, task, upstream } = endpoint;
  return upstream === undefined
    ? { route, task }
    : { route, task, upstream: hostPort(upstream.address, upstream.port) };
}
