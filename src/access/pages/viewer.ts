import { readClaims } from '../../clearml/token.ts';
import type { NamedCaller, Said, Session } from '../contracts.ts';
import { valuesOf } from './gateway-cookies.ts';
import type { PageRequest } from './page-http.ts';
import type { PagesParts } from './pages-parts.ts';

/** Who looks at a page. */
export type Viewer =
  | {
      readonly by: 'session';
      readonly user: string;
      readonly name: string;
      readonly session: Session;
    }
  | {
      readonly by: 'clearml';
      readonly user: string;
      readonly name: string;
      readonly token: string;
      /** Unix times in ms. */
      readonly issued?: number;
      readonly expires?: number;
    };

const GUEST = 'guest';

/** True for an account that anyone can use. */
export function isGuest({ role }: Pick<NamedCaller, 'role'>): boolean {
  return role === GUEST;
}

/** Every session of ours that the browser presents and that is good for the host that it asked. */
export async function sessionsOf(
  request: PageRequest,
  { cookies, sessions }: PagesParts,
): Promise<readonly Session[]> {
  const values = valuesOf(request, cookies.names.session);
  const opened = await Promise.all(values.map((value) => sessions.open(value, request.routeKey)));
  return opened.filter((session) => session !== undefined);
}

/** Every token that the browser presents in ClearML's own cookie. */
export function clearmlTokensOf(request: PageRequest, { settings }: PagesParts): readonly string[] {
  return valuesOf(request, settings.auth.cookieName).filter(
    (value) => readClaims(value) !== undefined,
  );
}

/**
 * Who is signed in: by a session of ours, else by ClearML's own cookie, whatever proxies let in.
 *
 * @remarks
 * ClearML confirms either, as it does for the proxies: a session whose token ClearML has ended is nobody's, and its owner gets
 * the form instead of being sent back and forth. While ClearML cannot be asked, a session is believed.
 */
export async function findViewer(
  request: PageRequest,
  parts: PagesParts,
  signal: AbortSignal,
): Promise<Viewer | undefined> {
  for (const session of await sessionsOf(request, parts)) {
    const said = await whoIs(session.token, parts, signal);
    if (isUsable(said)) return { by: 'session', user: session.user, name: session.name, session };
  }
  for (const token of clearmlTokensOf(request, parts)) {
    const said = await whoIs(token, parts, signal);
    if ('said' in said && !isGuest(said.said)) return clearmlViewer(token, said.said);
  }
  return undefined;
}

function whoIs(
  token: string,
  { identity }: PagesParts,
  signal: AbortSignal,
): Promise<Said<NamedCaller>> {
  return identity.whoIs({ scheme: 'Bearer', token }, signal);
}

function isUsable(said: Said<NamedCaller>): boolean {
  return 'said' in said ? !isGuest(said.said) : said.verdict === 'unavailable';
}

/** The viewer behind a token of ClearML's cookie. */
export function clearmlViewer(token: string, { id, name }: NamedCaller): Viewer {
  const { issued, expires } = readClaims(token) ?? {};
  return {
    by: 'clearml',
    user: id,
    name,
    token,
    ...(issued === undefined ? {} : { issued: issued * 1_000 }),
    ...(expires === undefined ? {} : { expires: expires * 1_000 }),
  };
}
