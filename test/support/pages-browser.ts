import type { Session } from '../../src/access/contracts.ts';
import { gatewayCookies } from '../../src/access/pages/gateway-cookies.ts';
import type { PageAnswer, PageRequest } from '../../src/access/pages/page-http.ts';
import { readFields } from '../../src/access/pages/page-http.ts';
import { makePages, type Pages } from '../../src/access/pages/pages.ts';
import type { PagesDeps } from '../../src/access/pages/pages-parts.ts';

const never = new AbortController().signal;

/** Asks the pages as a browser without a network does: it keeps cookies, and remembers the form that it was shown last. */
export class PagesBrowser {
  readonly cookies = new Map<string, string>();
  readonly #deps: PagesDeps;
  readonly #pages: Pages;
  readonly #base: Partial<PageRequest>;
  #html = '';

  constructor(deps: PagesDeps, base: Partial<PageRequest> = {}, pages: Pages = makePages(deps)) {
    this.#deps = deps;
    this.#pages = pages;
    this.#base = base;
  }

  /** The session that the browser has, as the pages see it. */
  session(): Promise<Session | undefined> {
    const { settings, sessions } = this.#deps;
    const value = this.cookies.get(gatewayCookies(settings).names.session) ?? '';
    return sessions.open(value, this.#base.routeKey);
  }

  /** Asks for a page, such as `sign-in?to=/`. */
  get(target: string, more: Partial<PageRequest> = {}, signal = never): Promise<PageAnswer> {
    return this.#ask('GET', target, more, signal);
  }

  /** Sends the form that was shown last, with these fields filled in or changed. */
  submit(
    target: string,
    fields: Readonly<Record<string, string>>,
    more: Partial<PageRequest> = {},
  ): Promise<PageAnswer> {
    const form = new Map([...hiddenFields(this.#html), ...Object.entries(fields)]);
    return this.#ask('POST', target, { form, ...more }, never);
  }

  async #ask(
    method: string,
    target: string,
    more: Partial<PageRequest>,
    signal: AbortSignal,
  ): Promise<PageAnswer> {
    const [name = '', query = ''] = target.split('?', 2);
    const answer = await this.#pages.answer(
      {
        method,
        name,
        query: readFields(query),
        form: new Map(),
        cookies: [...this.cookies],
        scheme: 'https',
        host: 'gateway.example.com',
        address: '192.0.2.1',
        ...this.#base,
        ...more,
      },
      signal,
    );
    this.#html = answer.html ?? '';
    for (const cookie of answer.cookies ?? []) this.#keep(cookie);
    return answer;
  }

  #keep(cookie: string): void {
    const [, name = '', value = '', seconds = ''] =
      /^([^=]+)=([^;]*); Max-Age=(\d+)/.exec(cookie) ?? [];
    if (seconds === '0') this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}

/** Names and values of the hidden fields of a page. */
export function hiddenFields(html: string): ReadonlyMap<string, string> {
  const inputs = html.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g);
  return new Map([...inputs].map(([, name = '', value = '']) => [name, unescaped(value)]));
}

/** What a page says that went wrong; empty when nothing did. */
export function problemOf({ html = '' }: PageAnswer): string {
  return /role="alert"[^>]*>\s*<p>([^<]*)/.exec(html)?.[1] ?? '';
}

/** The address that a page goes to by itself. */
export function refreshOf(html: string): string | undefined {
  const found = /<meta http-equiv="refresh" content="0;url=([^"]*)">/.exec(html)?.[1];
  return found === undefined ? undefined : unescaped(found);
}

/** Where an answer sends the browser: by a redirect, or by a page that goes on by itself. */
export function sentTo(answer: PageAnswer): string | undefined {
  return answer.headers?.['Location'] ?? refreshOf(answer.html ?? '');
}

function unescaped(text: string): string {
  return text
    .replace(/&#x([0-9a-f]+);/gi, (_, code: string) => String.fromCodePoint(parseInt(code, 16)))
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}
