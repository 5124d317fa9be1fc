import { concatMap, from, map } from 'rxjs';
import { hasCode } from '../errors.ts';
import {
  parseEndpointRequests,
  type EndpointRequest,
  type RequestContext,
} from '../domain/endpoint-request.ts';
import { MARK_KEY, parseMark, replacedUpstreams, type Mark } from '../domain/marks.ts';
import {
  planTaskRoutes,
  type RouteIntent,
  type RouterIdentity,
  type TaskRouteStep,
} from '../domain/plan-task-routes.ts';
import { isPlainTaskId } from '../domain/route-name.ts';
import { asksForRoute, type TaskView } from '../domain/task-view.ts';
import { ROUTER_LABEL, type TaskRoute } from '../resources/kinds.ts';
import type { EventStore, ResourceStore } from '../store/contract.ts';
import type { Informer } from '../store/informer.ts';
import { acceptance } from './acceptance.ts';
import type { Clock, TaskSource } from './contracts.ts';
import type { ControllerOptions } from './controller.ts';
import { reportRoute } from './route-status.ts';

/** What {@link taskRouteController} works with. */
export interface TaskRouteDependencies {
  readonly tasks: TaskSource;
  readonly routes: Informer<'TaskRoute'>;
  readonly statics: Informer<'StaticRoute'>;
  readonly store: ResourceStore;
  readonly events: EventStore;
  readonly clock: Clock;
  readonly router: RouterIdentity;
  /** Object name of the router, for the label. */
  readonly routerObject: string;
  /** Whether the task's queue is ours. */
  readonly serves: (task: TaskView) => boolean | 'unknown';
  readonly context: Omit<RequestContext, 'replacedUpstreams'>;
}

/** Makes TaskRoutes of what tasks ask for: key is a task id. */
export function taskRouteController(dependencies: TaskRouteDependencies): ControllerOptions {
  const { tasks, routes, statics } = dependencies;
  return {
    name: 'task-routes',
    sources: [
      tasks.changes,
      routes.changes.pipe(map(({ name }) => taskOf(name))),
      statics.changes.pipe(
        concatMap(({ name }) =>
          from(routes.byIndex('staticRoute', name).map(({ spec }) => spec.task.id)),
        ),
      ),
    ],
    reconcile: async (taskId) => {
      const steps = planTaskRoutes(gather(dependencies, taskId));
      for (const step of steps) await apply(dependencies, step);
      // A crash between a write of spec and its condition leaves the condition behind.
      for (const route of routes.byIndex('task', taskId)) await accept(dependencies, route);
      return undefined;
    },
  };
}

/** The id of the task that a TaskRoute's name begins with. */
export function taskOf(routeName: string): string {
  return /^[^.-]+/.exec(routeName)?.[0] ?? routeName;
}

/** The mark on a task, where it has a readable one. */
export function markOf(task: TaskView): Mark | undefined {
  return parseMark(task.runtime[MARK_KEY]);
}

function gather(
  dependencies: TaskRouteDependencies,
  taskId: string,
): Parameters<typeof planTaskRoutes>[0] {
  const { tasks, routes, router, serves } = dependencies;
  const task = isPlainTaskId(taskId) ? tasks.get(taskId) : undefined;
  const observed = routes.byIndex('task', taskId).map(intentOf);
  if (task === undefined) {
    return { router, task, serves: 'unknown', mark: undefined, requests: [], observed };
  }
  const mark = markOf(task);
  const requests = asksForRoute(task) ? requestsOf(task, dependencies) : [];
  return { router, task, serves: serves(task), mark, requests, observed };
}

/** What the task asks for by this view. */
export function requestsOf(
  task: TaskView,
  { router, context }: Pick<TaskRouteDependencies, 'router' | 'context'>,
): readonly EndpointRequest[] {
  const mark = markOf(task);
  const ours = mark?.router === router.name || mark?.router === router.takeOver;
  const replaced = replacedUpstreams(ours ? mark : undefined);
  return parseEndpointRequests(task.runtime, { ...context, replacedUpstreams: replaced });
}

function intentOf(route: TaskRoute): RouteIntent {
  return { name: route.metadata.name, spec: route.spec };
}

async function apply(dependencies: TaskRouteDependencies, step: TaskRouteStep): Promise<void> {
  switch (step.step) {
    case 'createRoute':
      await create(dependencies, step.route);
      return;
    case 'updateRoute':
      await update(dependencies, step.route);
      return;
    case 'deleteRoute':
      await remove(dependencies, step.name, step.reason);
      return;
  }
}

async function create(dependencies: TaskRouteDependencies, route: RouteIntent): Promise<void> {
  try {
    const created = await dependencies.store.create<'TaskRoute'>({
      kind: 'TaskRoute',
      metadata: { name: route.name, labels: { [ROUTER_LABEL]: dependencies.routerObject } },
      spec: route.spec,
    });
    await accept(dependencies, created);
  } catch (error) {
    // The informer was behind: the object is there, and its arrival brings us here again.
    if (!hasCode(error, 'RESOURCE_EXISTS')) throw error;
  }
}

async function update(dependencies: TaskRouteDependencies, route: RouteIntent): Promise<void> {
  const observed = await dependencies.store.get('TaskRoute', route.name);
  if (observed === undefined) return;
  const updated = await dependencies.store.update<'TaskRoute'>({ ...observed, spec: route.spec });
  await accept(dependencies, updated);
}

async function remove(
  dependencies: TaskRouteDependencies,
  name: string,
  reason: string,
): Promise<void> {
  try {
    await dependencies.store.delete('TaskRoute', name);
  } catch (error) {
    if (!hasCode(error, 'RESOURCE_NOT_FOUND')) throw error;
    return;
  }
  const message = WITHDRAWN[reason] ?? 'The route was withdrawn.';
  await dependencies.events.record({ kind: 'TaskRoute', name, type: 'Normal', reason, message });
}

const WITHDRAWN: Readonly<Record<string, string>> = {
  TaskEnded: 'The task no longer runs, or no longer asks for an external address.',
  EndpointWithdrawn: 'The task removed this endpoint from its runtime.',
  QueueNotServed: 'The queue of the task is not one of LISTEN_QUEUE_NAME.',
};

async function accept(dependencies: TaskRouteDependencies, route: TaskRoute): Promise<void> {
  const { statics } = dependencies;
  await reportRoute(dependencies, route, (current) => ({
    verdicts: [acceptance(current, statics)],
  }));
}
