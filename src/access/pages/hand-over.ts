import { stateHash } from '../one-time-codes.ts';
import { returnTo } from '../return-to.ts';
import { signInPath } from './destination.ts';
import { keepCookie, dropCookie, valuesOf } from './gateway-cookies.ts';
import { circlesPage, messagePage } from './messages.ts';
import { sessionCookie } from './new-session.ts';
import { goOn, goOnByPage } from './onward.ts';
import { redirect, type PageAnswer, type PageRequest } from './page-http.ts';
import type { PagesParts } from './pages-parts.ts';
import { countRound, isGoingInCircles, roundsOf } from './rounds.ts';
import { dropsSecureCookies } from './source.ts';
import { SAYINGS } from './texts.ts';
import { findViewer } from './viewer.ts';

const STATE_SECONDS = 600;
const STATE_BYTES = 32;
const STATE = /^[\w-]{43}$/;

/**
 * Signing in at a route host:
 *
 * ```text
 * route host /_clearway/sign-in?to=/x   keeps a random state in a cookie
 *   → main host /_clearway/sign-in?host=<key>&state=<hash of it>&to=/x   signs in, makes a one-time code for host and state
 *   → route host /_clearway/enter?code=<code>&to=/x   has the code and the cookie: a session of its own
 *   → route host /x
 * ```
 *
 * The state keeps an address with somebody else's code in it from working in this browser (login CSRF), and the code from
 * working in any other browser.
 */
export async function beginHandOver(
  request: PageRequest,
  parts: PagesParts,
  signal: AbortSignal,
): Promise<PageAnswer> {
  const key = request.routeKey;
  const to = returnTo(request.query.get('to'), { on: 'route host' });
  if (key === undefined) throw new TypeError('a route host has a key');
  const viewer = await findViewer(request, parts, signal);
  const rounds = roundsOf(request, parts.cookies, to);
  if (viewer !== undefined) {
    if (isGoingInCircles(rounds)) return circlesPage(parts, viewer.name, signInPath({ to }));
    const cookies = [countRound(parts.cookies, to, rounds)];
    return goOn(parts, to, { afterForm: false, cookies });
  }
  if (parts.cookies.sameSite === 'strict' && request.fetchSite === 'cross-site') {
    return goOnByPage(parts.renderer, signInPath({ to }), []);
  }
  const known = valuesOf(request, parts.cookies.names.state).find((value) => STATE.test(value));
  const state = known ?? parts.randomBytes(STATE_BYTES).toString('base64url');
  const path = signInPath({ to, handOver: { host: key, state: stateHash(state) } });
  const cookie = keepCookie(parts.cookies, 'state', state, STATE_SECONDS);
  return redirect(`${parts.settings.router.url}${path}`, [cookie]);
}

/** The browser comes back from the main host with a code. */
export async function enter(
  request: PageRequest,
  parts: PagesParts,
  signal: AbortSignal,
): Promise<PageAnswer> {
  const host = request.routeKey;
  const to = returnTo(request.query.get('to'), { on: 'route host' });
  if (host === undefined) throw new TypeError('a route host has a key');
  const states = valuesOf(request, parts.cookies.names.state).filter((value) => STATE.test(value));
  const bearer = { host, states: states.map(stateHash) };
  const session = parts.codes.take(request.query.get('code') ?? '', bearer);
  if (session !== undefined) {
    const cookie = await sessionCookie(parts, session);
    if (cookie === undefined) return tooLongPage(parts);
    const cookies = [cookie, dropCookie(parts.cookies, 'state')];
    return goOn(parts, to, { afterForm: false, cookies });
  }
  // Another tab may have been quicker.
  const viewer = await findViewer(request, parts, signal);
  if (viewer !== undefined) return goOn(parts, to, { afterForm: false, cookies: [] });
  return brokenOffPage(request, parts, to);
}

/** The code was used, is too old, or was made for another browser; or this one keeps no cookies. */
function brokenOffPage(request: PageRequest, parts: PagesParts, to: string): PageAnswer {
  const isDropped = parts.cookies.secure && dropsSecureCookies(request);
  const { problem, advice } = isDropped ? SAYINGS.secureCookies : SAYINGS.brokenOff;
  return messagePage(parts, 403, {
    title: 'Not signed in here yet',
    text: problem,
    advice,
    links: [{ href: to, text: 'Go on' }],
  });
}

function tooLongPage(parts: PagesParts): PageAnswer {
  const { problem: text, advice } = SAYINGS.tooLong;
  return messagePage(parts, 500, { title: 'Not signed in', text, advice });
}
