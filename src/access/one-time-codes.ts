import { createHash } from 'node:crypto';
import type { Session } from './contracts.ts';

/** Who may use a code: a browser that holds the state, at the host of this route. */
export interface CodeHolder {
  /** Key of the route. */
  readonly host: string;
  /** Hash of the value of the state cookie, see {@link stateHash}. */
  readonly state: string;
}

/** Who shows a code. */
export interface CodeBearer {
  readonly host: string;
  /** Hashes of every state cookie that came along. */
  readonly states: readonly string[];
}

/** What {@link OneTimeCodes} are made of. */
export interface OneTimeCodesDeps {
  readonly clock: { now(): number };
  readonly randomBytes: (size: number) => Buffer;
  /** Most codes at a time; the oldest one gives way. */
  readonly most?: number;
}

interface Entry {
  readonly holder: CodeHolder;
  readonly session: Session;
  readonly ends: number;
}

const LIFE_MS = 30_000;
const CODE_BYTES = 32;
const MOST = 1_000;

/**
 * Codes that carry a session from the main host to a route host: each lives for 30 s, is used once, and only by whom it was
 * made for.
 *
 * @remarks
 * A code stands in an address, and addresses are seen by others. It is worth nothing without the state cookie that the route
 * host gave the browser before, and here only hashes of codes are kept.
 */
export class OneTimeCodes {
  readonly #deps: OneTimeCodesDeps;
  readonly #most: number;
  /** By hash of the code, oldest first. */
  readonly #entries = new Map<string, Entry>();

  constructor(deps: OneTimeCodesDeps) {
    this.#deps = deps;
    this.#most = deps.most ?? MOST;
  }

  /** A new code for the session. */
  issue(holder: CodeHolder, session: Session): string {
    const code = this.#deps.randomBytes(CODE_BYTES).toString('base64url');
    this.#forgetEnded();
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size < this.#most) break;
      this.#entries.delete(oldest);
    }
    const ends = this.#deps.clock.now() + LIFE_MS;
    this.#entries.set(hashOf(code), { holder, session, ends });
    return code;
  }

  /** The session behind the code; undefined when it is not for this bearer, and then the code is spent all the same. */
  take(code: string, bearer: CodeBearer): Session | undefined {
    const hash = hashOf(code);
    const entry = this.#entries.get(hash);
    if (entry === undefined) return undefined;
    this.#entries.delete(hash);
    const { host, state } = entry.holder;
    const isHolder = bearer.host === host && bearer.states.includes(state);
    return isHolder && this.#deps.clock.now() < entry.ends ? entry.session : undefined;
  }

  #forgetEnded(): void {
    const now = this.#deps.clock.now();
    for (const [hash, { ends }] of this.#entries) {
      if (now < ends) break;
      this.#entries.delete(hash);
    }
  }
}

/** What the main host is told of a state cookie: 64 hex digits that do not give its value away. */
export function stateHash(value: string): string {
  return hashOf(value);
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
