import { createHash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { Clock } from '../controllers/contracts.ts';
import { plainAddress } from '../domain/address.ts';
import type { Attempt, AttemptAnswer, AttemptOutcome, Attempts } from './contracts.ts';
import { FailureLimit, SeenKeys } from './failure-limit.ts';

/** What limits are made of. */
export interface AttemptsDeps {
  readonly clock: Pick<Clock, 'now'>;
}

/** Someone who shows a token, or a session of ours. */
export interface TokenAttempt {
  readonly address?: string;
  /** Hash of the credential. */
  readonly credential: string;
}

const MINUTE_MS = 60_000;
// About 200 bytes each: some megabytes at most, however many addresses someone has.
const MOST_KEYS = 20_000;

/**
 * Wrong passwords for one name, whoever sends them: ten for people who mistype and programs with yesterday's key, then one a
 * minute, which is half a million guesses a year: nothing against a password of eight random letters.
 */
const BY_NAME = { burst: 10, forgetMs: MINUTE_MS, most: MOST_KEYS };

/** Wrong passwords from one address, whatever the name: an office behind one address mistypes more often than one person, so three times that. */
const BY_ADDRESS = { burst: 30, forgetMs: 10_000, most: MOST_KEYS };

/**
 * Tokens from one address that ClearML does not know: a hundred people behind it whose sign-in has just ended are no attack, while
 * one question to ClearML in a second, thereafter, takes nothing from others: it answers one in about 10 ms.
 */
const TOKENS_BY_ADDRESS = { burst: 120, forgetMs: 1_000, most: MOST_KEYS };

/**
 * The limit on wrong passwords and secrets.
 *
 * @remarks
 * Guessing somebody's password must not lock that person out: an address from which the name has been right before is counted
 * for itself, and not among all that try the name. What is right takes nothing back, else guesses between good
 * sign-ins, one's own or the victim's, would be free. Addresses are those that the proxy saw; all behind one load balancer
 * that is not trusted are one.
 */
export class PasswordAttempts implements Attempts {
  readonly #clock: AttemptsDeps['clock'];
  readonly #byName = new FailureLimit(BY_NAME);
  readonly #byAddress = new FailureLimit(BY_ADDRESS);
  readonly #wasRight = new SeenKeys(MOST_KEYS);

  constructor({ clock }: AttemptsDeps) {
    this.#clock = clock;
  }

  begin({ address, name }: Attempt): AttemptAnswer {
    const now = this.#clock.now();
    const place = placeOf(address);
    const hash = nameHash(name);
    const pair = `${hash} ${place}`;
    const who = this.#wasRight.has(pair) ? pair : hash;
    const waitMs = Math.max(this.#byName.waitMs(who, now), this.#byAddress.waitMs(place, now));
    if (waitMs > 0) return refused(waitMs);
    this.#byName.begin(who, now);
    this.#byAddress.begin(place, now);
    return allowed((outcome) => {
      const end = this.#clock.now();
      this.#byName.end(who, outcome === 'failed', end);
      this.#byAddress.end(place, outcome === 'failed', end);
      if (outcome === 'succeeded') this.#wasRight.add(pair);
    });
  }
}

/**
 * The limit on tokens that ClearML turns out not to know, by address.
 *
 * @remarks
 * Without it one address could fill all the calls that are left for strangers with garbage. A credential that
 * ClearML has known goes on, however much garbage comes from its address.
 */
export class TokenAttempts {
  readonly #clock: AttemptsDeps['clock'];
  readonly #byAddress = new FailureLimit(TOKENS_BY_ADDRESS);
  readonly #wasGood = new SeenKeys(MOST_KEYS);

  constructor({ clock }: AttemptsDeps) {
    this.#clock = clock;
  }

  /** Whether ClearML may be asked about this credential now. */
  begin({ address, credential }: TokenAttempt): AttemptAnswer {
    const now = this.#clock.now();
    const place = placeOf(address);
    if (this.#wasGood.has(credential))
      return allowed((outcome) => this.#endKnown(place, credential, outcome));
    const waitMs = this.#byAddress.waitMs(place, now);
    if (waitMs > 0) return refused(waitMs);
    this.#byAddress.begin(place, now);
    return allowed((outcome) => {
      this.#byAddress.end(place, outcome === 'failed', this.#clock.now());
      if (outcome === 'succeeded') this.#wasGood.add(credential);
    });
  }

  /** What was good takes no room while it is asked about; one that has ended is a stranger's from then on. */
  #endKnown(place: string, credential: string, outcome: AttemptOutcome): void {
    if (outcome !== 'failed') return;
    const now = this.#clock.now();
    this.#wasGood.remove(credential);
    this.#byAddress.begin(place, now);
    this.#byAddress.end(place, true, now);
  }
}

function refused(waitMs: number): AttemptAnswer {
  return { allowed: false, retryAfterSeconds: Math.ceil(waitMs / 1_000) };
}

/** The first end counts: a second one would give back what is not its own. */
function allowed(onEnd: (outcome: AttemptOutcome) => void): AttemptAnswer {
  let hasEnded = false;
  const end = (outcome: AttemptOutcome): void => {
    if (!hasEnded) onEnd(outcome);
    hasEnded = true;
  };
  return { allowed: true, end };
}

/** Names that differ in case only are one: a server that does not tell them apart would give each spelling its own tries. */
function nameHash(name: string): string {
  const plain = name.normalize('NFKC').trim().toLowerCase();
  return createHash('sha256').update(plain).digest('base64url');
}

/** An IPv6 address is one of 2^64 that its owner has at will, so its network counts. */
function placeOf(address = ''): string {
  const plain = plainAddress(address.trim());
  if (!isIPv6(plain)) return plain.slice(0, 64);
  const [head = [], tail = []] = plain.split('::').map((part) => part.split(':').filter(Boolean));
  const zeros = Array.from({ length: Math.max(0, 8 - head.length - tail.length) }, () => '0');
  return [...head, ...zeros, ...tail].slice(0, 4).join(':');
}
