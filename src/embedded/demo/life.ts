import { setTimeout as sleep } from 'node:timers/promises';
import { isAbort } from '../../errors.ts';
import type { SshServer } from '../workloads/ssh-server.ts';
import type { Workload } from '../workloads/workload.ts';
import { prepareApp } from './apps.ts';
import { passingTask, PASSING_EVERY_MS } from './cast.ts';
import type { CastTask } from './cast.ts';
import { completeTask, requestEndpoints, startTask } from './clearml.ts';
import type { ClearmlCaller } from './clearml.ts';

/** What demo tasks live in. */
export interface LifeParts {
  /** Who calls the ClearML API as this user. */
  readonly callers: Readonly<Record<'alice' | 'bob', ClearmlCaller>>;
  /** Folder for what applications keep. */
  readonly folder: string;
}

/** A demo task that runs. */
export interface LivingTask {
  readonly id: string;
  readonly cast: CastTask;
  readonly ssh?: SshServer;
  /** Ends its applications; the task itself stays as it is in ClearML. */
  close(): Promise<void>;
}

/** Starts a task with its applications and asks for its endpoints; resolves when the applications listen. */
export async function startLife(
  parts: LifeParts,
  cast: CastTask,
  signal: AbortSignal,
): Promise<LivingTask> {
  const open: Workload[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(open.splice(0).map((workload) => workload.close()));
  };
  try {
    const apps = await Promise.all(
      cast.endpoints.map(async ({ app: kind, ...wanted }) => {
        const { name } = wanted;
        const title = name === '' ? cast.name : `${cast.name} / ${name}`;
        const app = await prepareApp({ kind, title, folder: parts.folder }, signal);
        if (app.ssh !== undefined) open.push(app.ssh);
        return { ...app, ...wanted };
      }),
    );
    const caller = parts.callers[cast.user];
    const id = await startTask(caller, cast, signal);
    await requestEndpoints(caller, id, apps, signal);
    if (cast.warmUpMs > 0) await sleep(cast.warmUpMs, undefined, { signal });
    for (const app of apps) if (app.ssh === undefined) open.push(await app.start());
    const ssh = apps.find((app) => app.ssh !== undefined)?.ssh;
    return { id, cast, close, ...(ssh === undefined ? {} : { ssh }) };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Lets tasks come and go until the signal aborts; resolves when the last one is gone.
 *
 * @throws what went wrong with a task, unless it was the abort.
 */
export async function runPassingTasks(parts: LifeParts, signal: AbortSignal): Promise<void> {
  const failed = new AbortController();
  const both = AbortSignal.any([signal, failed.signal]);
  const lives = new Set<Promise<void>>();
  for (let index = 0; !both.aborted; index += 1) {
    const life: Promise<void> = runPassingTask(parts, index, both)
      .catch((error: unknown) => {
        failed.abort(error);
      })
      .finally(() => lives.delete(life));
    lives.add(life);
    await sleep(PASSING_EVERY_MS, undefined, { signal: both }).catch(() => undefined);
  }
  await Promise.all(lives);
  if (!signal.aborted) throw failed.signal.reason as Error;
}

async function runPassingTask(parts: LifeParts, index: number, signal: AbortSignal): Promise<void> {
  const cast = passingTask(index);
  try {
    const task = await startLife(parts, cast, signal);
    try {
      await sleep(cast.lifeMs, undefined, { signal });
      await completeTask(parts.callers[cast.user], task.id, signal);
    } finally {
      await task.close();
    }
  } catch (error) {
    if (!signal.aborted || !isAbort(error)) throw error;
  }
}
