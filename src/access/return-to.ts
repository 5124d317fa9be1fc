import { isRouteKey, routeOrigin, type RouteHosts } from './route-hosts.ts';

/** Where the gateway's own pages begin; the page that says who is signed in. */
export const HOME = '/_clearway/';

/** Whose addresses one may return to: those of the main host, or those of a route host. */
export type ReturnScope =
  { readonly on: 'main host'; readonly routeHosts?: RouteHosts } | { readonly on: 'route host' };

/**
 * Visible ASCII without the backslash, which browsers read as a slash. Spaces, controls and everything beyond ASCII stand
 * percent-encoded in what browsers ask for, and parsers disagree about the rest.
 */
const PLAIN = /^[!-[\]-~]{1,4096}$/;

const SERVICE = /^\/service\/([^/?]+)(?:[/?]|$)/;

/**
 * A path that a StaticRoute can have, and what is below it. Which ones there are is not looked at: the page would tell anybody, by where it
 * leads. A path begins on this origin with a plain name, so there is no other site behind one.
 */
const NAMED = /^\/(?!service(?:[/?]|$))[A-Za-z0-9][A-Za-z0-9_-]{0,62}(?:[/?]|$)/;

/** Only an origin to resolve paths against. */
const ANYWHERE = 'http://gateway.invalid';

/**
 * The address to go to after signing in: the one that was asked for where it is ours, else {@link HOME}.
 *
 * @remarks
 * The result is a path with its query on the host that was asked, or, on the main host, the URL of a route host. It is what
 * the URL standard makes of the text, so a browser cannot read it in another way (CWE-601). Of the gateway's own pages only
 * {@link HOME} is returned to: sign-in and sign-out would lead in circles.
 *
 * | on the main host | on a route host |
 * | --- | --- |
 * | `/`, `/_clearway/`, `/service/<key>`, `/service/<key>/…`; without route hosts `/<name>`, `/<name>/…`, with them `https://<key>.<domain>/…` | every path but those of the gateway |
 */
export function returnTo(text: string | undefined, scope: ReturnScope): string {
  if (text === undefined || !PLAIN.test(text)) return HOME;
  if (text.startsWith('/')) return pathIn(text, scope) ?? HOME;
  if (scope.on === 'route host' || scope.routeHosts === undefined) return HOME;
  return routeUrlIn(text, scope.routeHosts) ?? HOME;
}

function pathIn(text: string, scope: ReturnScope): string | undefined {
  const url = URL.parse(text, ANYWHERE);
  if (url?.origin !== ANYWHERE || url.hash !== '') return undefined;
  const path = `${url.pathname}${url.search}`;
  // Dot segments may have left two slashes at the front.
  if (path.startsWith('//')) return undefined;
  const isOurs =
    scope.on === 'main host'
      ? isMainPath(path, scope.routeHosts === undefined)
      : isRoutePath(url.pathname);
  return isOurs ? path : undefined;
}

function isMainPath(path: string, hasNames: boolean): boolean {
  if (path === '/' || path === HOME || (hasNames && NAMED.test(path))) return true;
  return isRouteKey(SERVICE.exec(path)?.[1] ?? '');
}

function isRoutePath(pathname: string): boolean {
  return pathname === HOME || !/^\/+_clearway(?:\/|$)/i.test(decoded(pathname));
}

function decoded(pathname: string): string {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return pathname;
  }
}

function routeUrlIn(text: string, hosts: RouteHosts): string | undefined {
  const key = /^https?:\/\/([a-z0-9-]+)\./.exec(text)?.[1] ?? '';
  if (!isRouteKey(key)) return undefined;
  const origin = routeOrigin(hosts, key);
  const url = URL.parse(text);
  if (url?.origin !== origin) return undefined;
  const path = pathIn(`${url.pathname}${url.search}${url.hash}`, { on: 'route host' });
  return path === undefined ? undefined : `${origin}${path}`;
}
