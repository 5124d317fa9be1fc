import type { PageRequest } from './page-http.ts';

/**
 * True for a form that a page of this very host sent, as far as the browser says so.
 *
 * @remarks
 * Other hosts of the same site count as strangers: with route hosts, applications live there. A script's request is refused
 * too, wherever it runs: forms come from navigations. What an old browser does not say is left to the form's token.
 * `Origin: null` is what a sandboxed frame sends, and a page that forbids the referrer: only Fetch Metadata tells them apart
 * (Fetch, "append a request Origin header").
 */
export function isOwnForm(request: PageRequest, routerUrl: string): boolean {
  const { fetchSite, fetchMode, origin } = request;
  if (fetchSite !== undefined && fetchSite !== 'same-origin' && fetchSite !== 'none') return false;
  if (fetchMode !== undefined && fetchMode !== 'navigate') return false;
  if (origin === undefined) return true;
  if (origin === 'null') return fetchSite === 'same-origin';
  const from = URL.parse(origin)?.host;
  return from !== undefined && hostsOf(request, routerUrl).includes(from);
}

/** A load balancer may have put its own name into Host; the router's URL is what browsers see. */
function hostsOf({ host, routeKey }: PageRequest, routerUrl: string): readonly string[] {
  return routeKey === undefined ? [host, new URL(routerUrl).host] : [host];
}

/** True when the page is shown in a frame of another site. */
export function isForeignFrame({ fetchDest, fetchSite }: PageRequest): boolean {
  const isFramed = fetchDest === 'iframe' || fetchDest === 'frame';
  return isFramed && fetchSite === 'cross-site';
}

/** True when the browser drops Secure cookies of this address: it came over http, and not from the machine itself. */
export function dropsSecureCookies({ scheme, host }: PageRequest): boolean {
  if (scheme === 'https') return false;
  const name = URL.parse(`http://${host}`)?.hostname ?? '';
  return !/^(?:.*\.)?localhost$|^127\.\d+\.\d+\.\d+$|^\[::1\]$/.test(name);
}
