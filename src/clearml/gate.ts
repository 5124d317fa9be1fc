import { OperatorError } from '../errors.ts';

/** Bounds of a {@link Gate}. */
export interface GateBounds {
  /** Most pieces of work at a time. */
  readonly atOnce: number;
  /** Most that wait. */
  readonly waiting: number;
  /** Longest wait, in ms. */
  readonly waitMs: number;
}

/** Lets so much work through at a time; what would wait too long is refused. */
export class Gate {
  readonly #bounds: GateBounds;
  readonly #waiting = new Set<() => void>();
  #inside = 0;

  constructor(bounds: GateBounds) {
    this.#bounds = bounds;
  }

  /**
   * What the work gives, once it was its turn.
   *
   * @throws OperatorError `CLEARML_UNREACHABLE` when too many are waiting or the wait was too long
   */
  async run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    if (this.#inside < this.#bounds.atOnce) this.#inside += 1;
    else await this.#turn(signal);
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  /** The place of who leaves goes to who waits longest. */
  #leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#inside -= 1;
    else next();
  }

  async #turn(signal: AbortSignal): Promise<void> {
    if (this.#waiting.size >= this.#bounds.waiting) throw tooMany();
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const enter = (): void => {
      this.#waiting.delete(enter);
      resolve(undefined);
    };
    const giveUp = (error: Error): void => {
      if (this.#waiting.delete(enter)) reject(error);
    };
    const onAbort = (): void => giveUp(signal.reason as Error);
    const timer = setTimeout(() => giveUp(tooMany()), this.#bounds.waitMs);
    signal.addEventListener('abort', onAbort, { once: true });
    this.#waiting.add(enter);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    }
  }
}

function tooMany(): OperatorError {
  return new OperatorError('CLEARML_UNREACHABLE', { problem: 'too many callers at a time' });
}
