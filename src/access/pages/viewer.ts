import { readClaims } from '../../clearml/token.ts';
import type { AccessAnswer, AccessQuestion } from '../../controllers/contracts.ts';
import { isGuest } from '../../domain/access-rule.ts';
import type { Session } from '../contracts.ts';
import { NO_TASK } from '../judge.ts';
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

/** Every session of ours that the browser presents and that is good for the host that it asked. */
export async function sessionsOf(
  request: PageRequest,
  { cookies, sessions }: PagesParts,
): Promise<readonly Session[]> {
  const values = valuesOf(request, cookies.names.session);
  const opened = await Promise.all(values.map((value) => sessions.open(value, request.routeKey)));
  return opened.filter((session) => session !== undefined);
}

/** A token that the browser presents in ClearML's own cookie. */
export interface ClearmlToken {
  readonly token: string;
  /** Id of its owner; absent while ClearML cannot be asked. */
  readonly user?: string;
}

/** Every token in ClearML's own cookie that ClearML does not disown. */
export async function clearmlTokensOf(
  request: PageRequest,
  parts: PagesParts,
  signal: AbortSignal,
): Promise<readonly ClearmlToken[]> {
  const tokens: ClearmlToken[] = [];
  for (const token of valuesOf(request, parts.settings.auth.cookieName)) {
    const answer = await decide('cookie', token, { request, parts, signal });
    if ('user' in answer) tokens.push({ token, user: answer.user });
    else if (answer.verdict === 'unavailable') tokens.push({ token });
  }
  return tokens;
}

/**
 * Who is signed in: by a session of ours, else by ClearML's own cookie, as a guest never.
 *
 * @remarks
 * The decider that the proxies ask says so, else somebody could be sent back and forth between a page that knows them and a
 * proxy that does not. A session whose token ClearML has ended is nobody's. While ClearML cannot be asked, a session is believed.
 */
export async function findViewer(
  request: PageRequest,
  parts: PagesParts,
  signal: AbortSignal,
): Promise<Viewer | undefined> {
  for (const value of valuesOf(request, parts.cookies.names.session)) {
    const session = await parts.sessions.open(value, request.routeKey);
    if (session === undefined) continue;
    const { verdict } = await decide('session', value, { request, parts, signal });
    if (verdict === 'unauthenticated') continue;
    return { by: 'session', user: session.user, name: session.name, session };
  }
  for (const { token, user } of await clearmlTokensOf(request, parts, signal)) {
    const viewer = user === undefined ? undefined : await clearmlViewer(token, parts, signal);
    if (viewer !== undefined) return viewer;
  }
  return undefined;
}

interface Asking {
  readonly request: PageRequest;
  readonly parts: PagesParts;
  readonly signal: AbortSignal;
}

function decide(
  kind: AccessQuestion['kind'],
  credential: string,
  { request, parts, signal }: Asking,
): Promise<AccessAnswer> {
  const { routeKey: host, address: client } = request;
  return parts.decider.decide(
    {
      kind,
      credential,
      task: NO_TASK,
      ...(host === undefined ? {} : { host }),
      ...(client === undefined ? {} : { client }),
    },
    signal,
  );
}

async function clearmlViewer(
  token: string,
  { identity }: PagesParts,
  signal: AbortSignal,
): Promise<Viewer | undefined> {
  const answer = await identity.whoIs({ scheme: 'Bearer', token }, signal);
  if (!('said' in answer) || isGuest(answer.said)) return undefined;
  const { id: user, name } = answer.said;
  const { issued, expires } = readClaims(token) ?? {};
  return {
    by: 'clearml',
    user,
    name,
    token,
    ...(issued === undefined ? {} : { issued: issued * 1_000 }),
    ...(expires === undefined ? {} : { expires: expires * 1_000 }),
  };
}
