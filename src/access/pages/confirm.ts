import { isGuest } from '../../domain/access-rule.ts';
import type { AttemptOutcome, IssuedToken, NamedCaller } from '../contracts.ts';
import type { PagesParts } from './pages-parts.ts';

/** Somebody whom ClearML knows, and a token of theirs. */
export interface Confirmed {
  readonly caller: NamedCaller;
  readonly issued: IssuedToken;
}

/** Why somebody is not let in. `service`: the key of an account that is nobody's. */
export type Refusal = 'wrong' | 'service' | 'guest' | 'unavailable';

/** A name with its password, or an access key with its secret. */
export interface NameAndSecret {
  readonly name: string;
  readonly secret: string;
}

/** What each refusal is for the limit on wrong passwords: a right one is no failure, whoever it belongs to. */
export const OUTCOMES: Readonly<Record<Refusal, AttemptOutcome>> = {
  wrong: 'failed',
  service: 'succeeded',
  guest: 'succeeded',
  unavailable: 'unknown',
};

// The colon ends the name in Basic credentials (RFC 7617, section 2), which hold no control characters.
const NAME = /^[^:\p{Cc}]{1,256}$/u;
const SECRET = /^[^\p{Cc}]{1,1024}$/u;

/** Asks ClearML for a token and who its owner is. A token that is not used is ended. */
export async function confirm(
  { name, secret }: NameAndSecret,
  { identity, settings }: Pick<PagesParts, 'identity' | 'settings'>,
  signal: AbortSignal,
): Promise<Confirmed | { readonly refusal: Refusal }> {
  if (!NAME.test(name) || !SECRET.test(secret)) return { refusal: 'wrong' };
  const { sessionSeconds } = settings.auth;
  const login = await identity.logIn({ scheme: 'Basic', name, secret }, sessionSeconds, signal);
  if (!('said' in login)) {
    return { refusal: login.verdict === 'unavailable' ? 'unavailable' : 'wrong' };
  }
  const { token } = login.said;
  const who = await identity.whoIs({ scheme: 'Bearer', token }, signal);
  if ('said' in who && !isGuest(who.said)) return { caller: who.said, issued: login.said };
  await identity.logOut(token, signal);
  if ('said' in who) return { refusal: 'guest' };
  return { refusal: who.verdict === 'refused' ? 'service' : 'unavailable' };
}
