import { createHash, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../controllers/contracts.ts';
import type { ApiCredential, ApiCredentialStore } from '../../store/contract.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { ApiUser } from '../contracts.ts';
import { ApiError } from '../status.ts';
import { hasSlept } from './authority.ts';

/** What may be known of a credential: everything but its token. */
export type CredentialFacts = Omit<ApiCredential, 'hash'>;

/** What a credential is wanted for. */
export interface CredentialOrder {
  readonly role: ApiUser['role'];
  /** A name is made from the role when there is none. */
  readonly name?: string;
  /** Unix time in ms after which it ends by itself. */
  readonly expires?: number;
  /** Takes the place of one of this name, which ends. */
  readonly replace?: boolean;
}

/** A caller whose credential is good. */
export interface Caller {
  readonly user: ApiUser;
  /** Aborts when the credential is revoked or ends. */
  readonly signal: AbortSignal;
}

/** What {@link Credentials} work with. */
export interface CredentialsDeps {
  readonly store: ApiCredentialStore;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Buffer;
  readonly logger: Logger;
}

/** What a token begins with, so that it is known for what it is wherever it is found. */
const TOKEN_PREFIX = 'cwt_';
const TOKEN_BYTES = 32;
const TOKEN = /^cwt_[\w-]{43}$/;

const NAME = /^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/;
const MOST_CREDENTIALS = 1000;
/** How coarse "last used" is: it costs a write. */
const USED_MS = 3_600_000;
const SWEEP_MS = 30_000;

interface Held {
  readonly credential: ApiCredential;
  readonly hash: Buffer;
  readonly ending: AbortController;
}

/** Tokens of the resource API: who they stand for, and whether they still do. Only their hashes are kept. */
export class Credentials {
  readonly #deps: CredentialsDeps;
  readonly #held = new Map<string, Held>();

  constructor(deps: CredentialsDeps) {
    this.#deps = deps;
    for (const credential of deps.store.list()) this.#hold(credential);
  }

  /** Every credential that is good, by name. */
  list(): readonly CredentialFacts[] {
    const now = this.#deps.clock.now();
    return [...this.#held.values()]
      .filter(({ credential }) => !hasEnded(credential, now))
      .map(({ credential }) => factsOf(credential))
      .sort((left, right) => left.name.localeCompare(right.name));
  }

  /**
   * Makes a credential. Its token is told here and never again.
   * @throws ApiError `Invalid`, `AlreadyExists`
   * @throws OperatorError `STORE_WRITE_FAILED`
   */
  issue(order: CredentialOrder): { readonly credential: CredentialFacts; readonly token: string } {
    const { store, clock, randomBytes } = this.#deps;
    this.#sweep();
    const name = order.name ?? this.#newName(order.role);
    this.#check(name, order);
    const token = `${TOKEN_PREFIX}${randomBytes(TOKEN_BYTES).toString('base64url')}`;
    const credential: ApiCredential = {
      name,
      role: order.role,
      hash: hashOf(token).toString('hex'),
      created: clock.now(),
      ...(order.expires === undefined ? {} : { expires: order.expires }),
    };
    store.change({ keep: [credential], drop: [] });
    this.#release(name);
    this.#hold(credential);
    return { credential: factsOf(credential), token };
  }

  /**
   * Ends a credential, and everything that goes on in its name, at once. False when there is none of this name.
   * @throws OperatorError `STORE_WRITE_FAILED`: it is void now, and may be good again after a restart.
   */
  revoke(name: string): boolean {
    if (!this.#held.has(name)) return false;
    this.#release(name);
    this.#deps.store.change({ keep: [], drop: [name] });
    return true;
  }

  /** Who a token stands for; undefined when it stands for nobody, or no longer. */
  verify(token: string): Caller | undefined {
    if (!TOKEN.test(token)) return undefined;
    const hash = hashOf(token);
    let found: Held | undefined;
    // All are compared, whichever fits: how long it takes says nothing.
    for (const held of this.#held.values()) if (timingSafeEqual(held.hash, hash)) found = held;
    if (found === undefined || hasEnded(found.credential, this.#deps.clock.now())) return undefined;
    this.#noteUse(found);
    const { name, role } = found.credential;
    const user = { name, groups: [`clearway:${role}`, 'system:authenticated'], role } as const;
    return { user, signal: found.ending.signal };
  }

  /** Ends what has expired, until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#deps;
    while (await hasSlept(clock, SWEEP_MS, signal)) {
      try {
        this.#sweep();
      } catch (error) {
        logger.warn({ err: error }, 'expired credentials of the resource API stay in the store');
      }
    }
  }

  #check(name: string, { expires, replace }: CredentialOrder): void {
    if (!NAME.test(name)) {
      throw invalid('name', 'must be small letters, digits, "-" and ".", at most 63 characters');
    }
    if (expires !== undefined && !(expires > this.#deps.clock.now())) {
      throw invalid('expires', 'must be in the future');
    }
    const exists = this.#held.has(name);
    if (exists && replace !== true) {
      throw new ApiError('AlreadyExists', `there is a credential of the name ${name}`);
    }
    if (!exists && this.#held.size >= MOST_CREDENTIALS) {
      throw invalid('name', `there are ${MOST_CREDENTIALS} credentials; revoke some first`);
    }
  }

  #newName(role: string): string {
    for (;;) {
      const name = `${role}-${this.#deps.randomBytes(3).toString('hex')}`;
      if (!this.#held.has(name)) return name;
    }
  }

  #hold(credential: ApiCredential): void {
    const hash = Buffer.from(credential.hash, 'hex');
    this.#held.set(credential.name, { credential, hash, ending: new AbortController() });
  }

  #release(name: string): void {
    this.#held.get(name)?.ending.abort();
    this.#held.delete(name);
  }

  #sweep(): void {
    const now = this.#deps.clock.now();
    const drop = [...this.#held.values()]
      .filter(({ credential }) => hasEnded(credential, now))
      .map(({ credential }) => credential.name);
    if (drop.length === 0) return;
    for (const name of drop) this.#release(name);
    this.#deps.store.change({ keep: [], drop });
  }

  #noteUse(held: Held): void {
    const { store, clock, logger } = this.#deps;
    const now = clock.now();
    const { name, used } = held.credential;
    if (used !== undefined && now - used < USED_MS) return;
    this.#held.set(name, { ...held, credential: { ...held.credential, used: now } });
    try {
      store.touch(name, now);
    } catch (error) {
      logger.warn({ err: error }, 'the use of a credential of the resource API was not noted');
    }
  }
}

function hasEnded({ expires }: ApiCredential, now: number): boolean {
  return expires !== undefined && expires <= now;
}

function factsOf(credential: ApiCredential): CredentialFacts {
  const { name, role, created, expires, used } = credential;
  return {
    ...{ name, role, created },
    ...(expires === undefined ? {} : { expires }),
    ...(used === undefined ? {} : { used }),
  };
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

function invalid(field: string, message: string): ApiError {
  return new ApiError('Invalid', `${field} ${message}`, {
    causes: [{ reason: 'FieldValueInvalid', message, field }],
  });
}
