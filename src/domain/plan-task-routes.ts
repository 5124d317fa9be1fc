import type { EndpointRequest } from './endpoint-request.ts';
import type { Mark } from './marks.ts';
import { conflictRouteName, taskRouteName } from './route-name.ts';
import { asksForRoute, type TaskView } from './task-view.ts';

/** What a TaskRoute's spec says, as far as the task decides it. */
export interface RouteIntent {
  readonly name: string;
  readonly spec: {
    readonly router: string;
    readonly task: TaskIdentity;
    readonly protocol: 'http' | 'tcp';
    readonly endpointName: string;
    readonly target?: { readonly address: string; readonly port: number };
    readonly refusal?: { readonly reason: string; readonly message: string };
    readonly staticRoute?: string;
    readonly pathMode?: 'strip' | 'keep';
  };
}

/** Whose task it is: copied into the TaskRoute for those who look at it. */
export interface TaskIdentity {
  readonly id: string;
  readonly name: string;
  readonly user?: string;
  readonly company?: string;
  readonly queue?: string;
}

/** The router that decides. */
export interface RouterIdentity {
  readonly name: string;
  readonly instance: string;
  /** Instances that this state folder used before its settings changed. */
  readonly formerInstances: readonly string[];
  /** Name of a retired router whose tasks are adopted. */
  readonly takeOver?: string;
  readonly tcpEnabled: boolean;
}

/** Everything that {@link planTaskRoutes} looks at. */
export interface TaskRouteFacts {
  readonly router: RouterIdentity;
  /** Undefined while ClearML said nothing of the task: silence is not absence. */
  readonly task: TaskView | undefined;
  /** Whether the task's queue is ours. */
  readonly serves: boolean | 'unknown';
  readonly mark: Mark | undefined;
  readonly requests: readonly EndpointRequest[];
  /** The TaskRoutes of the task that exist. */
  readonly observed: readonly RouteIntent[];
}

/** One change of the set of TaskRoutes. */
export type TaskRouteStep =
  | { readonly step: 'createRoute'; readonly route: RouteIntent }
  | { readonly step: 'updateRoute'; readonly route: RouteIntent }
  | { readonly step: 'deleteRoute'; readonly name: string; readonly reason: string };

const KEEP_PREFIX_TAG = 'clearway.keep-prefix';
const TASK_NAME_LENGTH = 256;

/**
 * The steps from the TaskRoutes that exist to those that the task asks for.
 *
 * | task | steps |
 * | --- | --- |
 * | nothing heard, or queue not resolved | none |
 * | runs, tagged, queue ours | create, update, and delete for keys that are gone |
 * | ended, missing, tag gone, queue not ours | delete all |
 * | marked by another router | each route stays or comes with a refusal |
 */
export function planTaskRoutes(facts: TaskRouteFacts): readonly TaskRouteStep[] {
  const { task, serves, observed } = facts;
  if (task === undefined) return [];
  if (!asksForRoute(task)) return deleteAll(observed, 'TaskEnded');
  if (serves === 'unknown') return [];
  if (!serves) return deleteAll(observed, 'QueueNotServed');
  return diffRoutes(observed, desiredRoutes(facts, task));
}

/** Why this router must not serve a task that carries this mark; undefined when it may. */
export function ownershipRefusal(
  router: RouterIdentity,
  mark: Mark | undefined,
): { readonly reason: string; readonly message: string } | undefined {
  if (mark === undefined || mark.router === router.takeOver) return undefined;
  if (mark.router !== router.name) {
    return {
      reason: 'OwnedByAnotherRouter',
      message: `The task is served by router "${printable(mark.router)}". If that router is retired, start this one with CLEARWAY_TAKE_OVER, or run: clearway release --router NAME.`,
    };
  }
  if (mark.instance === router.instance || router.formerInstances.includes(mark.instance)) {
    return undefined;
  }
  return {
    reason: 'DuplicateRouterName',
    message:
      'Another installation serves this task under the same ROUTER_NAME with other settings. Give each router its own name; if the other one is gone, start this one with CLEARWAY_TAKE_OVER set to the name.',
  };
}

function desiredRoutes(facts: TaskRouteFacts, task: TaskView): readonly RouteIntent[] {
  const byName = new Map<string, RouteIntent>();
  const ownership = ownershipRefusal(facts.router, facts.mark);
  for (const request of facts.requests) {
    const route = withoutConflict(desiredRoute(facts, task, request), byName);
    if (byName.has(route.name)) continue;
    byName.set(route.name, ownership === undefined ? route : refused(route, ownership));
  }
  return [...byName.values()];
}

