import { lookup } from 'node:dns/promises';
import { Subject, type Observable } from 'rxjs';
import type { Clock, NameAnswer, NameSource } from '../controllers/contracts.ts';

/** Looks a name up once: all its addresses, none when there is no such name; rejects when nobody can say now. */
export type ResolveName = (name: string) => Promise<readonly string[]>;

/** What a {@link NameLookup} is made of. */
export interface NameLookupDependencies {
  readonly clock: Pick<Clock, 'now'>;
  readonly resolve: ResolveName;
  /** Most names that are known at a time. */
  readonly mostNames?: number;
}

interface Name {
  readonly since: number;
  askedAt: number;
  /** When it was last tried; undefined before the first time. */
  triedAt?: number;
  isBusy: boolean;
  /** Its last try took long: it may not hold up names that answer. */
  isSlow: boolean;
  hasFailed: boolean;
  addresses?: readonly string[];
}

// The system's resolver holds a thread of the four that files are written with.
const MOST_IN_FLIGHT = 2;
const MOST_SLOW_IN_FLIGHT = 1;
const SLOW_MS = 1_000;
/** A name may move: its addresses are looked up again when they are so old. */
const FOLLOW_MS = 25_000;
const RETRY_MS = 1_000;
const PATIENCE_MS = 5_000;
const UNUSED_MS = 300_000;
const MOST_NAMES = 2_048;

/**
 * Names and their addresses: answers at once with what is known, and looks up behind that, a few at a time.
 *
 * @remarks
 * States of a name: absent, *pending* (asked for, no answer yet), *unavailable* (nobody could say, or not in time), *known*.
 * A known name stays known: a resolver that fails later says nothing of it. A name that nobody asks for becomes absent.
 */
export class NameLookup implements NameSource {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #resolve: ResolveName;
  readonly #mostNames: number;
  readonly #names = new Map<string, Name>();
  readonly #waiting = new Set<string>();
  readonly #inFlight = new Set<Name>();
  readonly #changes = new Subject<string>();

  constructor({ clock, resolve, mostNames = MOST_NAMES }: NameLookupDependencies) {
    this.#clock = clock;
    this.#resolve = resolve;
    this.#mostNames = mostNames;
  }

  get changes(): Observable<string> {
    return this.#changes;
  }

  lookup(hostName: string): NameAnswer {
    const now = this.#clock.now();
    const name = this.#recall(hostName, now) ?? this.#admit(hostName, now);
    if (name === undefined) return 'unavailable';
    name.askedAt = now;
    if (!name.isBusy && isDue(name, now)) {
      name.isBusy = true;
      this.#waiting.add(hostName);
      this.#start();
    }
    if (name.addresses !== undefined) return { addresses: name.addresses };
    return name.hasFailed || now - name.since >= PATIENCE_MS ? 'unavailable' : 'pending';
  }

  /** What is known; nothing after a while in which nobody asked, for the name may have moved. */
  #recall(hostName: string, now: number): Name | undefined {
    const name = this.#names.get(hostName);
    if (name !== undefined && isUnused(name, now)) this.#names.delete(hostName);
    return this.#names.get(hostName);
  }

  /** Makes room by forgetting names that nobody asks for; undefined when there is none. */
  #admit(hostName: string, now: number): Name | undefined {
    if (this.#names.size >= this.#mostNames) {
      for (const [key, other] of this.#names) if (isUnused(other, now)) this.#names.delete(key);
    }
    if (this.#names.size >= this.#mostNames) return undefined;
    const name = { since: now, askedAt: now, isBusy: false, isSlow: false, hasFailed: false };
    this.#names.set(hostName, name);
    return name;
  }

  #start(): void {
    for (const hostName of this.#waiting) {
      if (this.#inFlight.size >= MOST_IN_FLIGHT) return;
      const name = this.#names.get(hostName);
      if (name === undefined || (name.isSlow && this.#slowInFlight >= MOST_SLOW_IN_FLIGHT)) {
        continue;
      }
      this.#waiting.delete(hostName);
      this.#inFlight.add(name);
      void this.#try(hostName, name);
    }
  }

  get #slowInFlight(): number {
    return [...this.#inFlight].filter(({ isSlow }) => isSlow).length;
  }

  async #try(hostName: string, name: Name): Promise<void> {
    const started = this.#clock.now();
    let isNew = false;
    try {
      isNew = learn(name, await this.#resolve(hostName));
      name.hasFailed = false;
    } catch {
      name.hasFailed = true;
    }
    name.triedAt = this.#clock.now();
    name.isSlow = name.triedAt - started >= SLOW_MS;
    name.isBusy = false;
    this.#inFlight.delete(name);
    this.#start();
    if (isNew) this.#changes.next(hostName);
  }
}

/** The addresses of a name, from the system's resolver and `/etc/hosts`; none when there is no such name. */
export async function resolveHost(hostName: string): Promise<readonly string[]> {
  try {
    const found = await lookup(hostName, { all: true });
    return found.map(({ address }) => address);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOTFOUND') return [];
    throw error;
  }
}

function isUnused({ askedAt, isBusy }: Name, now: number): boolean {
  return !isBusy && now - askedAt >= UNUSED_MS;
}

function isDue({ triedAt, addresses }: Name, now: number): boolean {
  if (triedAt === undefined) return true;
  return now - triedAt >= (addresses === undefined ? RETRY_MS : FOLLOW_MS);
}

/** Takes the addresses in; those that were known stay in front, for resolvers answer in any order. True when they differ. */
function learn(name: Name, found: readonly string[]): boolean {
  const former = name.addresses;
  const stay = (former ?? []).filter((address) => found.includes(address));
  const come = found.filter((address) => !stay.includes(address));
  if (former !== undefined && come.length === 0 && stay.length === former.length) return false;
  name.addresses = [...stay, ...come];
  return true;
}
