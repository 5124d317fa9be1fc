import { hasCode } from '../errors.ts';
import { getCondition, isTrue, setCondition } from '../resources/conditions.ts';
import type { Condition, TaskRouteStatus } from '../resources/generated.ts';
import type { TaskRoute } from '../resources/kinds.ts';
import type { EventStore, ResourceStore } from '../store/contract.ts';
import type { Clock } from './contracts.ts';

/** A condition as a controller states it; times and generation are added. */
export interface Verdict {
  readonly type: string;
  readonly status: Condition['status'];
  readonly reason: string;
  readonly message: string;
}

/** What a controller says of a TaskRoute. */
export interface RouteReport {
  readonly verdicts: readonly Verdict[];
  /** Fields of status that it owns; undefined removes one. */
  readonly fields?: { readonly [K in keyof TaskRouteStatus]?: TaskRouteStatus[K] | undefined };
}

/** What {@link reportRoute} needs. */
export interface ReportDependencies {
  readonly store: ResourceStore;
  readonly events: EventStore;
  readonly clock: Clock;
}

const ATTEMPTS = 5;

/**
 * Writes what a controller found into a TaskRoute's status, recomputes Ready, and records an event for each condition
 * that turned.
 *
 * @remarks `decide` sees the version that is known, then the newest one, and again after a conflict, so controllers that
 * write at the same time never undo each other. When nothing changes for the known version nothing is read or written: a
 * newer one brings the controller here again.
 */
export async function reportRoute(
  dependencies: ReportDependencies,
  known: TaskRoute,
  decide: (route: TaskRoute) => RouteReport | undefined,
): Promise<void> {
  const { store, clock } = dependencies;
  if (nextStatus(known, decide(known), clock) === known.status) return;
  for (let attempt = 1; ; attempt += 1) {
    const route = await store.get('TaskRoute', known.metadata.name);
    if (route === undefined) return;
    const status = nextStatus(route, decide(route), clock);
    if (status === route.status) return;
    try {
      const written = await store.updateStatus<'TaskRoute'>({ ...route, status });
      await recordTurns(dependencies.events, route, written);
      return;
    } catch (error) {
      if (hasCode(error, 'RESOURCE_NOT_FOUND')) return;
      if (!hasCode(error, 'RESOURCE_CONFLICT') || attempt === ATTEMPTS) throw error;
    }
  }
}

/** True when this condition is True. */
export function holds(route: TaskRoute, type: string): boolean {
  return isTrue(route.status.conditions ?? [], type);
}

/** The status after a report; the same object when the report changes nothing. */
function nextStatus(
  route: TaskRoute,
  report: RouteReport | undefined,
  clock: Clock,
): TaskRouteStatus {
  const { status, metadata } = route;
  if (report === undefined) return status;
  const at = { now: new Date(clock.now()).toISOString(), generation: metadata.generation };
  const former = status.conditions ?? [];
  const stated = report.verdicts.reduce<readonly Condition[]>(
    (conditions, verdict) => setCondition(conditions, verdict, at),
    former,
  );
  const conditions = setCondition(stated, readiness(stated), at);
  const fields = Object.entries(report.fields ?? {});
  const isSame =
    conditions === former &&
    status.observedGeneration === metadata.generation &&
    fields.every(([key, value]) => sameValue(status[key as keyof TaskRouteStatus], value));
  if (isSame) return status;
  const merged = Object.entries({ ...status, ...report.fields });
  const present = Object.fromEntries(merged.filter(([, value]) => value !== undefined));
  return { ...present, conditions, observedGeneration: metadata.generation };
}

function sameValue(left: unknown, right: unknown): boolean {
  return left === right || JSON.stringify(left) === JSON.stringify(right);
}

/** Ready is Accepted, Programmed and Published; its reason is that of the first that is not. */
function readiness(conditions: readonly Condition[]): Verdict {
  for (const type of ['Accepted', 'Programmed', 'Published']) {
    const condition = getCondition(conditions, type);
    if (condition?.status === 'True') continue;
    return {
      type: 'Ready',
      status: 'False',
      reason: condition?.reason ?? 'Pending',
      message: condition?.message ?? `${type} is not known yet.`,
    };
  }
  return { type: 'Ready', status: 'True', reason: 'Ready', message: 'The address is published.' };
}

async function recordTurns(events: EventStore, before: TaskRoute, after: TaskRoute): Promise<void> {
  for (const condition of after.status.conditions ?? []) {
    const former = getCondition(before.status.conditions ?? [], condition.type);
    const turned = former?.status !== condition.status || former.reason !== condition.reason;
    if (!turned || condition.status === 'Unknown' || condition.type === 'Ready') continue;
    await events.record({
      kind: 'TaskRoute',
      name: after.metadata.name,
      type: condition.status === 'True' ? 'Normal' : 'Warning',
      reason: condition.reason,
      message: condition.message,
    });
  }
}
