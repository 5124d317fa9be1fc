import type { Settings } from '../../settings.ts';
import type { PageAnswer } from './page-http.ts';

/**
 * Headers of a page with a form.
 *
 * @remarks
 * Under `no-referrer` browsers send `Origin: null` with a form of the page's own host (Fetch, "append a request Origin header"),
 * which cannot be told from a sandboxed frame's. Other hosts learn nothing under this policy either.
 */
export const FORM_HEADERS = { 'Referrer-Policy': 'same-origin' } as const;

/** Adds what every answer carries. */
export type FinishAnswer = (answer: PageAnswer) => PageAnswer;

/**
 * Makes the headers of every answer. `styleHash` is that of the one style sheet.
 *
 * @remarks
 * In path mode applications are of the same origin. What one has in a frame, or in a window that it opened, it may read and
 * change, passwords that are typed there too: so no page of the gateway's own origin frames one, and a window with one
 * has no opener (HTML, section 7.1.3: opener policies).
 */
export function finisher(
  settings: Pick<Settings, 'edge' | 'clearml'>,
  styleHash: string,
): FinishAnswer {
  const ancestors = frameAncestors(settings);
  const policy = [
    "default-src 'none'",
    `style-src '${styleHash}'`,
    "form-action 'self'",
    "base-uri 'none'",
    `frame-ancestors ${ancestors.length === 0 ? "'none'" : ancestors.join(' ')}`,
  ].join('; ');
  const common = {
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': policy,
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Referrer-Policy': 'no-referrer',
  };
  return (answer) => ({
    ...answer,
    headers: {
      ...common,
      ...(answer.html === undefined ? {} : { 'Content-Type': 'text/html; charset=utf-8' }),
      ...answer.headers,
    },
  });
}

function frameAncestors({ edge, clearml }: Pick<Settings, 'edge' | 'clearml'>): readonly string[] {
  if (edge.frameAncestors !== undefined) return edge.frameAncestors;
  const origin = clearmlWebOrigin(clearml.apiHost);
  return origin === undefined ? [] : [origin];
}

/**
 * Origin of the ClearML web page, as far as the API's address hints at it: `api.` stands beside `app.`, and port 8008 beside 8080
 * (the two ways in which ClearML is installed).
 */
export function clearmlWebOrigin(apiHost: string): string | undefined {
  const url = URL.parse(apiHost);
  if (url === null) return undefined;
  if (url.hostname.startsWith('api.')) url.hostname = `app.${url.hostname.slice('api.'.length)}`;
  else if (url.port !== '8008') return undefined;
  if (url.port === '8008') url.port = '8080';
  return url.origin;
}
