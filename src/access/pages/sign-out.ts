import { audit } from './audit.ts';
import { checkForm, formSecrets } from './form-check.ts';
import { dropCookie } from './gateway-cookies.ts';
import { foreignFormPage, messagePage } from './messages.ts';
import { FORM_HEADERS } from './page-headers.ts';
import type { PageAnswer, PageRequest } from './page-http.ts';
import type { PagesParts } from './pages-parts.ts';
import { SAYINGS } from './texts.ts';
import { clearmlTokensOf, findViewer, sessionsOf } from './viewer.ts';

/** Asks whether to sign out. */
export async function showSignOut(
  request: PageRequest,
  parts: PagesParts,
  signal: AbortSignal,
): Promise<PageAnswer> {
  return signOutPage(request, parts, { status: 200, problem: '' }, signal);
}

/** Somebody signs out, here or on all devices. */
export async function signOut(
  request: PageRequest,
  parts: PagesParts,
  signal: AbortSignal,
): Promise<PageAnswer> {
  const verdict = checkForm(request, parts);
  if (verdict === 'foreign') return foreignFormPage(parts);
  if (verdict !== 'own') {
    const problem = verdict === 'no cookies' ? SAYINGS.noCookies.problem : SAYINGS[verdict].problem;
    return signOutPage(request, parts, { status: 403, problem }, signal);
  }
  const everywhere = request.form.get('where') === 'everywhere';
  const isConfirmed = await endAll(request, parts, everywhere, signal);
  return signedOutPage(parts, isConfirmed);
}

async function signOutPage(
  request: PageRequest,
  parts: PagesParts,
  shown: { readonly status: number; readonly problem: string },
  signal: AbortSignal,
): Promise<PageAnswer> {
  const viewer = await findViewer(request, parts, signal);
  if (viewer === undefined) return notSignedInPage(parts);
  const { token, cookie } = formSecrets(request, parts);
  const { status, problem } = shown;
  const html = parts.renderer.render('sign-out', { name: viewer.name, token, problem });
  return { status, html, cookies: [cookie], headers: FORM_HEADERS };
}

/**
 * Ends every session and every token that the browser presents; false when ClearML did not confirm the end of a token.
 *
 * @remarks
 * ClearML's own cookie counts as well: left alone it would sign its owner in again with the next request. ClearML has no call that
 * ends somebody's other tokens, so on all devices means every session of this gateway.
 */
async function endAll(
  request: PageRequest,
  parts: PagesParts,
  everywhere: boolean,
  signal: AbortSignal,
): Promise<boolean> {
  const { sessions, identity, revoker } = parts;
  const own = await sessionsOf(request, parts);
  const foreign = await clearmlTokensOf(request, parts, signal);
  const owners = foreign.flatMap(({ user }) => user ?? []);
  const users = new Set([...own.map(({ user }) => user), ...owners]);
  for (const session of own) await sessions.revoke(session);
  if (everywhere) for (const user of users) await sessions.revokeUser(user);
  const tokens = new Set([...own, ...foreign].map(({ token }) => token));
  const confirmed = await Promise.all([...tokens].map((token) => identity.logOut(token, signal)));
  // Proxies have decided about the cookie a moment ago, and would hold on to that.
  if (owners.length > 0) await revoker.revoke(owners.map((user) => `user:${user}` as const));
  for (const user of users) audit('signed out', { user, everywhere }, request, parts);
  return !confirmed.includes(false);
}

const SIGN_IN_LINK = { href: '/_clearway/sign-in', text: 'Sign in' };

function notSignedInPage(parts: PagesParts): PageAnswer {
  return messagePage(parts, 200, {
    title: 'Not signed in',
    text: 'Nobody is signed in in this browser.',
    links: [SIGN_IN_LINK],
  });
}

function signedOutPage(parts: PagesParts, isConfirmed: boolean): PageAnswer {
  const page = messagePage(parts, 200, {
    title: 'You are signed out',
    text: 'Everything that was open through this gateway in this browser has ended.',
    advice: isConfirmed
      ? ''
      : 'ClearML could not be asked to end your sign-in there. Sign out on its own page too.',
    links: [{ ...SIGN_IN_LINK, text: 'Sign in again' }],
  });
  const roles = ['session', 'form', 'state', 'sent'] as const;
  return { ...page, cookies: roles.map((role) => dropCookie(parts.cookies, role)) };
}
