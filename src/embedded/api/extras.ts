import { identityOf, issueToken, TOKEN_SECONDS } from './auth.ts';
import type { ApiWorld } from './call.ts';
import { readFaultOrder, type FaultBook } from './faults.ts';
import { cookieText } from './http-answer.ts';
import type { Dict } from './json.ts';

/** Path under which everything lives that no ClearML server has. */
export const EXTRAS_PATH = '/_embedded/';

/** What the extras work on. */
export interface ExtrasContext {
  readonly world: ApiWorld;
  readonly faults: FaultBook;
  readonly calls: ReadonlyMap<string, number>;
  /** Origins that a sign-in link may lead to, as `http://host:port`. */
  readonly signInTargets: readonly string[];
}

/** A request under {@link EXTRAS_PATH}. */
export interface ExtrasRequest {
  readonly method: string;
  readonly url: URL;
  readonly contentType: string;
  readonly body: string;
}

/** An answer of the extras. */
export interface ExtrasAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** Answers sign-in links, fault orders and call counts. */
export function answerExtras(context: ExtrasContext, request: ExtrasRequest): ExtrasAnswer {
  switch (request.url.pathname.slice(EXTRAS_PATH.length)) {
    case 'sign-in':
      return signIn(context, request.url.searchParams);
    case 'faults':
      return faults(context, request);
    case 'calls':
      return json(200, Object.fromEntries(context.calls));
    default:
      return json(404, { error: 'there is nothing here' });
  }
}

function signIn(context: ExtrasContext, query: URLSearchParams): ExtrasAnswer {
  const { world } = context;
  const login = query.get('user') ?? '';
  const to = query.get('to');
  const user = world.state.userByLogin(login);
  if (user === undefined) return page(404, 'There is no such user.');
  if (to !== null && !isAllowedTarget(to, context.signInTargets)) {
    return page(400, 'This link leads to an address that is not the router.');
  }
  const now = Math.floor(world.stamper.next() / 1000);
  const token = issueToken(world, identityOf(world.state, user), now, TOKEN_SECONDS);
  const answer = to === null ? page(200, 'You are signed in.') : page(302, 'You are signed in.');
  return {
    ...answer,
    headers: {
      ...answer.headers,
      'Set-Cookie': cookieText(world.profile, token),
      ...(to === null ? {} : { Location: new URL(to).href }),
    },
  };
}

function isAllowedTarget(to: string, targets: readonly string[]): boolean {
  if (!URL.canParse(to)) return false;
  const url = new URL(to);
  return ['http:', 'https:'].includes(url.protocol) && targets.includes(url.origin);
}

function faults(context: ExtrasContext, request: ExtrasRequest): ExtrasAnswer {
  if (request.method === 'DELETE') context.faults.clear();
  if (request.method !== 'POST') return json(200, { faults: context.faults.orders });
  // A page of another site can post forms here, but not JSON: that needs a preflight, which fails.
  if (!request.contentType.startsWith('application/json')) {
    return json(415, { error: 'send application/json' });
  }
  try {
    const order = readFaultOrder(JSON.parse(request.body));
    if (order === undefined) return json(400, { error: 'this is no fault order' });
    context.faults.order(order);
    return json(200, { faults: context.faults.orders });
  } catch {
    return json(400, { error: 'this is no fault order' });
  }
}

function json(status: number, value: Dict): ExtrasAnswer {
  return { status, headers: { 'Content-Type': 'application/json' }, text: JSON.stringify(value) };
}

function page(status: number, text: string): ExtrasAnswer {
  return {
    status,
    headers: { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' },
    text: `<!doctype html><meta charset="utf-8"><title>Embedded ClearML API</title><p>${text}</p>`,
  };
}
