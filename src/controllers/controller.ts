import { merge, type Observable } from 'rxjs';
import type { Logger } from 'pino';
import type { Clock } from './contracts.ts';
import { FailureLog } from './failure-log.ts';
import { WorkQueue, type Reconcile } from './work-queue.ts';

/** One controller: what to look at, and when. */
export interface ControllerOptions {
  readonly name: string;
  /** Each emits keys to look at; the event says nothing more. */
  readonly sources: readonly Observable<string>[];
  readonly reconcile: Reconcile;
  readonly concurrency?: number;
}

/** What every controller is run with. */
export interface ControllerRuntime {
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** Resolves when everything that controllers look at is known; keys that come before wait. */
  readonly ready: Promise<unknown>;
  /** Called after every reconcile, with the time it took in ms. */
  readonly onReconcile: (controller: string, outcome: 'ok' | 'error', ms: number) => void;
}

/** A controller that was made and not yet run. */
export interface Controller {
  readonly name: string;
  readonly queue: WorkQueue;
  /** Runs until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** Makes a controller: sources feed keys into a {@link WorkQueue}, which calls `reconcile`. */
export function makeController(options: ControllerOptions, runtime: ControllerRuntime): Controller {
  const logger = runtime.logger.child({ controller: options.name });
  const failures = new FailureLog(logger, runtime.clock);
  const queue = new WorkQueue({
    clock: runtime.clock,
    random: runtime.random,
    concurrency: options.concurrency ?? 1,
    reconcile: options.reconcile,
    onError: (key, error, retryMs) => failures.add(key, error, retryMs),
    onDone: (outcome, ms) => runtime.onReconcile(options.name, outcome, ms),
  });
  return {
    name: options.name,
    queue,
    run: async (signal) => {
      const subscription = merge(...options.sources).subscribe((key) => queue.add(key));
      try {
        await runtime.ready;
        await queue.run(signal);
      } finally {
        subscription.unsubscribe();
      }
    },
  };
}
