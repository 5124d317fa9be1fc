import {
  WorkQueue,
  type Reconcile,
  type WorkQueueOptions,
} from '../../src/controllers/work-queue.ts';
import { OperatorError, type ErrorCode } from '../../src/errors.ts';
import { ManualClock } from './clocks.ts';

/** A queue under test, and what happened in it. */
export interface RunningQueue extends AsyncDisposable {
  readonly queue: WorkQueue;
  readonly clock: ManualClock;
  /** Keys in the order in which work on them began. */
  readonly begun: string[];
  readonly errors: {
    readonly key: string;
    readonly code: ErrorCode;
    readonly retryMs: number | undefined;
  }[];
  readonly done: string[];
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

/** A queue that runs until the end of the test. */
export function aQueue(
  reconcile: Reconcile,
  overrides: Partial<WorkQueueOptions> = {},
): RunningQueue {
  const clock = new ManualClock(1_000_000);
  const begun: string[] = [];
  const errors: RunningQueue['errors'] = [];
  const done: string[] = [];
  const queue = new WorkQueue({
    clock,
    random: () => 1,
    concurrency: 1,
    reconcile: (key, signal) => {
      begun.push(key);
      return reconcile(key, signal);
    },
    onError: (key, { code }, retryMs) => errors.push({ key, code, retryMs }),
    onDone: (outcome) => done.push(outcome),
    ...overrides,
  });
  const stop = new AbortController();
  const ended = queue.run(stop.signal);
  return {
    queue,
    clock,
    begun,
    errors,
    done,
    stop,
    ended,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await ended;
    },
  };
}

/** Lets everything happen that needs no time. */
export async function turns(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** Work that is done at once. */
export const nothing: Reconcile = () => Promise.resolve(undefined);

/** Work that fails each time. */
export function failing(code: ErrorCode, details = {}): Reconcile {
  return () => Promise.reject(new OperatorError(code, details));
}
