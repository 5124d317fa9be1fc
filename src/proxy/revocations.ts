import type { AccessSubject } from '../controllers/contracts.ts';

/** By subject, the generation at which it was revoked: decisions of that generation and older are void. */
export type Revoked = Readonly<Record<string, number>>;

/** What {@link Revocations} work with. */
export interface RevocationLimits {
  /** Longest time in ms that a decision is used: older revocations mean nothing any more. */
  readonly keepMs: number;
  /** Most subjects; with more, everything is asked again instead. */
  readonly most: number;
}

interface Entry {
  readonly generation: number;
  /** Unix time in ms. */
  readonly at: number;
}

/** Which decisions of the proxies are void: bounded in number and in time. */
export class Revocations {
  readonly #limits: RevocationLimits;
  readonly #entries = new Map<string, Entry>();
  #shown: Revoked = {};

  constructor(limits: RevocationLimits) {
    this.#limits = limits;
  }

  /** What every worker must know. */
  get all(): Revoked {
    return this.#shown;
  }

  /** Takes over what an earlier run had revoked; how long ago is not known. */
  restore(revoked: Revoked, now: number): void {
    for (const [subject, generation] of Object.entries(revoked)) {
      this.#entries.set(subject, { generation, at: now });
    }
    this.#show(now);
  }

  /** Voids the decisions about these subjects up to `generation`. */
  add(subjects: readonly AccessSubject[], generation: number, now: number): void {
    for (const subject of subjects) this.#entries.set(subject, { generation, at: now });
    if (this.#entries.size > this.#limits.most) {
      this.#entries.clear();
      this.#entries.set('*', { generation, at: now });
    }
    this.#show(now);
  }

  /** Makes revocations hold for decisions up to `generation`, which a worker claims to have. */
  raise(generation: number): void {
    for (const [subject, entry] of this.#entries) {
      this.#entries.set(subject, { ...entry, generation: Math.max(entry.generation, generation) });
    }
    this.#shown = shownOf(this.#entries);
  }

  #show(now: number): void {
    for (const [subject, { at }] of this.#entries) {
      if (now - at > this.#limits.keepMs) this.#entries.delete(subject);
    }
    this.#shown = shownOf(this.#entries);
  }
}

function shownOf(entries: ReadonlyMap<string, Entry>): Revoked {
  return Object.fromEntries([...entries].map(([subject, { generation }]) => [subject, generation]));
}
