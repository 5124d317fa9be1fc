import { toOperatorError, type OperatorError } from '../errors.ts';

/** What a {@link PollLoop} is made of. */
export interface PollLoopDeps {
  readonly step: (signal: AbortSignal) => Promise<void>;
  /** Time between two steps, before jitter. */
  readonly intervalMs: number;
  readonly clock: { sleep(ms: number, signal?: AbortSignal): Promise<void> };
  /** From 0 up to 1. */
  readonly random: () => number;
  /** Called after each step; without an error when it went well. */
  readonly onStep: (error?: OperatorError) => void;
}

const MAX_BACKOFF_MS = 60_000;
/** A wake-up waits so long, so that several of them make one step. */
const GATHER_MS = 100;

/**
 * Repeats a step for ever, with jitter; after a failure with exponential backoff, and never before the delay that the
 * error asks for.
 */
export class PollLoop {
  readonly #deps: PollLoopDeps;
  #sleeping: AbortController | undefined;
  #woken = false;
  #failures = 0;

  constructor(deps: PollLoopDeps) {
    this.#deps = deps;
  }

  /** Makes the next step come soon; after a failure only the backoff counts. */
  wake(): void {
    this.#woken = true;
    if (this.#failures === 0) this.#sleeping?.abort();
  }

  /** Runs until the signal aborts; then it resolves. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#woken = false;
      await this.#pause(await this.#step(signal), signal);
    }
  }

  async #step(signal: AbortSignal): Promise<number> {
    try {
      await this.#deps.step(signal);
      this.#failures = 0;
      this.#deps.onStep();
      return this.#deps.intervalMs * (0.9 + 0.2 * this.#deps.random());
    } catch (thrown) {
      if (signal.aborted) return 0;
      const error = toOperatorError(thrown);
      this.#failures++;
      this.#deps.onStep(error);
      return this.#backoff(error);
    }
  }

  #backoff(error: OperatorError): number {
    const { intervalMs, random } = this.#deps;
    const full = Math.min(
      MAX_BACKOFF_MS,
      Math.min(intervalMs, 5_000) * 2 ** Math.min(this.#failures, 10),
    );
    const asked = error.details['delayMs'];
    return Math.max(full * (0.5 + 0.5 * random()), typeof asked === 'number' ? asked : 0);
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { clock } = this.#deps;
    if (this.#failures > 0 || !this.#woken) await this.#sleep(ms, signal);
    if (this.#woken && this.#failures === 0) {
      await clock.sleep(Math.min(GATHER_MS, ms), signal).catch(unlessAborted(signal));
    }
  }

  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    const sleeping = new AbortController();
    const end = (): void => {
      sleeping.abort();
    };
    this.#sleeping = sleeping;
    signal.addEventListener('abort', end, { once: true });
    try {
      await this.#deps.clock.sleep(ms, sleeping.signal).catch(unlessAborted(sleeping.signal));
    } finally {
      signal.removeEventListener('abort', end);
      this.#sleeping = undefined;
    }
  }
}

function unlessAborted(signal: AbortSignal): (error: unknown) => void {
  return (error) => {
    if (!signal.aborted) throw error;
  };
}
