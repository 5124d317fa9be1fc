import { CompactEncrypt, compactDecrypt } from 'jose';
import type { AccessRevoker, AccessSubject, Clock } from '../controllers/contracts.ts';
import { readClaims } from '../clearml/token.ts';
import { OperatorError } from '../errors.ts';
import type { Session, Sessions } from './contracts.ts';
import type { RevokedSessions } from './revoked-sessions.ts';

/** What {@link SealedSessions} are made of. */
export interface SealedSessionsDeps {
  /** 32 bytes. */
  readonly key: Uint8Array;
  readonly clock: Pick<Clock, 'now'>;
  /** Longest life of a session in seconds. */
  readonly sessionSeconds: number;
  readonly revoked: RevokedSessions;
  readonly revoker: AccessRevoker;
}

/** Longest value that is looked at; browsers keep no cookie that is half as long (RFC 6265, section 6.1). */
const MAX_VALUE = 8_192;
/** A name is for people to read; what is cut off it makes room for the token. */
const MAX_NAME = 128;
const HEADER = { alg: 'dir', enc: 'A256GCM' } as const;
const LIMITS = {
  keyManagementAlgorithms: [HEADER.alg],
  contentEncryptionAlgorithms: [HEADER.enc],
  // Nothing of ours is compressed.
  maxDecompressedLength: 0,
};
/** Header, no encrypted key, initialisation vector, ciphertext and tag (RFC 7516, section 3.1). */
const VALUE = /^[\w-]+\.(?:\.[\w-]+){3}$/;

/**
 * Sessions as JWE (RFC 7516): encrypted and authenticated with one key, so that a cookie tells nobody the token in it, and
 * opens only as it was sealed.
 */
export class SealedSessions implements Sessions {
  readonly #deps: SealedSessionsDeps;

  constructor(deps: SealedSessionsDeps) {
    this.#deps = deps;
  }

  /**
   * The value of the cookie: 7-bit characters without quotes. A session that would outlive its token or the setting is cut short.
   *
   * @throws OperatorError `CLEARML_MALFORMED` when the token is too long for a cookie
   */
  async seal(session: Session): Promise<string> {
    const name = session.name.slice(0, MAX_NAME);
    const payload = JSON.stringify({ ...session, name, expires: this.#endOf(session) });
    const value = await new CompactEncrypt(Buffer.from(payload, 'utf8'))
      .setProtectedHeader(HEADER)
      .encrypt(this.#deps.key);
    if (value.length <= MAX_VALUE) return value;
    throw new OperatorError('CLEARML_MALFORMED', { problem: 'token too long for a session' });
  }

  async open(value: string, host: string | undefined): Promise<Session | undefined> {
    const session = await this.#decrypt(value);
    if (session === undefined || session.host !== host) return undefined;
    const expires = this.#endOf(session);
    const hasEnded = expires <= this.#deps.clock.now();
    return hasEnded || this.#deps.revoked.has(session) ? undefined : { ...session, expires };
  }

  async revoke(session: Session): Promise<void> {
    await this.#tell(this.#deps.revoked.addSession(session, this.#deps.clock.now()));
  }

  async revokeUser(user: string): Promise<void> {
    await this.#tell(this.#deps.revoked.addUser(user, this.#deps.clock.now()));
  }

  /** No session opens any more by now; a full disk is no reason to let its connections live. */
  async #tell(subjects: readonly AccessSubject[]): Promise<void> {
    try {
      this.#deps.revoked.save();
    } finally {
      await this.#deps.revoker.revoke(subjects);
    }
  }

  #endOf({ issued, expires, token }: Session): number {
    const longest = issued + this.#deps.sessionSeconds * 1_000;
    const tokenEnds = (readClaims(token)?.expires ?? Infinity) * 1_000;
    return Math.min(expires, longest, tokenEnds);
  }

  async #decrypt(value: string): Promise<Session | undefined> {
    if (value.length > MAX_VALUE || !VALUE.test(value) || !isCanonical(value)) return undefined;
    try {
      const { plaintext } = await compactDecrypt(value, this.#deps.key, LIMITS);
      return readSession(JSON.parse(Buffer.from(plaintext).toString('utf8')));
    } catch {
      return undefined;
    }
  }
}

/** The last character of a part may have bits that mean nothing: one session must not have many values. */
function isCanonical(value: string): boolean {
  return value
    .split('.')
    .every((part) => Buffer.from(part, 'base64url').toString('base64url') === part);
}

/** What was sealed is what another version of this program may have sealed. */
function readSession(value: unknown): Session | undefined {
  const { id, user, name, token, host, issued, expires } = value as Partial<
    Record<keyof Session, unknown>
  >;
  if (!isText(id) || !isText(user) || !isText(token) || typeof name !== 'string') return undefined;
  if (!isTime(issued) || !isTime(expires)) return undefined;
  const session = { id, user, name, token, issued, expires };
  if (host === undefined) return session;
  return isText(host) ? { ...session, host } : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
