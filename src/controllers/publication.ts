import { map } from 'rxjs';
import { toOperatorError } from '../errors.ts';
import type { EndpointRequest, RequestContext } from '../domain/endpoint-request.ts';
import {
  isEmptyPatch,
  planWrite,
  publishPatch,
  withdrawPatch,
  type EndpointName,
  type Patch,
  type PublicationStep,
  type PublishedEndpoint,
} from '../domain/plan-publication.ts';
import { replacedUpstreams } from '../domain/marks.ts';
import { ownershipRefusal, type RouterIdentity } from '../domain/plan-task-routes.ts';
import { asksForRoute, type TaskView } from '../domain/task-view.ts';
import { getCondition } from '../resources/conditions.ts';
import type { TaskRoute } from '../resources/kinds.ts';
import type { EventStore, ResourceStore } from '../store/contract.ts';
import type { Informer } from '../store/informer.ts';
import type { Clock, TaskSource, TaskWriter } from './contracts.ts';
import type { ControllerOptions } from './controller.ts';
import { PublicationMemory } from './publication-memory.ts';
import { holds, reportRoute, type Verdict } from './route-status.ts';
import { markOf, requestsOf, taskOf } from './task-routes.ts';
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
  readonly context: Omit<RequestContext, 'replacedUpstreams'>;
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
      const context = { dependencies, memory, signal };
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
  readonly signal: AbortSignal;
}

const NOTHING: Patch = { set: {}, remove: [] };

/** What must change by this view; undefined when it is not ours to say, or not yet known. */
function desiredPatch({ dependencies }: PublicationContext, task: TaskView): Patch | undefined {
  const { router } = dependencies;
  if (task.status === 'missing') return NOTHING;
  if (ownershipRefusal(router, markOf(task)) !== undefined) return undefined;
  const serves = dependencies.serves(task);
  if (serves === 'unknown' && asksForRoute(task)) return undefined;
  const isServed = asksForRoute(task) && serves === true;
  const asked = isServed ? requestsOf(task, dependencies) : [];
  if (asked.length === 0) {
    return withdrawPatch(task, markOf(task) ?? { router: router.name }, !isServed);
  }
  const routes = dependencies.routes.byIndex('task', task.id);
  const refused = routes.filter(isRefused);
  // By the task itself, for a TaskRoute may come a moment later: what it said before must not be lost meanwhile.
  const names = asked.map(({ protocol, name }) => ({ protocol, endpointName: name }));
  const replaced = replacedUpstreams(markOf(task));
  return publishPatch(task, {
    owner: { router: router.name, instance: router.instance },
    withdrawn: router.tcpEnabled ? [] : Object.keys(replaced),
    served: routes.flatMap((route) => publishedEndpoint(route, asked)),
    known: names.filter((name) => !refused.some(({ spec }) => isSameEndpoint(spec, name))),
    asked: names,
  });
}

/** True for what is served nowhere until somebody changes something: the task, or the StaticRoute that it asks for. */
function isRefused({ spec, status }: TaskRoute): boolean {
  return (
    spec.refusal !== undefined ||
    getCondition(status.conditions ?? [], 'Accepted')?.status === 'False'
  );
}

function isSameEndpoint(left: EndpointName, right: EndpointName): boolean {
  return left.protocol === right.protocol && left.endpointName === right.endpointName;
}

/** Where the route is reached; nothing while the proxies do not serve it, or it is behind what the task asks for. */
function publishedEndpoint(
  route: TaskRoute,
  asked: readonly EndpointRequest[],
): readonly PublishedEndpoint[] {
  const { spec, status } = route;
  const { endpointName, protocol, target } = spec;
  const request = asked.find(
    ({ name, protocol: other }) => name === endpointName && other === protocol,
  );
  if (target === undefined || request === undefined) return [];
  if (!holds(route, 'Programmed')) return [];
  if (protocol === 'http') {
    const url = status.endpoint;
    return url === undefined ? [] : [{ protocol, endpointName, url }];
  }
  const { externalAddress: address, externalPort: port } = status;
  if (address === undefined || port === undefined || !isUpToDate(target, request)) return [];
  return [{ protocol, endpointName, address, port, target }];
}

