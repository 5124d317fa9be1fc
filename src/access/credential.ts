import type { AccessQuestion } from '../controllers/contracts.ts';
import { readClaims } from '../clearml/token.ts';
import type { ClearmlCredential, Session } from './contracts.ts';

/** What a caller's credential is to ClearML, and until when. */
export interface Claim {
  readonly credential: ClearmlCredential;
  /** The session of ours that it came from. */
  readonly session?: Session;
  /** Unix time in ms at which it ends. */
  readonly expires?: number;
}

/** How far the clock of ClearML may be ahead of ours, in ms: what it has just issued is good. */
const SKEW_MS = 30_000;

/**
 * The token of a cookie or of a bearer credential, when it is worth asking ClearML about: a signed JWT whose time has come and has not passed.
 *
 * @remarks
 * Browsers send a cookie's value as it was set, and some servers set it in quotes (RFC 6265, section 4.1.1). Signature and
 * revocation are for others to judge.
 */
export function readToken(
  { kind, credential }: Pick<AccessQuestion, 'kind' | 'credential'>,
  now: number,
): Claim | undefined {
  const text = credential.trim();
  const token = kind === 'cookie' ? (/^"(.*)"$/.exec(text)?.[1] ?? text) : text;
  const claims = readClaims(token);
  if (claims === undefined) return undefined;
  const { expires, notBefore } = claims;
  if (expires !== undefined && expires * 1_000 <= now) return undefined;
  if (notBefore !== undefined && notBefore * 1_000 > now + SKEW_MS) return undefined;
  return {
    credential: { scheme: 'Bearer', token },
    ...(expires === undefined ? {} : { expires: expires * 1_000 }),
  };
}

/**
 * Name and secret of a Basic credential (RFC 7617); undefined for text that is not base64 of UTF-8 with a colon.
 *
 * @example readBasic('a2V5OnNlY3JldA==') // name `key`, secret `secret`
 */
export function readBasic(credential: string): Claim | undefined {
  const text = credential.trim();
  const bytes = Buffer.from(text, 'base64');
  // Buffer skips what is not base64: one credential must not have many spellings.
  if (bytes.toString('base64') !== text) return undefined;
  const decoded = bytes.toString('utf8');
  const at = decoded.indexOf(':');
  if (at < 1 || decoded.includes('\uFFFD')) return undefined;
  const [name, secret] = [decoded.slice(0, at), decoded.slice(at + 1)];
  return { credential: { scheme: 'Basic', name, secret } };
}

/** The session's own token, until the earlier of both ends; undefined when that has passed. */
export function readSession(session: Session, now: number): Claim | undefined {
  const claim = readToken({ kind: 'bearer', credential: session.token }, now);
  if (claim === undefined || session.expires <= now) return undefined;
  return { ...claim, session, expires: Math.min(session.expires, claim.expires ?? Infinity) };
}
