import { sessionCookieName } from '../../domain/session-cookie.ts';
import type { Settings } from '../../settings.ts';
import type { PageRequest } from './page-http.ts';

/** What the gateway keeps in a browser. */
export type CookieRole =
  /** Who is signed in, sealed. */
  | 'session'
  /** Binds forms to the browser they were shown in. */
  | 'form'
  /** Binds a hand-over to the browser that began it. */
  | 'state'
  /** Where the browser was sent a moment ago, so that it is not sent round in circles. */
  | 'sent';

/** Names and attributes of the gateway's cookies. */
export interface GatewayCookies {
  readonly names: Readonly<Record<CookieRole, string>>;
  readonly secure: boolean;
  readonly sameSite: Settings['auth']['sameSite'];
}

/**
 * Browsers keep a cookie whose name and value have so many bytes together (RFC 6265bis, section 5.6); longer ones are
 * dropped without a word.
 */
export const LONGEST_COOKIE = 4_096;

/** Values of one cookie that are looked at, as many as the proxy tries: another host of the domain can plant many. */
const MOST_VALUES = 4;

const SAME_SITE = { lax: 'Lax', strict: 'Strict', none: 'None' } as const;

/** The gateway's cookies as the settings want them. */
export function gatewayCookies(settings: Pick<Settings, 'router' | 'auth'>): GatewayCookies {
  const { secureCookies: secure, sameSite } = settings.auth;
  const session = sessionCookieName(settings.router.name, secure);
  const names = {
    session,
    form: `${session}-form`,
    state: `${session}-state`,
    sent: `${session}-sent`,
  };
  return { names, secure, sameSite };
}

/** Every value of a cookie that came with the request, without the quotes that some clients put around it. */
export function valuesOf({ cookies }: PageRequest, name: string): readonly string[] {
  return cookies
    .filter(([found]) => found === name)
    .slice(0, MOST_VALUES)
    .map(([, value]) => /^"(.*)"$/.exec(value)?.[1] ?? value);
}

/** A Set-Cookie value that keeps a cookie for so many seconds. */
export function keepCookie(
  cookies: GatewayCookies,
  role: CookieRole,
  value: string,
  seconds: number,
): string {
  return `${cookies.names[role]}=${value}; Max-Age=${Math.max(0, Math.floor(seconds))}${attributes(cookies, role)}`;
}

/** A Set-Cookie value that removes a cookie. */
export function dropCookie(cookies: GatewayCookies, role: CookieRole): string {
  return keepCookie(cookies, role, '', 0);
}

/**
 * Cookies of a hand-over come back with a redirect that another host began, which Strict would not let through. Frames of other sites
 * get cookies in most browsers only when they are kept apart for each site that frames (CHIPS): one signs in once more there.
 */
function attributes({ secure, sameSite }: GatewayCookies, role: CookieRole): string {
  const crossing = role === 'state' || role === 'sent';
  const site = crossing && sameSite === 'strict' ? 'lax' : sameSite;
  const frames = site === 'none' ? '; Partitioned' : '';
  return `; Path=/; HttpOnly${secure ? '; Secure' : ''}; SameSite=${SAME_SITE[site]}${frames}`;
}
