import type { AccessSubject } from '../controllers/contracts.ts';
import { LONGEST_SESSION_SECONDS } from '../settings/schema-access.ts';
import type { SessionRevocation, SessionRevocationStore } from '../store/contract.ts';
import type { Session } from './contracts.ts';

/** What {@link RevokedSessions} are made of. */
export interface RevokedSessionsDeps {
  readonly store: SessionRevocationStore;
  /** Most revocations that are remembered one by one. */
  readonly most: number;
}

/**
 * Whatever the setting was when a session was made, it has ended after this time: a revocation of all of a user's sessions need not
 * be remembered longer.
 */
const LONGEST_MS = LONGEST_SESSION_SECONDS * 1_000;

/**
 * Which sessions are void before their time, in memory and on disk.
 *
 * @remarks
 * A revocation is forgotten when the session would have ended by itself. Bounded: when there are too many, the user with most of them loses
 * all sessions instead, which is one revocation; a user who signs in and out all day signs out nobody else. Only when
 * that does not help, because they all are of different users, everybody signs in anew.
 */
export class RevokedSessions {
  readonly #deps: RevokedSessionsDeps;
  readonly #revocations: Map<string, SessionRevocation>;
  /** Subjects that the disk does not have as they are now. */
  readonly #unsaved = new Set<string>();

  constructor(deps: RevokedSessionsDeps) {
    this.#deps = deps;
    const kept = deps.store.list();
    this.#revocations = new Map(kept.map((revocation) => [revocation.subject, revocation]));
  }

  /** How many revocations are remembered. */
  get size(): number {
    return this.#revocations.size;
  }

  has({ id, user, issued }: Session): boolean {
    if (this.#revocations.has(`session:${id}`)) return true;
    const at = (subject: string): number => this.#revocations.get(subject)?.at ?? -Infinity;
    return Math.max(at(`user:${user}`), at('*')) >= issued;
  }

  /** Voids this session from now on. Returns what it voided, which may be more. */
  addSession({ id, user, expires }: Session, now: number): readonly AccessSubject[] {
    const subject = `session:${id}` as const;
    this.#set({ subject, user, at: now, until: Math.min(Math.ceil(expires), now + LONGEST_MS) });
    return [subject, ...this.#tidy(now)];
  }

  /** Voids every session of the user that was issued up to now. */
  addUser(user: string, now: number): readonly AccessSubject[] {
    return [this.#setUser(user, now), ...this.#tidy(now)];
  }

  /**
   * Brings to disk what it does not have yet.
   *
   * @throws OperatorError `STORE_WRITE_FAILED`; then a later save brings it
   */
  save(): void {
    const keep = [...this.#unsaved].flatMap((subject) => this.#revocations.get(subject) ?? []);
    const drop = [...this.#unsaved].filter((subject) => !this.#revocations.has(subject));
    this.#deps.store.change({ keep, drop });
    this.#unsaved.clear();
  }

  #setUser(user: string, now: number): AccessSubject {
    const subject = `user:${user}` as const;
    this.#set({ subject, user, at: now, until: now + LONGEST_MS });
    return subject;
  }

  #set(revocation: SessionRevocation): void {
    this.#revocations.set(revocation.subject, revocation);
    this.#unsaved.add(revocation.subject);
  }

  #drop(subject: string): void {
    this.#revocations.delete(subject);
    this.#unsaved.add(subject);
  }

  #tidy(now: number): readonly AccessSubject[] {
    for (const { subject, until } of this.#revocations.values()) {
      if (until <= now) this.#drop(subject);
    }
    return this.#revocations.size > this.#deps.most ? [this.#fold(now)] : [];
  }

  #fold(now: number): AccessSubject {
    const [user, subjects] = mostOf(this.#revocations.values());
    if (subjects.length > 1) {
      for (const subject of subjects) this.#drop(subject);
      return this.#setUser(user, now);
    }
    for (const subject of this.#revocations.keys()) this.#drop(subject);
    this.#set({ subject: '*', user: '', at: now, until: now + LONGEST_MS });
    return '*';
  }
}

/** The user with most revocations, and their subjects. */
function mostOf(
  revocations: Iterable<SessionRevocation>,
): readonly [user: string, subjects: readonly string[]] {
  const byUser = Map.groupBy(revocations, ({ user }) => user);
  let most: readonly [string, readonly string[]] = ['', []];
  for (const [user, own] of byUser) {
    if (own.length > most[1].length) most = [user, own.map(({ subject }) => subject)];
  }
  return most;
}
