import { dropCookie } from './gateway-cookies.ts';
import type { PageAnswer } from './page-http.ts';
import type { PageViews } from './page-renderer.ts';
import type { PagesParts } from './pages-parts.ts';

type Message = Partial<PageViews['message']> & Pick<PageViews['message'], 'title' | 'text'>;

/** A page that says one thing. */
export function messagePage(
  { renderer }: Pick<PagesParts, 'renderer'>,
  status: number,
  message: Message,
): PageAnswer {
  return { status, html: renderer.render('message', { advice: '', links: [], ...message }) };
}

/** A form came from a page of another site, or from a script. */
export function foreignFormPage(parts: Pick<PagesParts, 'renderer'>): PageAnswer {
  return messagePage(parts, 403, {
    title: 'Not done',
    text: 'This was asked for by another page, not by this gateway.',
    links: [{ href: '/_clearway/', text: 'Go to the gateway' }],
  });
}

/** The proxy keeps sending somebody to sign in whom the router knows: it may not have heard of the session yet. */
export function circlesPage(
  parts: Pick<PagesParts, 'renderer' | 'cookies'>,
  name: string,
  again: string,
): PageAnswer {
  const page = messagePage(parts, 503, {
    title: 'Not let in yet',
    text: `You are signed in as ${name}, and yet the gateway sent you back here.`,
    advice: 'Try again in a moment. If that does not help, sign out and in again.',
    links: [
      { href: again, text: 'Try again' },
      { href: '/_clearway/sign-out', text: 'Sign out' },
    ],
  });
  const cookies = [dropCookie(parts.cookies, 'sent')];
  return { ...page, headers: { 'Retry-After': '10' }, cookies };
}

/** There is no such page. */
export function notFoundPage(parts: Pick<PagesParts, 'renderer'>): PageAnswer {
  return messagePage(parts, 404, {
    title: 'Not found',
    text: 'There is nothing at this address.',
  });
}

/** The request is no form, or too long for one. */
export function refusedPage(
  parts: Pick<PagesParts, 'renderer'>,
  status: 405 | 413 | 415,
): PageAnswer {
  return messagePage(parts, status, {
    title: 'Request refused',
    text: 'The gateway does not accept this request.',
  });
}

/** ClearML, or something else, took too long. */
export function tooSlowPage(parts: Pick<PagesParts, 'renderer'>): PageAnswer {
  const page = messagePage(parts, 503, {
    title: 'Not available now',
    text: 'The gateway cannot answer this now.',
    advice: 'Try again in a moment.',
  });
  return { ...page, headers: { 'Retry-After': '5' } };
}

/** The router failed. */
export function failedPage(parts: Pick<PagesParts, 'renderer'>): PageAnswer {
  return messagePage(parts, 500, {
    title: 'Something went wrong',
    text: 'The gateway could not handle this request.',
  });
}
