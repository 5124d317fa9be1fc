/** How many failures are borne. */
export interface FailureBounds {
  /** Failures that may come at once. */
  readonly burst: number;
  /** After this time in ms one of them is forgotten. */
  readonly forgetMs: number;
  /** Most keys that are remembered: the one that was seen longest ago goes first. */
  readonly most: number;
}

interface Entry {
  /** Time in ms, from `at` on, until all failures are forgotten. */
  readonly debtMs: number;
  /** Unix time in ms. */
  readonly at: number;
  readonly underWay: number;
}

/**
 * Failures by key, forgotten one by one as time goes by (a leaky bucket).
 *
 * @remarks
 * A try that is under way counts as a failure until it ends, so that many at once get no further than many in a row.
 */
export class FailureLimit {
  readonly #bounds: FailureBounds;
  readonly #entries = new Map<string, Entry>();

  constructor(bounds: FailureBounds) {
    this.#bounds = bounds;
  }

  /** How many keys are remembered. */
  get size(): number {
    return this.#entries.size;
  }

  /** Time in ms until a try may be made; 0 when it may be made now. */
  waitMs(key: string, now: number): number {
    const { burst, forgetMs } = this.#bounds;
    const { debtMs, underWay } = this.#at(key, now);
    return Math.max(0, debtMs + (underWay + 1 - burst) * forgetMs);
  }

  /** A try begins. */
  begin(key: string, now: number): void {
    const entry = this.#at(key, now);
    this.#keep(key, { ...entry, underWay: entry.underWay + 1 });
  }

  /** A try ended. */
  end(key: string, failed: boolean, now: number): void {
    const entry = this.#at(key, now);
    const debtMs = entry.debtMs + (failed ? this.#bounds.forgetMs : 0);
    // Nothing is under way for a key that was dropped meanwhile.
    const underWay = Math.max(0, entry.underWay - 1);
    if (debtMs === 0 && underWay === 0) this.#entries.delete(key);
    else this.#keep(key, { ...entry, debtMs, underWay });
  }

  #at(key: string, now: number): Entry {
    const entry = this.#entries.get(key);
    if (entry === undefined) return { debtMs: 0, at: now, underWay: 0 };
    // A clock that is set back forgets nothing.
    const debtMs = Math.max(0, entry.debtMs - Math.max(0, now - entry.at));
    return { ...entry, debtMs, at: now };
  }

  #keep(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    dropOldest(this.#entries, this.#bounds.most);
  }
}

/** Keys that were seen, the newest of them: bounded in number. */
export class SeenKeys {
  readonly #most: number;
  readonly #keys = new Map<string, true>();

  constructor(most: number) {
    this.#most = most;
  }

  has(key: string): boolean {
    return this.#keys.has(key);
  }

  add(key: string): void {
    this.#keys.delete(key);
    this.#keys.set(key, true);
    dropOldest(this.#keys, this.#most);
  }

  remove(key: string): void {
    this.#keys.delete(key);
  }
}

/** A map keeps the order in which its keys were set. */
function dropOldest(map: Map<string, unknown>, most: number): void {
  for (const key of map.keys()) {
    if (map.size <= most) return;
    map.delete(key);
  }
}
