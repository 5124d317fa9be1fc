import { ClearmlClient } from '../clearml/client.ts';
import { ClearmlTaskWriter } from '../clearml/task-writer.ts';
import { TaskWatcher } from '../clearml/watcher.ts';
import { ClearmlWorkers } from '../clearml/workers.ts';
import type { Clock } from '../controllers/contracts.ts';
import type { Settings } from '../settings.ts';
import type { ErrorCode } from '../errors.ts';
import { CLEARML_OUTCOMES, type ClearmlOutcome } from '../telemetry/labels.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** Everything that talks to ClearML. */
export interface ClearmlParts {
  readonly client: ClearmlClient;
  readonly watcher: TaskWatcher;
  readonly writer: ClearmlTaskWriter;
  readonly workers: ClearmlWorkers;
}

/** What {@link connectClearml} works with. */
export interface ClearmlOptions {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly random: () => number;
  /** Ids of tasks that have a TaskRoute. */
  readonly held: ReadonlySet<string>;
  readonly metrics: Metrics;
}

// Below 30 s, which is how long a server without its database hangs (protocol 9.1).
const TIMEOUT_MS = 20_000;
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
const WORKERS_CACHE_MS = 15_000;

/** Makes the client and all that speaks through it. */
export function connectClearml(options: ClearmlOptions): ClearmlParts {
  const { settings, clock, random, metrics } = options;
  const { apiHost, accessKey, secretKey, verifyTls, proxy } = settings.clearml;
  const client = new ClearmlClient({
    transport: {
      verifyTls,
      ...(proxy === undefined ? {} : { proxy }),
      timeoutMs: TIMEOUT_MS,
      maxAnswerBytes: MAX_ANSWER_BYTES,
    },
    apiHost,
    accessKey,
    secretKey,
    clock,
    onCall: ({ endpoint, outcome, ms }) => {
      if (outcome === 'aborted') return;
      metrics.clearmlCalled(endpoint, outcomeLabel(outcome), ms / 1000);
    },
  });
  const { takeOver } = settings;
  return {
    client,
    watcher: new TaskWatcher({
      caller: client,
      routers: [settings.router.name, ...(takeOver === undefined ? [] : [takeOver])],
      held: () => options.held,
      queues: settings.queues,
      pollMs: settings.clearml.pollSeconds * 1000,
      fullPassMs: settings.clearml.fullPassSeconds * 1000,
      clock,
      random,
    }),
    writer: new ClearmlTaskWriter({ client }),
    workers: new ClearmlWorkers({ caller: client, clock, cacheMs: WORKERS_CACHE_MS }),
  };
}

/** `CLEARML_THROTTLED` is `throttled`; whatever else a call may end with counts as unavailable. */
function outcomeLabel(outcome: 'ok' | ErrorCode): ClearmlOutcome {
  const word = outcome.replace(/^CLEARML_/, '').toLowerCase();
  return CLEARML_OUTCOMES.find((candidate) => candidate === word) ?? 'unavailable';
}
