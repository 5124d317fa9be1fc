import type { Settings } from '../settings.ts';

/** Where route hosts live: `<scheme>//<key>.<domain>[:port]`. */
export interface RouteHosts {
  /** `http:` or `https:`. */
  readonly scheme: string;
  readonly domain: string;
  /** With its colon; empty for the usual port of the scheme. */
  readonly port: string;
}

/** A task id, and behind two dashes the slug of a named endpoint: one DNS label (RFC 1035, section 2.3.4). */
const ROUTE_KEY = /^(?=.{1,63}$)[a-z0-9]+(?:-+[a-z0-9]+)*$/;

/** True for text that can be the key of a route. */
export function isRouteKey(text: string): boolean {
  return ROUTE_KEY.test(text);
}

/** Route hosts as the settings say; undefined in path mode. Nothing of a request has a part in it. */
export function routeHostsOf(settings: Pick<Settings, 'router' | 'edge'>): RouteHosts | undefined {
  const { routeDomain: domain } = settings.edge;
  if (domain === undefined) return undefined;
  const { protocol: scheme, port } = new URL(settings.router.url);
  return { scheme, domain, port: port === '' ? '' : `:${port}` };
}

/** Origin of the host of a route; the key must be one, see {@link isRouteKey}. */
export function routeOrigin({ scheme, domain, port }: RouteHosts, key: string): string {
  return `${scheme}//${key}.${domain}${port}`;
}
