import { createHash } from 'node:crypto';

/**
 * What every cookie of a gateway begins with, behind `__Host-` where it is Secure. Cookies belong to a host, whatever the port
 * (RFC 6265, section 8.5), so the proxy takes those of other gateways on its host out of requests as well.
 */
export const COOKIE_PREFIX = 'clearway-';

/**
 * Name of the session cookie of a router.
 *
 * @remarks
 * Two routers on one host would overwrite each other's cookie, so the router's name is in it, hashed: it may hold any character.
 * `__Host-` (RFC 6265bis, section 4.1.3.2) keeps other hosts of the domain from setting one.
 */
export function sessionCookieName(routerName: string, secure: boolean): string {
  const hash = createHash('sha256').update(routerName).digest('hex').slice(0, 8);
  return `${secure ? '__Host-' : ''}${COOKIE_PREFIX}${hash}`;
}
