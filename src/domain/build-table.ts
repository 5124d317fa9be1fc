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
  /** Whether it asks to be served at a StaticRoute: then it is served there or nowhere. */
  readonly asksForStatic: boolean;
  readonly upstream?: { readonly address: string; readonly port: number };
  readonly answered: boolean;
  /** Unix time in ms at which it came to be. */
  readonly since: number;
}

/** A StaticRoute, as the TaskRoute that is bound to it is served there. */
export interface Seat {
  /** One name after a slash. */
  readonly path: string;
  readonly open: boolean;
  /** Absent, the TaskRoute's own holds. */
  readonly pathMode?: 'strip' | 'keep';
}

/**
 * The route table for these TaskRoutes: accepted ones only, tcp ones only with a lease, and those that ask for a StaticRoute only
 * with a seat.
 *
 * @param seats by name of the TaskRoute; no two with one path
 */
export function buildTable(
  endpoints: readonly RoutedEndpoint[],
  leases: readonly Lease[],
  seats: ReadonlyMap<string, Seat>,
): RouteTable {
  const ports = new Map(leases.map((lease) => [lease.route, lease.port]));
  const http: Record<string, HttpEntry> = {};
  const tcp: Record<string, TcpEntry> = {};
  for (const endpoint of endpoints) {
    if (!endpoint.accepted) continue;
    if (endpoint.protocol === 'http') addHttp(http, endpoint, seats.get(endpoint.route));
    const port = ports.get(endpoint.route);
    if (endpoint.protocol === 'tcp' && port !== undefined) tcp[String(port)] = tcpEntry(endpoint);
  }
  return { http, tcp };
}

/**
 * The table until the first complete pass after a start: what an earlier run served stays where nothing newer is known.
 * An upstream that is not found again yet is no reason to forget the one that was served; a route that has a newer entry on
 * another port, or at another path, is not kept at the old one. Of StaticRoutes all is known: an administrator may have disabled one, or closed it to the
 * public, so nothing but an upstream comes back there.
 */
export function overlayTable(restored: RouteTable, built: RouteTable): RouteTable {
  const http = Object.entries(built.http).filter(([, { host }]) => host !== undefined);
  const placed = new Set(Object.values(built.http).map(({ route }) => route));
  const plain = Object.entries(restored.http).filter(
    ([key, { route }]) => !isPath(key) && (Object.hasOwn(built.http, key) || !placed.has(route)),
  );
  const seated = Object.entries(built.http)
    .filter(([key]) => isPath(key))
    .map(([key, entry]) => [key, withFormerUpstream(entry, restored.http[key])] as const);
  const tcp = Object.entries(built.tcp).filter(([, { upstream }]) => upstream !== undefined);
  const moved = new Set(tcp.map(([, { route }]) => route));
  const kept = Object.entries(restored.tcp).filter(([, { route }]) => !moved.has(route));
  return {
    http: {
      ...built.http,
      ...Object.fromEntries(plain),
      ...Object.fromEntries(http),
      ...Object.fromEntries(seated),
    },
    tcp: { ...built.tcp, ...Object.fromEntries(kept), ...Object.fromEntries(tcp) },
  };
}

/** True for the key of a StaticRoute. */
function isPath(key: string): boolean {
  return key.startsWith('/');
}

function withFormerUpstream(entry: HttpEntry, former: HttpEntry | undefined): HttpEntry {
  if (entry.host !== undefined || former?.route !== entry.route) return entry;
  const { host, port } = former;
  return host === undefined || port === undefined ? entry : { ...entry, host, port };
}

function addHttp(
  http: Record<string, HttpEntry>,
  endpoint: RoutedEndpoint,
  seat: Seat | undefined,
): void {
  const { task, protocol, endpointName, asksForStatic } = endpoint;
  if (!asksForStatic) {
    http[routeKey({ task, protocol, endpointName })] = httpEntry(endpoint);
  } else if (seat !== undefined) {
    const pathMode = seat.pathMode ?? endpoint.pathMode;
    const entry = httpEntry({ ...endpoint, pathMode });
    http[seat.path] = seat.open ? { ...entry, open: true } : entry;
  }
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
