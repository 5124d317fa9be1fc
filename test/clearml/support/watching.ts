import { expect } from 'chai';
import type { ClearmlClient } from '../../../src/clearml/client.ts';
import { TaskWatcher, type TaskWatcherDeps } from '../../../src/clearml/watcher.ts';
import { EXTERNAL_TAG } from '../../../src/domain/task-view.ts';
import type { EmbeddedClearml } from '../../../src/embedded/api/embedded-clearml.ts';
import type { Seed, SeedTask } from '../../../src/embedded/api/seed.ts';
import { realClock } from '../../support/clocks.ts';
import { eventually } from '../../support/eventually.ts';
import { aClient, anApi } from './a-client.ts';

/** What a test has in hand. */
export interface Watched {
  readonly api: EmbeddedClearml;
  readonly client: ClearmlClient;
  readonly watcher: TaskWatcher;
  /** Ids in the order of their events. */
  readonly events: string[];
  readonly held: Set<string>;
}

/** What a test may choose. */
export interface Options {
  readonly seed?: Partial<Seed>;
  readonly deps?: Partial<TaskWatcherDeps>;
  readonly held?: readonly string[];
  readonly before?: (api: EmbeddedClearml) => void;
}

/** Runs a quick watcher on an embedded API for the time of a test. */
export async function watching(
  options: Options,
  test: (watched: Watched) => Promise<void>,
): Promise<void> {
  const api = await anApi(options.seed);
  options.before?.(api);
  const { client } = aClient(api.url);
  const held = new Set(options.held);
  const watcher = new TaskWatcher({
    caller: client,
    routers: ['gw'],
    held: () => held,
    queues: undefined,
    pollMs: 20,
    fullPassMs: 100,
    clock: realClock,
    random: () => 0.5,
    ...options.deps,
  });
  const events: string[] = [];
  watcher.changes.subscribe((id) => events.push(id));
  const controller = new AbortController();
  const run = watcher.run(controller.signal);
  try {
    await test({ api, client, watcher, events, held });
  } finally {
    controller.abort();
    await run;
    await client.close();
    await api.close();
  }
}

/** A running task that asks for an http endpoint. */
export function aTask(task: Partial<SeedTask> = {}): SeedTask {
  return {
    name: 'app',
    status: 'in_progress',
    systemTags: [EXTERNAL_TAG],
    runtime: { _PORT: 8080, _ADDRESS: '10.0.0.1', _ssh_password: 'secret' },
    ...task,
  };
}

/** Waits for the first complete pass. */
export async function synced(watcher: TaskWatcher): Promise<void> {
  await eventually(() => expect(watcher.synced).to.equal(true));
}

/** Waits until the API was asked `count` more times for lists. */
export async function afterLists(api: EmbeddedClearml, count: number): Promise<void> {
  const goal = api.calls('tasks.get_all_ex') + count;
  await eventually(() => expect(api.calls('tasks.get_all_ex')).to.be.at.least(goal));
}
