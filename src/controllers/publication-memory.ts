import type { Patch } from '../domain/plan-publication.ts';
import type { Clock } from './contracts.ts';

interface Contest {
  /** Unix times in ms at which something that was written had to be written again. */
  readonly times: readonly number[];
  /** Unix time in ms until which nothing is written. */
  readonly until: number;
  /** How often it was given up in a row. */
  readonly stops: number;
}

const WINDOW_MS = 60_000;
const CONTESTS = 3;
const FIRST_STOP_MS = 60_000;
const LONGEST_STOP_MS = 300_000;
const UNCONTESTED: Contest = { times: [], until: 0, stops: 0 };

/**
 * Remembers what was written to whom, to tell a slow task from one that somebody keeps writing over.
 *
 * A contest is a write of a value that was written before. The first two in a minute are put back; with the third it stops,
 * for a minute first, then for longer.
 */
export class PublicationMemory {
  readonly #clock: Clock;
  readonly #waiting = new Map<string, number>();
  /** By task, then by key: the value as JSON, or nothing where the key was removed. */
  readonly #written = new Map<string, Map<string, string | undefined>>();
  readonly #contests = new Map<string, Contest>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Unix time in ms since which this task has something to be written. */
  waitingSince(taskId: string): number {
    const since = this.#waiting.get(taskId) ?? this.#clock.now();
    this.#waiting.set(taskId, since);
    return since;
  }

  /** Takes note of a write that is about to be made; false when it is contested and must not be made. */
  mayWrite(taskId: string, patch: Patch): boolean {
    if (this.stoppedForMs(taskId) > 0) return false;
    if (!this.#repeats(taskId, patch)) return true;
    const now = this.#clock.now();
    const former = this.#contests.get(taskId) ?? UNCONTESTED;
    const times = [...former.times.filter((time) => time > now - WINDOW_MS), now];
    if (times.length < CONTESTS) {
      this.#contests.set(taskId, { ...former, times });
      return true;
    }
    const stops = now - former.until < LONGEST_STOP_MS ? former.stops : 0;
    const until = now + Math.min(FIRST_STOP_MS * 2 ** stops, LONGEST_STOP_MS);
    this.#contests.set(taskId, { times: [], until, stops: stops + 1 });
    return false;
  }

  /** Takes note of a write that was made. */
  wrote(taskId: string, patch: Patch): void {
    const keys = this.#written.get(taskId) ?? new Map<string, string | undefined>();
    for (const [key, value] of written(patch)) keys.set(key, value);
    this.#written.set(taskId, keys);
  }

  /** Nothing is left to be written. */
  settled(taskId: string): void {
    this.#waiting.delete(taskId);
  }

  /** Drops everything about a task. */
  forget(taskId: string): void {
    this.#waiting.delete(taskId);
    this.#written.delete(taskId);
    this.#contests.delete(taskId);
  }

  /** How long nothing is written, in ms; 0 when writing is allowed. */
  stoppedForMs(taskId: string): number {
    return Math.max(0, (this.#contests.get(taskId)?.until ?? 0) - this.#clock.now());
  }

  #repeats(taskId: string, patch: Patch): boolean {
    const keys = this.#written.get(taskId);
    return written(patch).some(
      ([key, value]) => keys?.has(key) === true && keys.get(key) === value,
    );
  }
}

function written(patch: Patch): readonly (readonly [key: string, value: string | undefined])[] {
  return [
    ...Object.entries(patch.set).map(([key, value]) => [key, JSON.stringify(value)] as const),
    ...patch.remove.map((key) => [key, undefined] as const),
  ];
}