/** Our TCP address replaces what the task wrote: a target that the TaskRoute has not taken over yet would be lost. */
function isUpToDate(
  target: { readonly address: string; readonly port: number },
  request: EndpointRequest,
): boolean {
  if (request.target === undefined) return request.refusal?.reason === 'LoopToOurselves';
  return request.target.address === target.address && request.target.port === target.port;
}

async function write(context: PublicationContext, task: TaskView): Promise<ReconcileResult> {
  const { dependencies, memory, signal } = context;
  const { writer, tasks } = dependencies;
  const stoppedForMs = asksForRoute(task) ? memory.stoppedForMs(task.id) : 0;
  if (stoppedForMs > 0) {
    await reportPublished(context, task, CONTESTED);
    return { againMs: stoppedForMs };
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
  if (step.step === 'waitForQuiet') {
    await reportPublished(context, task, QUIET);
    return { againMs: step.ms };
  }
  const { dependencies, memory, signal } = context;
  if (asksForRoute(task) && !memory.mayWrite(task.id, step.patch)) {
    await reportPublished(context, task, CONTESTED);
    return { againMs: memory.stoppedForMs(task.id) };
  }
  try {
    await EXECUTORS[step.step](dependencies.writer, task.id, step.patch, signal);
  } catch (thrown) {
    const error = toOperatorError(thrown);
    if (error.outcome !== 'blocked') throw thrown;
    await reportPublished(context, task, NOT_WRITABLE);
    return { againMs: NOT_WRITABLE_MS };
  }
  memory.wrote(task.id, step.patch);
  const after = await dependencies.writer.read(task.id, signal);
  dependencies.tasks.refresh(task.id);
  const rest = after === 'missing' ? undefined : desiredPatch(context, after);
  if (after === 'missing' || rest === undefined) return undefined;
  if (!isEmptyPatch(rest)) return { againMs: VERIFY_AGAIN_MS };
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
  const { dependencies, memory } = context;
  memory.settled(task.id);
  const matters = asksForRoute(task) && dependencies.serves(task) !== false;
  if (matters) {
    await reportPublished(context, task, PUBLISHED);
  } else if (dependencies.routes.byIndex('task', task.id).length === 0) {
    memory.forget(task.id);
    dependencies.tasks.forget(task.id);
  }
}

async function reportPublished(
  { dependencies }: PublicationContext,
  task: TaskView,
  verdict: Verdict,
): Promise<void> {
  const asked = requestsOf(task, dependencies);
  for (const route of dependencies.routes.byIndex('task', task.id)) {
    if (publishedEndpoint(route, asked).length === 0) continue;
    // What stands in the task does not stop standing there because more is to be written.
    if (verdict === QUIET && holds(route, 'Published')) continue;
    await reportRoute(dependencies, route, () => ({ verdicts: [verdict] }));
  }
}

const PUBLISHED: Verdict = {
  type: 'Published',
  status: 'True',
  reason: 'Published',
  message: "The address stands in the task's runtime.",
};

const QUIET: Verdict = {
  type: 'Published',
  status: 'Unknown',
  reason: 'WaitingForQuiet',
  message: 'The task is being written to by others; the address follows within seconds.',
};

const CONTESTED: Verdict = {
  type: 'Published',
  status: 'False',
  reason: 'ContestedByAnotherWriter',
  message:
    'Another program keeps writing over the address in the task. Clearway has stopped and tries again in some minutes; look for a second gateway, or a script that writes the runtime.',
};

const NOT_WRITABLE: Verdict = {
  type: 'Published',
  status: 'False',
  reason: 'TaskNotWritable',
  message:
    "ClearML refuses to change the task's runtime: it may be read-only for the router's user, or hold a value that no client can edit. Use credentials of a user who may edit the tasks of the tenant (clearway check).",
};
