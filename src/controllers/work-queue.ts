import { isAbort, toOperatorError, type OperatorError } from '../errors.ts';
import type { Clock } from './contracts.ts';

/** What a reconcile asks for: nothing until something changes, or another look in `againMs`. */
export type ReconcileResult = { readonly againMs: number } | undefined;

/** Works on one key: re-reads the whole truth and converges. */
export type Reconcile = (key: string, signal: AbortSignal) => Promise<ReconcileResult>;

/** What a {@link WorkQueue} needs. */
export interface WorkQueueOptions {
  readonly clock: Clock;
  /** In [0, 1): spreads retries. */
  readonly random: () => number;
  readonly concurrency: number;
  readonly reconcile: Reconcile;
  /** Called for every failure that is not an abort. */
  readonly onError: (key: string, error: OperatorError, retryMs: number | undefined) => void;
  /** Called after every piece of work, with the time it took in ms. */
  readonly onDone: (outcome: 'ok' | 'error', ms: number) => void;
}

const FIRST_RETRY_MS = 200;
const LAST_RETRY_MS = 60_000;
/** A timer for more than 24.8 days rings at once. */
const LONGEST_WAIT_MS = 86_400_000;

/**
 * Holds keys and works on them: a key once in the queue, never twice at a time.
 *
 * States of a key: absent, waiting, working, working and due again. `add` moves absent to waiting and
 * working to due; the end of work moves due to waiting. A `retry` error adds the key again after a delay that
 * doubles up to a minute, with jitter, or the delay that the error names; `blocked` waits for a change.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #waiting = new Set<string>();
  /** Keys at work, and the Unix time in ms at which it began. */
  readonly #working = new Map<string, number>();
  readonly #due = new Set<string>();
  readonly #failures = new Map<string, number>();
  /** Keys with a timer, and the time at which it rings. */
  readonly #timers = new Map<string, number>();
  #wake: (() => void) | undefined;
  #signal: AbortSignal | undefined;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  /** Keys that wait for a worker. */
  get depth(): number {
    return this.#waiting.size;
  }

  /** True when no key waits or is worked on. */
  get idle(): boolean {
    return this.#waiting.size === 0 && this.#working.size === 0;
  }

  /** Keys whose last work failed and that are tried again. */
  get failing(): number {
    return this.#failures.size;
  }

  /** For how long, in ms, the oldest work at hand has been going on; 0 when there is none. */
  get longestWorkMs(): number {
    const oldest = Math.min(...this.#working.values());
    return Number.isFinite(oldest) ? this.#options.clock.now() - oldest : 0;
  }

  /** Asks for a look at this key. */
  add(key: string): void {
    if (this.#working.has(key)) this.#due.add(key);
    else this.#waiting.add(key);
    this.#wake?.();
  }

  /** Asks for a look at this key after `ms`, unless an earlier one is planned. */
  addAfter(key: string, ms: number): void {
    const { clock } = this.#options;
    const wait = Math.min(ms, LONGEST_WAIT_MS);
    const at = clock.now() + wait;
    const planned = this.#timers.get(key);
    if (planned !== undefined && planned <= at) return;
    this.#timers.set(key, at);
    // Without the signal: an AbortSignal with thousands of listeners takes its time for each that comes or goes.
    void clock.sleep(wait).then(() => this.#ring(key, at));
  }

  /** Works until the signal aborts and the work at hand is done. */
  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    const workers = Array.from({ length: this.#options.concurrency }, () => this.#worker(signal));
    await Promise.all(workers);
  }

  #ring(key: string, at: number): void {
    if (this.#timers.get(key) !== at || this.#signal?.aborted === true) return;
    this.#timers.delete(key);
    this.add(key);
  }

  async #worker(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const key = this.#take();
      if (key === undefined) await this.#idle(signal);
      else await this.#work(key, signal);
    }
  }

  #take(): string | undefined {
    const [key] = this.#waiting;
    if (key === undefined) return undefined;
    this.#waiting.delete(key);
    this.#working.set(key, this.#options.clock.now());
    return key;
  }

  async #work(key: string, signal: AbortSignal): Promise<void> {
    const start = this.#options.clock.now();
    let outcome: 'ok' | 'error' = 'ok';
    try {
      const result = await this.#options.reconcile(key, signal);
      this.#failures.delete(key);
      if (result !== undefined) this.addAfter(key, result.againMs);
    } catch (thrown) {
      outcome = 'error';
      if (!(signal.aborted && isAbort(thrown))) this.#failed(key, toOperatorError(thrown));
    } finally {
      // Whatever happened, the key must become free again, or it is never looked at any more.
      this.#working.delete(key);
      if (this.#due.delete(key)) this.add(key);
      this.#options.onDone(outcome, this.#options.clock.now() - start);
    }
  }

  #failed(key: string, error: OperatorError): void {
    const retryMs = error.outcome === 'retry' ? this.#retryMs(key, error) : undefined;
    if (retryMs !== undefined) this.addAfter(key, retryMs);
    this.#options.onError(key, error, retryMs);
  }

  #retryMs(key: string, error: OperatorError): number {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    const backoff = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 20));
    const asked = error.details['delayMs'];
    const floor = typeof asked === 'number' ? asked : 0;
    return Math.max(floor, backoff * (0.5 + this.#options.random() / 2));
  }

  async #idle(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const before = this.#wake;
      const done = (): void => {
        signal.removeEventListener('abort', done);
        resolve();
      };
      signal.addEventListener('abort', done, { once: true });
      // Every idle worker is woken; those that find nothing go back to sleep.
      this.#wake = (): void => {
        this.#wake = undefined;
        before?.();
        done();
      };
    });
  }
}
