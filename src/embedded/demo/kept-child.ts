import { setTimeout as sleep } from 'node:timers/promises';
import { lastLines, startChild } from './child.ts';
import type { ChildOrder, DemoChild } from './child.ts';
import { partFailed } from './progress.ts';

/** What a {@link KeptChild} is made of. */
export interface KeptChildParts {
  readonly name: string;
  readonly order: ChildOrder;
  /** Aborts when nobody may wait for a graceful end any more. */
  readonly force: AbortSignal;
  /** Learns that it cannot be kept running: it ended before {@link KeptChild.settle}, or too often. */
  readonly onFailure: (error: Error) => void;
}

/** What is told of a child that ended and is started again. */
export interface RestartNote {
  readonly name: string;
  /** How it ended, such as `was ended by SIGKILL`. */
  readonly how: string;
  readonly log: readonly string[];
}

const LOG_LINES = 12;
const NOTE_LINES = 3;
const PAUSE_MS = 1000;
const MOST_RESTARTS = 3;
const WINDOW_MS = 60_000;

/**
 * A child process that is started again when it ends, as an engine's restart policy or systemd would.
 *
 * @remarks
 * starting --(settle)--> kept --(ended)--> pause --> kept, at most three times a minute; every other end
 * is a failure. `stop` leads out of every state.
 */
export class KeptChild {
  readonly #parts: KeptChildParts;
  readonly #stop = new AbortController();
  #child: DemoChild | undefined;
  #running: Promise<void> | undefined;
  #onRestart: ((note: RestartNote) => void) | undefined;

  constructor(parts: KeptChildParts) {
    this.#parts = parts;
  }

  /** Starts it. */
  async start(): Promise<void> {
    this.#child = await startChild(this.#parts.order);
    this.#running = this.#keep(this.#child).catch((error: unknown) => {
      if (!this.#stop.signal.aborted) this.#parts.onFailure(error as Error);
    });
  }

  /** From now on its end is not a failure any more: it is told to `onRestart`, and it is started again. */
  settle(onRestart: (note: RestartNote) => void): void {
    this.#onRestart = onRestart;
  }

  /** Process id of the child that runs now, or ran last. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Last lines of its log. */
  lastLines(): Promise<readonly string[]> {
    return lastLines(this.#parts.order.logFile, LOG_LINES);
  }

  /** Ends it and everything that it started, for good. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#child?.stop(this.#parts.force);
    await this.#running;
  }

  async #keep(first: DemoChild): Promise<void> {
    const { name, order, force } = this.#parts;
    const ends: number[] = [];
    for (let child = first; ;) {
      const how = await child.ended;
      this.#stop.signal.throwIfAborted();
      const now = performance.now();
      ends.push(now);
      const log = await lastLines(order.logFile, LOG_LINES);
      const recent = ends.filter((end) => now - end < WINDOW_MS).length;
      if (this.#onRestart === undefined || recent > MOST_RESTARTS) throw partFailed(name, how, log);
      this.#onRestart({ name, how, log: log.slice(-NOTE_LINES) });
      await child.stop(force);
      await sleep(PAUSE_MS, undefined, { signal: this.#stop.signal });
      child = this.#child = await startChild(order);
      if (this.#stop.signal.aborted) await child.stop(force);
    }
  }
}
