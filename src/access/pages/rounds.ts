import { createHash } from 'node:crypto';
import { keepCookie, valuesOf, type GatewayCookies } from './gateway-cookies.ts';
import type { PageRequest } from './page-http.ts';

/** Back and forth in a browser comes to a few; circles that nobody ends come to many within a second. */
const MOST_ROUNDS = 3;
const SECONDS = 15;
const VALUE = /^([0-9a-f]{16})\.(\d)$/;

/** How often the browser was sent to this address within the last seconds, without being let in. */
export function roundsOf(request: PageRequest, cookies: GatewayCookies, address: string): number {
  const wanted = hashOf(address);
  const rounds = valuesOf(request, cookies.names.sent).map((value) => {
    const [, hash, count] = VALUE.exec(value) ?? [];
    return hash === wanted ? Number(count) : 0;
  });
  return Math.max(0, ...rounds);
}

/** True when the browser came back so often that sending it there again is no use. */
export function isGoingInCircles(rounds: number): boolean {
  return rounds >= MOST_ROUNDS;
}

/** The Set-Cookie value that counts one more round. */
export function countRound(cookies: GatewayCookies, address: string, rounds: number): string {
  const count = Math.min(rounds + 1, MOST_ROUNDS);
  return keepCookie(cookies, 'sent', `${hashOf(address)}.${count}`, SECONDS);
}

function hashOf(address: string): string {
  return createHash('sha256').update(address).digest('hex').slice(0, 16);
}
