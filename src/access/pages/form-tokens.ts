import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

/** What a form's token is worth. `mismatched`: made for another browser, or by somebody else. */
export type TokenVerdict = 'valid' | 'expired' | 'mismatched';

/** What {@link FormTokens} are made of. */
export interface FormTokensDeps {
  /** Secret of at least 32 bytes, the same in every router that answers under one address. */
  readonly key: Uint8Array;
  readonly clock: { now(): number };
  readonly randomBytes: (size: number) => Buffer;
}

/** The key of forms, made from the one that seals sessions (HKDF, RFC 5869): whoever has that one knows this. */
export function formKey(sessionKey: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', sessionKey, '', 'clearway form key 1', KEY_BYTES));
}

/** How long a form and its cookie are good for, in seconds. */
export const FORM_SECONDS = 3_600;

const KEY_BYTES = 32;
const NONCE_BYTES = 32;
const NONCE = /^[\w-]{43}$/;
const TOKEN = /^([1-9]\d{0,15})\.([\w-]{43})$/;

/**
 * Tokens in forms against forged requests (CWE-352): each is signed over the random value of a cookie in the same browser, and
 * ends by itself. Several forms of one browser share the cookie, so tabs do not disturb each other.
 */
export class FormTokens {
  readonly #deps: FormTokensDeps;

  constructor(deps: FormTokensDeps) {
    this.#deps = deps;
  }

  /** The value of the form cookie: the one that the browser has, else a new one. */
  nonceFor(values: readonly string[]): string {
    const known = values.find((value) => NONCE.test(value));
    return known ?? this.#deps.randomBytes(NONCE_BYTES).toString('base64url');
  }

  /** A token for a form that is shown to the browser with this form cookie. */
  issue(nonce: string): string {
    const ends = this.#deps.clock.now() + FORM_SECONDS * 1_000;
    return `${ends}.${this.#sign(nonce, ends)}`;
  }

  /** Judges the token of a form by the form cookies that came with it. */
  check(token: string, nonces: readonly string[]): TokenVerdict {
    const [, ends, signature] = TOKEN.exec(token) ?? [];
    if (ends === undefined || signature === undefined) return 'mismatched';
    // Before the cookie, which has ended with it.
    if (Number(ends) <= this.#deps.clock.now()) return 'expired';
    const isSigned = nonces.some(
      (nonce) => NONCE.test(nonce) && isSame(this.#sign(nonce, Number(ends)), signature),
    );
    return isSigned ? 'valid' : 'mismatched';
  }

  #sign(nonce: string, ends: number): string {
    return createHmac('sha256', this.#deps.key).update(`form ${ends} ${nonce}`).digest('base64url');
  }
}

function isSame(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}
