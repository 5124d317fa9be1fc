import { map } from 'rxjs';
import { toOperatorError } from '../errors.ts';
import { parseEndpointRequests } from '../domain/endpoint-request.ts';
import {
  isEmptyPatch,
  planWrite,
  publishPatch,
  withdrawPatch,
  type Patch,
  type PublicationStep,
  type PublishedEndpoint,
} from '../domain/plan-publication.ts';
import { ownershipRefusal, type RouterIdentity } from '../domain/plan-task-routes.ts';
import { asksForRoute, type TaskView } from '../domain/task-view.ts';
import type { TaskRoute } from '../resources/kinds.ts';
import type { EventStore, ResourceStore } from '../store/contract.ts';
import type { Informer } from '../store/informer.ts';
import type { Clock, TaskSource, TaskWriter } from './contracts.ts';
import type { ControllerOptions } from './controller.ts';
import { PublicationMemory } from './publication-memory.ts';
import { holds, reportRoute, type Verdict } from './route-status.ts';
import { markOf, taskOf } from './task-routes.ts';
import type { ReconcileResult } from './work-queue.ts';

/** What {@link publicationController} works with. */
export interface PublicationDependencies {
  readonly tasks: TaskSource;
  readonly writer: TaskWriter;
  readonly routes: Informer<'TaskRoute'>;
  readonly store: ResourceStore;
  readonly events: EventStore;
  readonly clock: Clock;
  readonly router: RouterIdentity;
  readonly serves: (task: TaskView) => boolean | 'unknown';
}

const VERIFY_AGAIN_MS = 300;
const NOT_WRITABLE_MS = 60_000;

/**
 * Writes the addresses that the proxies serve into ClearML, and takes them back when the task ends: key is a task id.
 *
 * For each task: what must change by the view that we have; if anything, a fresh look, the write in the way
 * that is safe, and another look that nobody wrote over it. Contested three times in a minute, it stops for a while and says so.
 */
export function publicationController(dependencies: PublicationDependencies): ControllerOptions {
  const { tasks, routes } = dependencies;
  const memory = new PublicationMemory(dependencies.clock);
  return {
    name: 'publication',
    concurrency: 8,
    sources: [tasks.changes, routes.changes.pipe(map(({ name }) => taskOf(name)))],
    reconcile: async (taskId, signal) => {
      const task = tasks.get(taskId);
      if (task === undefined) return undefined;
      const context = { dependencies, memory, taskRoutes: routes.byIndex('task', taskId), signal };
      const desired = desiredPatch(context, task);
      if (desired === undefined) return undefined;
      if (!isEmptyPatch(desired)) return write(context, task);
      await settled(context, task);
      return undefined;
    },
  };
}

interface PublicationContext {
  readonly dependencies: PublicationDependencies;
  readonly memory: PublicationMemory;
  readonly taskRoutes: readonly TaskRoute[];
  readonly signal: AbortSignal;
}

/** What must change by this view; undefined when it is not ours to say, or not yet known. */
function desiredPatch(context: PublicationContext, task: TaskView): Patch | undefined {
  const { dependencies, taskRoutes } = context;
  const { router } = dependencies;
  if (ownershipRefusal(router, markOf(task)) !== undefined) return undefined;
  const serves = dependencies.serves(task);
  if (serves === 'unknown') return undefined;
  const asks = asksForRoute(task) && serves && asksAnything(task);
  if (!asks) return withdrawPatch(task, markOf(task) ?? { router: router.name });
  return publishPatch(task, {
    owner: { router: router.name, instance: router.instance },
    served: taskRoutes.flatMap(publishedEndpoint),
    known: taskRoutes.filter(({ spec }) => spec.target !== undefined).map(({ spec }) => spec),
  });
}

function asksAnything(task: TaskView): boolean {
  return parseEndpointRequests(task.runtime, { replacedUpstreams: {} }).length > 0;
}

