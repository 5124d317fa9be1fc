import type { AttemptOutcome } from '../contracts.ts';
import { audit } from './audit.ts';
import { confirm, OUTCOMES, type Confirmed, type Refusal } from './confirm.ts';
import {
  addressOf,
  destinationName,
  readDestination,
  signInPath,
  type Destination,
} from './destination.ts';
import { checkForm } from './form-check.ts';
import { circlesPage, foreignFormPage } from './messages.ts';
import { newSession, sessionCookie } from './new-session.ts';
import { goOn, goOnByPage } from './onward.ts';
import type { PageAnswer, PageRequest } from './page-http.ts';
import type { PagesParts } from './pages-parts.ts';
import { countRound, isGoingInCircles, roundsOf } from './rounds.ts';
import { signInPage } from './sign-in-page.ts';
import { SAYINGS, throttledSaying, type Saying } from './texts.ts';
import { findViewer, sessionsOf, type Viewer } from './viewer.ts';

/** The sign-in page on the main host; who is signed in already goes on at once. */
export async function showSignIn(
  request: PageRequest,
  parts: PagesParts,
  signal: AbortSignal,
): Promise<PageAnswer> {
  const destination = readDestination(request.query, parts);
  const viewer = await findViewer(request, parts, signal);
  if (viewer !== undefined) return sendOn(request, parts, viewer, destination);
  if (parts.cookies.sameSite === 'strict' && request.fetchSite === 'cross-site') {
    // Cookies of this host were held back; a page of its own gets them.
    return goOnByPage(parts.renderer, signInPath(destination), []);
  }
  const wasSignedIn = roundsOf(request, parts.cookies, destinationName(destination)) > 0;
  return signInPage(request, parts, {
    destination,
    ...(wasSignedIn ? { saying: SAYINGS.notSeen } : {}),
  });
}

function sendOn(
  request: PageRequest,
  parts: PagesParts,
  viewer: Viewer,
  destination: Destination,
): PageAnswer {
  const name = destinationName(destination);
  const rounds = roundsOf(request, parts.cookies, name);
  if (isGoingInCircles(rounds)) return circlesPage(parts, viewer.name, signInPath(destination));
  const cookies = [countRound(parts.cookies, name, rounds)];
  return goOn(parts, addressOf(destination, viewer, parts), { afterForm: false, cookies });
}

/** Somebody filled in the form. */
export async function signIn(
  request: PageRequest,
  parts: PagesParts,
  signal: AbortSignal,
): Promise<PageAnswer> {
  const filled: FilledForm = {
    destination: readDestination(request.form, parts),
    userName: (request.form.get('name') ?? '').trim(),
  };
  const verdict = checkForm(request, parts);
  if (verdict === 'foreign') return foreignFormPage(parts);
  if (verdict !== 'own') {
    const saying = verdict === 'no cookies' ? missingCookie(request, parts) : SAYINGS[verdict];
    return signInPage(request, parts, { ...filled, status: 403, saying });
  }
  const result = await attempt(request, filled.userName, parts, signal);
  if ('caller' in result) return letIn(request, parts, { ...filled, ...result }, signal);
  return refusedPage(request, parts, filled, result);
}

interface FilledForm {
  readonly destination: Destination;
  readonly userName: string;
}

type Refused = { readonly refusal: Refusal } | { readonly retryAfterSeconds: number };

/** Tries the name and the secret, unless there were too many wrong ones. */
async function attempt(
  { address, form }: PageRequest,
  name: string,
  parts: PagesParts,
  signal: AbortSignal,
): Promise<Confirmed | Refused> {
  const begun = parts.attempts.begin({ name, ...(address === undefined ? {} : { address }) });
  if (!begun.allowed) return begun;
  let outcome: AttemptOutcome = 'unknown';
  try {
    const result = await confirm({ name, secret: form.get('secret') ?? '' }, parts, signal);
    outcome = 'refusal' in result ? OUTCOMES[result.refusal] : 'succeeded';
    return result;
  } finally {
    begun.end(outcome);
  }
}

/** A new session with an id of its own; one that the browser had before ends, whoever put it there (CWE-384). */
async function letIn(
  request: PageRequest,
  parts: PagesParts,
  { caller, issued, destination }: Confirmed & FilledForm,
  signal: AbortSignal,
): Promise<PageAnswer> {
  const session = newSession(parts, caller, issued);
  const cookie = await sessionCookie(parts, session);
  if (cookie === undefined) {
    parts.logger.error({ user: caller.id }, 'the ClearML token is too long for a cookie');
    await parts.identity.logOut(issued.token, signal);
    return signInPage(request, parts, { destination, status: 500, saying: SAYINGS.tooLong });
  }
  for (const earlier of await sessionsOf(request, parts)) {
    await parts.sessions.revoke(earlier);
    await parts.identity.logOut(earlier.token, signal);
  }
  audit('signed in', { user: caller.id }, request, parts);
  const viewer: Viewer = { by: 'session', user: caller.id, name: session.name, session };
  const round = countRound(parts.cookies, destinationName(destination), 0);
  const target = addressOf(destination, viewer, parts);
  return goOn(parts, target, { afterForm: true, cookies: [cookie, round] });
}

const STATUS: Readonly<Record<Refusal, number>> = {
  wrong: 401,
  service: 403,
  guest: 403,
  unavailable: 503,
};

function refusedPage(
  request: PageRequest,
  parts: PagesParts,
  filled: FilledForm,
  refused: Refused,
): PageAnswer {
  const name = filled.userName;
  if ('retryAfterSeconds' in refused) {
    const { retryAfterSeconds: seconds } = refused;
    audit('sign-in refused', { name, reason: 'too many tries' }, request, parts);
    const headers = { 'Retry-After': String(seconds) };
    const saying = throttledSaying(seconds);
    return signInPage(request, parts, { ...filled, status: 429, headers, saying });
  }
  const { refusal } = refused;
  audit('sign-in refused', { name, reason: refusal }, request, parts);
  const headers = HEADERS[refusal];
  const shown = { ...filled, status: STATUS[refusal], saying: SAYINGS[refusal] };
  return signInPage(request, parts, headers === undefined ? shown : { ...shown, headers });
}

/** Browsers show no window of their own for Bearer; a 401 must name a scheme (RFC 9110, section 15.5.2). */
const HEADERS: Readonly<Partial<Record<Refusal, Readonly<Record<string, string>>>>> = {
  wrong: { 'WWW-Authenticate': 'Bearer realm="clearway"' },
  unavailable: { 'Retry-After': '5' },
};

function missingCookie({ scheme, fetchDest }: PageRequest, { cookies }: PagesParts): Saying {
  if (cookies.secure && scheme === 'http') return SAYINGS.secureCookies;
  return fetchDest === 'iframe' ? SAYINGS.foreignFrame : SAYINGS.noCookies;
}
