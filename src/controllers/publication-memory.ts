import type { Clock } from './contracts.ts';

const CONTESTED_WINDOW_MS = 60_000;
const CONTESTED_WRITES = 4;

/**
 * Remembers what was written to whom, to tell a slow task from one that somebody keeps writing over.
 *
 * The first write of a patch is no contest; the same patch needed again three times within a minute is.
 */
export class PublicationMemory {
  readonly #clock: Clock;
  readonly #waiting = new Map<string, number>();
  readonly #writes = new Map<
    string,
    { readonly patch: string; readonly times: readonly number[] }
  >();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Unix time in ms since which this task has something to be written. */
  waitingSince(taskId: string): number {
    const since = this.#waiting.get(taskId) ?? this.#clock.now();
    this.#waiting.set(taskId, since);
    return since;
  }

  /** Takes note of a write. */
  wrote(taskId: string, patch: string): void {
    const former = this.#writes.get(taskId);
    const times = former?.patch === patch ? this.#recent(former.times) : [];
    this.#writes.set(taskId, { patch, times: [...times, this.#clock.now()] });
  }

  /** Nothing is left to be written. */
  settled(taskId: string): void {
    this.#waiting.delete(taskId);
  }

  /** Drops everything about a task. */
  forget(taskId: string): void {
    this.#waiting.delete(taskId);
    this.#writes.delete(taskId);
  }

  /** True when the same patch was needed again three times within a minute. */
  isContested(taskId: string): boolean {
    return this.#recent(this.#writes.get(taskId)?.times ?? []).length >= CONTESTED_WRITES;
  }

  /** How long the contest goes on, in ms. */
  contestedForMs(taskId: string): number {
    const [first] = this.#recent(this.#writes.get(taskId)?.times ?? []);
    return first === undefined ? 0 : first + CONTESTED_WINDOW_MS - this.#clock.now();
  }

  #recent(times: readonly number[]): readonly number[] {
    const since = this.#clock.now() - CONTESTED_WINDOW_MS;
    return times.filter((time) => time > since);
  }
}
