import { expect } from 'chai';
import { EXTERNAL_TAG } from '../../src/domain/task-view.ts';
import type { EmbeddedClearml } from '../../src/embedded/api/embedded-clearml.ts';
import type { Seed, SeedTask } from '../../src/embedded/api/seed.ts';
import { KEYS, anApi } from '../clearml/support/a-client.ts';
import {
  TCP,
  startRouter,
  type ControlledRouter,
  type ControlledRouterOptions,
} from './controlled-router.ts';
import { eventually } from './eventually.ts';
import { tempFolder } from './temp-folder.ts';

/** An embedded ClearML API, and routers on it. */
export interface ControlledWorld {
  readonly api: EmbeddedClearml;
  /** Starts a router; without a folder on a fresh one. It ends with the world, or when it is disposed. */
  readonly start: (options?: Partial<ControlledRouterOptions>) => Promise<ControlledRouter>;
  /** A new empty folder. */
  readonly folder: () => Promise<string>;
  /** Has something done when the story is over. */
  readonly atEnd: (work: () => void) => void;
}

/** Runs a story in a world of its own. */
export async function inWorld(
  story: (world: ControlledWorld) => Promise<void>,
  seed: Partial<Seed> = {},
): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const api = await anApi(seed);
  stack.defer(() => api.close());
  const folder = async (): Promise<string> => stack.use(await tempFolder()).path;
  await story({
    api,
    folder,
    atEnd: (work) => stack.defer(work),
    start: async (options = {}) => {
      const state = options.state ?? (await folder());
      const router = await startRouter({ apiHost: api.url, keys: KEYS, ...options, state });
      let isEnded = false;
      const end = async (): Promise<void> => {
        if (isEnded) return;
        isEnded = true;
        await router[Symbol.asyncDispose]();
      };
      stack.defer(end);
      return { ...router, [Symbol.asyncDispose]: end };
    },
  });
}

/** A running task that asks for a default http endpoint. */
export function anHttpTask(task: Partial<SeedTask> = {}): SeedTask {
  return {
    name: 'app',
    status: 'in_progress',
    systemTags: [EXTERNAL_TAG],
    runtime: { _SERVICE: 'EXTERNAL', _PORT: 8080, _ADDRESS: '192.0.2.7', kept: 'x' },
    ...task,
  };
}

/** A running task that asks for a tcp endpoint. */
export function aTcpTask(address = '192.0.2.9'): SeedTask {
  const runtime = { external_address: address, external_tcp_port: 10_022, _ssh_password: 's' };
  return anHttpTask({ runtime });
}

/** Waits until the task shows its URL; gives it. */
export async function published(
  api: EmbeddedClearml,
  id: string,
  router = 'https://gw.example',
): Promise<string> {
  const url = `${router}/service/${id}/`;
  await eventually(() => expect(api.tasks.runtime(id)).to.include({ endpoint: url }));
  return url;
}

/** Waits until the task shows a port of ours; gives it. */
export async function leased(api: EmbeddedClearml, id: string): Promise<number> {
  return eventually(() => {
    const { external_address: address, external_tcp_port: port } = api.tasks.runtime(id);
    expect(address).to.equal(TCP.address);
    return port as number;
  });
}

/** Waits until a condition of a TaskRoute is `status reason`. */
export async function condition(
  router: ControlledRouter,
  route: string,
  [type, desired]: readonly [type: string, desired: string],
): Promise<void> {
  await eventually(async () => expect(await router.condition(route, type)).to.equal(desired));
}

/** Edits of tasks so far. */
export function edits(api: EmbeddedClearml): number {
  return api.calls('tasks.edit') + api.calls('tasks.edit_runtime');
}

/** Waits until ClearML was asked for this many more lists of tasks. */
export async function lists(api: EmbeddedClearml, count: number): Promise<void> {
  const goal = api.calls('tasks.get_all_ex') + count;
  await eventually(() => expect(api.calls('tasks.get_all_ex')).to.be.at.least(goal));
}
