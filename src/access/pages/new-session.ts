import { hasCode } from '../../errors.ts';
import type { IssuedToken, Session } from '../contracts.ts';
import { keepCookie, LONGEST_COOKIE } from './gateway-cookies.ts';
import type { PagesParts } from './pages-parts.ts';

const ID_BYTES = 16;
const NAME_LENGTH = 128;

/** A session with an id that nobody knew before, for the token's owner; it never outlives the token. */
export function newSession(
  parts: Pick<PagesParts, 'settings' | 'clock' | 'randomBytes'>,
  { id, name }: { readonly id: string; readonly name: string },
  { token, expires = Infinity }: IssuedToken,
): Session {
  const issued = parts.clock.now();
  return {
    id: parts.randomBytes(ID_BYTES).toString('hex'),
    user: id,
    name: name.slice(0, NAME_LENGTH),
    token,
    issued,
    expires: Math.min(issued + parts.settings.auth.sessionSeconds * 1_000, expires),
  };
}

/** The Set-Cookie value for a session; undefined when its token is so long that browsers would drop it. */
export async function sessionCookie(
  { sessions, cookies, clock }: PagesParts,
  session: Session,
): Promise<string | undefined> {
  const value = await sessions.seal(session).catch(tooLong);
  if (value === undefined) return undefined;
  if (cookies.names.session.length + value.length > LONGEST_COOKIE) return undefined;
  return keepCookie(cookies, 'session', value, (session.expires - clock.now()) / 1_000);
}

function tooLong(error: unknown): undefined {
  if (!hasCode(error, 'CLEARML_MALFORMED')) throw error;
}
