import { HOME, returnTo } from '../return-to.ts';
import { isRouteKey, routeOrigin } from '../route-hosts.ts';
import type { Session } from '../contracts.ts';
import { newSession } from './new-session.ts';
import type { PagesParts } from './pages-parts.ts';
import type { Viewer } from './viewer.ts';

/** Where somebody goes after signing in. */
export interface Destination {
  /** A path, or the URL of a route host. */
  readonly to: string;
  /** The route host that asked, and the hash of the state that it gave the browser; `to` is a path there. */
  readonly handOver?: { readonly host: string; readonly state: string };
}

const STATE_HASH = /^[0-9a-f]{64}$/;

/** Reads the destination from a query or a form; whatever cannot be used leads to {@link HOME}. */
export function readDestination(
  fields: ReadonlyMap<string, string>,
  { routeHosts }: Pick<PagesParts, 'routeHosts'>,
): Destination {
  const [to, host = '', state = ''] = ['to', 'host', 'state'].map((name) => fields.get(name));
  if (routeHosts === undefined) return { to: returnTo(to, { on: 'main host' }) };
  if (!isRouteKey(host) || !STATE_HASH.test(state)) {
    return { to: returnTo(to, { on: 'main host', routeHosts }) };
  }
  return { to: returnTo(to, { on: 'route host' }), handOver: { host, state } };
}

/** The path of the sign-in page that leads there. */
export function signInPath({ to, handOver }: Destination): string {
  const query = new URLSearchParams({ ...handOver, ...(to === HOME ? {} : { to }) }).toString();
  return `/_clearway/sign-in${query === '' ? '' : `?${query}`}`;
}

/** What tells destinations apart, for {@link roundsOf}. */
export function destinationName({ to, handOver }: Destination): string {
  return `${handOver?.host ?? ''} ${to}`;
}

/** The address to send a signed-in browser to; for a route host with a new one-time code in it. */
export function addressOf(
  { to, handOver }: Destination,
  viewer: Viewer,
  parts: PagesParts,
): string {
  if (handOver === undefined || parts.routeHosts === undefined) return to;
  const session = { ...sessionOf(viewer, parts), host: handOver.host };
  const query = new URLSearchParams({ code: parts.codes.issue(handOver, session), to });
  return `${routeOrigin(parts.routeHosts, handOver.host)}/_clearway/enter?${query.toString()}`;
}

/** Who came with ClearML's own cookie gets a session made of its token. */
function sessionOf(viewer: Viewer, parts: PagesParts): Session {
  if (viewer.by === 'session') return viewer.session;
  const { user, name, token, expires } = viewer;
  const issued = { token, ...(expires === undefined ? {} : { expires }) };
  return newSession(parts, { id: user, name }, issued);
}
