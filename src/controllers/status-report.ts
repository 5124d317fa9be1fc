import { hasCode } from '../errors.ts';
import { getCondition, setCondition } from '../resources/conditions.ts';
import type { Condition } from '../resources/generated.ts';
import type { ResourceByKind } from '../resources/kinds.ts';
import { reasonText } from '../resources/reasons.ts';
import type { EventStore, ResourceStore } from '../store/contract.ts';
import type { Clock } from './contracts.ts';

/** A condition as a controller states it; times and generation are added. */
export interface Verdict {
  readonly type: string;
  readonly status: Condition['status'];
  readonly reason: string;
  readonly message: string;
}

/** Kinds with a condition Ready that sums up others. */
export type ReportedKind = 'TaskRoute' | 'StaticRoute' | 'Router';

/** What a controller says of a resource. */
export interface Report<S> {
  readonly verdicts: readonly Verdict[];
  /** Fields of status that it owns; undefined removes one. */
  readonly fields?: { readonly [Field in keyof S]?: S[Field] | undefined };
}

/** What a report needs. */
export interface ReportDependencies {
  readonly store: ResourceStore;
  readonly events: EventStore;
  readonly clock: Clock;
}

/** How a kind is reported of. */
export interface ReportRules<K extends ReportedKind> {
  readonly kind: K;
  /** Ready is these together; its reason is that of the first that does not hold. */
  readonly readyTypes: readonly string[];
  readonly readyMessage: string;
}

const ATTEMPTS = 5;

/**
 * Writes what a controller found into a resource's status, recomputes Ready, and records an event for each condition
 * that turned.
 *
 * @remarks `decide` sees the version that is known, then the newest one, and again after a conflict, so controllers that
 * write at the same time never undo each other. When nothing changes for the known version nothing is read or written: a
 * newer one brings the controller here again.
 */
export async function reportStatus<K extends ReportedKind>(
  rules: ReportRules<K>,
  dependencies: ReportDependencies,
  known: ResourceByKind[K],
  decide: (resource: ResourceByKind[K]) => Report<ResourceByKind[K]['status']> | undefined,
): Promise<void> {
  const { store, clock } = dependencies;
  const next = (resource: ResourceByKind[K]): ResourceByKind[K]['status'] =>
    nextStatus(rules, resource, decide(resource), clock);
  if (next(known) === known.status) return;
  for (let attempt = 1; ; attempt += 1) {
    const resource = await store.get(rules.kind, known.metadata.name);
    if (resource === undefined) return;
    const status = next(resource);
    if (status === resource.status) return;
    try {
      const written = await store.updateStatus<K>({ ...resource, status });
      await recordTurns(dependencies.events, resource, written);
      return;
    } catch (error) {
      if (hasCode(error, 'RESOURCE_NOT_FOUND')) return;
      if (!hasCode(error, 'RESOURCE_CONFLICT') || attempt === ATTEMPTS) throw error;
    }
  }
}

/** The status after a report; the same object when the report changes nothing. */
function nextStatus<K extends ReportedKind>(
  rules: ReportRules<K>,
  { status, metadata }: ResourceByKind[K],
  report: Report<ResourceByKind[K]['status']> | undefined,
  clock: Clock,
): ResourceByKind[K]['status'] {
  if (report === undefined) return status;
  const at = { now: new Date(clock.now()).toISOString(), generation: metadata.generation };
  const former = status.conditions ?? [];
  const stated = report.verdicts.reduce<readonly Condition[]>(
    (conditions, verdict) => setCondition(conditions, verdict, at),
    former,
  );
  const conditions = setCondition(stated, readiness(rules, stated), at);
  const fields = Object.entries(report.fields ?? {});
  const isSame =
    conditions === former &&
    status.observedGeneration === metadata.generation &&
    fields.every(([key, value]) => sameValue(status[key as keyof typeof status], value));
  if (isSame) return status;
  const merged = Object.entries({ ...status, ...report.fields });
  const present = Object.fromEntries(merged.filter(([, value]) => value !== undefined));
  return { ...present, conditions, observedGeneration: metadata.generation };
}

function sameValue(left: unknown, right: unknown): boolean {
  return left === right || JSON.stringify(left) === JSON.stringify(right);
}

function readiness(
  { readyTypes, readyMessage }: ReportRules<ReportedKind>,
  conditions: readonly Condition[],
): Verdict {
  for (const type of readyTypes) {
    const condition = getCondition(conditions, type);
    if (condition?.status === 'True') continue;
    return {
      type: 'Ready',
      status: 'False',
      reason: condition?.reason ?? 'Pending',
      message: condition?.message ?? `${type} is not known yet.`,
    };
  }
  return { type: 'Ready', status: 'True', reason: 'Ready', message: readyMessage };
}

async function recordTurns(
  events: EventStore,
  before: ResourceByKind[ReportedKind],
  after: ResourceByKind[ReportedKind],
): Promise<void> {
  for (const condition of after.status.conditions ?? []) {
    const former = getCondition(before.status.conditions ?? [], condition.type);
    const turned = former?.status !== condition.status || former.reason !== condition.reason;
    if (!turned || condition.status === 'Unknown' || condition.type === 'Ready') continue;
    await events.record({
      kind: after.kind,
      name: after.metadata.name,
      type: eventType(condition),
      reason: condition.reason,
      message: condition.message,
    });
  }
}

function eventType({ status, reason }: Condition): 'Normal' | 'Warning' {
  return status === 'True' || reasonText(reason)?.isUsual === true ? 'Normal' : 'Warning';
}