/** The route itself, or a refused one beside the one that has its name. */
function withoutConflict(
  route: RouteIntent,
  others: ReadonlyMap<string, RouteIntent>,
): RouteIntent {
  const other = others.get(route.name);
  // One name twice: names that are too long are cut, and refused for that.
  if (other === undefined || other.spec.endpointName === route.spec.endpointName) return route;
  const { task, protocol, endpointName } = route.spec;
  const [name, first] = [endpointName, other.spec.endpointName].map(printable);
  const message = `The endpoint "${name}" leads to the same address as the endpoint "${first}" of the task, which has it. Give one of them another name.`;
  const named = { ...route, name: conflictRouteName({ task: task.id, protocol, endpointName }) };
  return refused(named, { reason: 'NameConflict', message });
}

function desiredRoute(
  facts: TaskRouteFacts,
  task: TaskView,
  request: EndpointRequest,
): RouteIntent {
  const { protocol, name: endpointName } = request;
  const name = taskRouteName({ task: task.id, protocol, endpointName });
  const base = {
    router: facts.router.name,
    task: identityOf(task),
    protocol,
    endpointName,
    ...(protocol === 'http' ? { pathMode: pathMode(task.tags, endpointName) } : {}),
  };
  const { staticRoute } = request;
  const spec = { ...base, ...(staticRoute === undefined ? {} : { staticRoute }) };
  const route = { name, spec: { ...spec, ...outcome(facts, request, name) } };
  return protocol === 'tcp' && !facts.router.tcpEnabled ? refused(route, TCP_DISABLED) : route;
}

const TCP_DISABLED = {
  reason: 'TcpDisabled',
  message:
    'This router serves no TCP. The administrator must set TCP_ROUTER_ADDRESS, TCP_PORT_START and TCP_PORT_END.',
};

/** Target or refusal; our own address written back keeps the target that the route had. */
function outcome(
  facts: TaskRouteFacts,
  request: EndpointRequest,
  name: string,
): Pick<RouteIntent['spec'], 'target' | 'refusal'> {
  if (request.target !== undefined) return { target: request.target };
  const former = facts.observed.find((route) => route.name === name)?.spec.target;
  if (request.refusal?.reason === 'LoopToOurselves' && former !== undefined) {
    return { target: former };
  }
  return request.refusal === undefined ? {} : { refusal: request.refusal };
}

function refused(
  route: RouteIntent,
  refusal: { readonly reason: string; readonly message: string },
): RouteIntent {
  const { router, task, protocol, endpointName, pathMode: mode } = route.spec;
  const kept = { router, task, protocol, endpointName, refusal };
  return { name: route.name, spec: mode === undefined ? kept : { ...kept, pathMode: mode } };
}

function identityOf(task: TaskView): TaskIdentity {
  return {
    id: task.id,
    name: task.name.slice(0, TASK_NAME_LENGTH),
    ...(task.user === undefined ? {} : { user: task.user }),
    ...(task.company === undefined ? {} : { company: task.company }),
    ...(task.queue === undefined ? {} : { queue: task.queue }),
  };
}

function pathMode(tags: readonly string[], endpointName: string): 'strip' | 'keep' {
  const keep =
    tags.includes(KEEP_PREFIX_TAG) ||
    (endpointName !== '' && tags.includes(`${KEEP_PREFIX_TAG}:${endpointName}`));
  return keep ? 'keep' : 'strip';
}

function diffRoutes(
  observed: readonly RouteIntent[],
  desired: readonly RouteIntent[],
): readonly TaskRouteStep[] {
  const observedByName = new Map(observed.map((route) => [route.name, route]));
  const desiredNames = new Set(desired.map((route) => route.name));
  const gone = observed.filter((route) => !desiredNames.has(route.name));
  return [
    ...deleteAll(gone, 'EndpointWithdrawn'),
    ...desired.flatMap((route) => stepFor(observedByName.get(route.name), route)),
  ];
}

function stepFor(observed: RouteIntent | undefined, route: RouteIntent): readonly TaskRouteStep[] {
  if (observed === undefined) return [{ step: 'createRoute', route }];
  return sameSpec(observed.spec, route.spec) ? [] : [{ step: 'updateRoute', route }];
}

function deleteAll(routes: readonly RouteIntent[], reason: string): readonly TaskRouteStep[] {
  return routes.map((route) => ({ step: 'deleteRoute', name: route.name, reason }));
}

/** Plain data compared by value, whatever the order of keys. */
function sameSpec(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (!isRecord(left) || !isRecord(right)) return false;
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...keys].every((key) => sameSpec(left[key], right[key]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** A name that somebody else wrote, fit for a message. */
function printable(text: string): string {
  return text.slice(0, 64).replace(/[^\x20-\x7e]/g, '?');
}
