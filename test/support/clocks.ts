import { systemClock } from '../../src/clock.ts';
import type { Clock } from '../../src/controllers/contracts.ts';

/** The clock of the machine. */
export const realClock: Clock = systemClock;

interface Sleeper {
  readonly until: number;
  readonly wake: () => void;
}

/** A clock that moves only by {@link ManualClock.advance}. */
export class ManualClock implements Clock {
  readonly #sleepers = new Set<Sleeper>();
  #now: number;

  constructor(now: number) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  /** How many are asleep: a test that ends with some has leaked a timer. */
  get sleeping(): number {
    return this.#sleepers.size;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const sleeper: Sleeper = {
        until: this.#now + ms,
        wake: () => {
          this.#sleepers.delete(sleeper);
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      const onAbort = (): void => {
        this.#sleepers.delete(sleeper);
        reject(signal?.reason as Error);
      };
      this.#sleepers.add(sleeper);
      if (signal?.aborted === true) onAbort();
      else signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Moves the time on by `ms` and wakes who slept until then. */
  advance(ms: number): void {
    this.#now += ms;
    for (const sleeper of [...this.#sleepers]) if (sleeper.until <= this.#now) sleeper.wake();
  }
}