function publishedEndpoint(route: TaskRoute): readonly PublishedEndpoint[] {
  const { spec, status } = route;
  if (spec.target === undefined || !holds(route, 'Programmed')) return [];
  const { endpointName, target } = spec;
  if (spec.protocol === 'http') {
    const url = status.endpoint;
    return url === undefined ? [] : [{ protocol: 'http', endpointName, url }];
  }
  const { externalAddress: address, externalPort: port } = status;
  return address === undefined || port === undefined
    ? []
    : [{ protocol: 'tcp', endpointName, address, port, target }];
}

async function write(context: PublicationContext, task: TaskView): Promise<ReconcileResult> {
  const { dependencies, memory, signal } = context;
  const { writer, tasks } = dependencies;
  if (memory.isContested(task.id)) {
    await reportPublished(context, CONTESTED);
    return { againMs: memory.contestedForMs(task.id) };
  }
  const fresh = await writer.read(task.id, signal);
  const patch = fresh === 'missing' ? undefined : desiredPatch(context, fresh);
  if (fresh === 'missing' || patch === undefined) {
    tasks.refresh(task.id);
    return undefined;
  }
  const [step] = planWrite(patch, {
    task: fresh,
    hasEditRuntime: writer.hasEditRuntime,
    now: dependencies.clock.now(),
    waitingSince: memory.waitingSince(task.id),
  });
  if (step === undefined) {
    tasks.refresh(task.id);
    await settled(context, fresh);
    return undefined;
  }
  return execute(context, fresh, step);
}

async function execute(
  context: PublicationContext,
  task: TaskView,
  step: PublicationStep,
): Promise<ReconcileResult> {
  if (step.step === 'waitForQuiet') return { againMs: step.ms };
  const { dependencies, memory, signal } = context;
  try {
    await EXECUTORS[step.step](dependencies.writer, task.id, step.patch, signal);
  } catch (thrown) {
    const error = toOperatorError(thrown);
    if (error.outcome !== 'blocked') throw thrown;
    await reportPublished(context, NOT_WRITABLE);
    return { againMs: NOT_WRITABLE_MS };
  }
  memory.wrote(task.id, JSON.stringify(step.patch));
  const after = await dependencies.writer.read(task.id, signal);
  dependencies.tasks.refresh(task.id);
  if (after === 'missing') return undefined;
  const rest = desiredPatch(context, after);
  if (rest !== undefined && !isEmptyPatch(rest)) return { againMs: VERIFY_AGAIN_MS };
  await settled(context, after);
  return undefined;
}

const EXECUTORS: Readonly<
  Record<
    'editRuntime' | 'replaceRuntime',
    (writer: TaskWriter, taskId: string, patch: Patch, signal: AbortSignal) => Promise<void>
  >
> = {
  editRuntime: (writer, taskId, patch, signal) => writer.editRuntime(taskId, patch, signal),
  replaceRuntime: (writer, taskId, patch, signal) => writer.replaceRuntime(taskId, patch, signal),
};

/** Everything stands in ClearML as it should. */
async function settled(context: PublicationContext, task: TaskView): Promise<void> {
  const { dependencies, memory, taskRoutes } = context;
  memory.settled(task.id);
  if (asksForRoute(task)) {
    await reportPublished(context, PUBLISHED);
  } else if (taskRoutes.length === 0) {
    memory.forget(task.id);
    dependencies.tasks.forget(task.id);
  }
}

async function reportPublished(context: PublicationContext, verdict: Verdict): Promise<void> {
  for (const route of context.taskRoutes) {
    if (publishedEndpoint(route).length === 0) continue;
    await reportRoute(context.dependencies, route, () => ({ verdicts: [verdict] }));
  }
}

const PUBLISHED: Verdict = {
  type: 'Published',
  status: 'True',
  reason: 'Published',
  message: "The address stands in the task's runtime.",
};

const CONTESTED: Verdict = {
  type: 'Published',
  status: 'False',
  reason: 'ContestedByAnotherWriter',
  message:
    'Another program keeps writing over the address in the task. Clearway has stopped for a minute; look for a second gateway, or a script that writes the runtime.',
};

const NOT_WRITABLE: Verdict = {
  type: 'Published',
  status: 'False',
  reason: 'TaskNotWritable',
  message:
    "ClearML refuses to change the task's runtime: it may be read-only for the router's user, or hold a value that no client can edit.",
};
