import type { Condition } from './generated.ts';
import { clip, toSeconds } from './text.ts';

/** What a controller says of one aspect of a resource. */
export interface ConditionChange {
  readonly type: string;
  readonly status: Condition['status'];
  /** A word of the list in reasons.ts. */
  readonly reason: string;
  readonly message: string;
}

/** When, and of which spec, something is said. */
export interface ConditionContext {
  /** RFC 3339. */
  readonly now: string;
  /** `metadata.generation` of the resource that was looked at. */
  readonly generation?: number;
}

/**
 * The conditions after one change; the same array when nothing changed.
 *
 * @remarks The transition time moves only when `status` does. A new type goes to the end. Messages are cut to 1,024
 * characters.
 */
export function setCondition(
  conditions: readonly Condition[],
  change: ConditionChange,
  context: ConditionContext,
): readonly Condition[] {
  const observed = getCondition(conditions, change.type);
  const desired = toCondition(observed, change, context);
  if (observed === undefined) return [...conditions, desired];
  if (isSame(observed, desired)) return conditions;
  return conditions.map((condition) => (condition === observed ? desired : condition));
}

/** The condition of this type. */
export function getCondition(
  conditions: readonly Condition[],
  type: string,
): Condition | undefined {
  return conditions.find((condition) => condition.type === type);
}

/** True when the condition of this type is there and True. */
export function isTrue(conditions: readonly Condition[], type: string): boolean {
  return getCondition(conditions, type)?.status === 'True';
}

function toCondition(
  observed: Condition | undefined,
  change: ConditionChange,
  context: ConditionContext,
): Condition {
  const { type, status, reason, message } = change;
  const { generation } = context;
  return {
    type,
    status,
    reason,
    message: clip(message),
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    lastTransitionTime:
      observed?.status === status ? observed.lastTransitionTime : toSeconds(context.now),
  };
}

function isSame(left: Condition, right: Condition): boolean {
  return (
    left.status === right.status &&
    left.reason === right.reason &&
    left.message === right.message &&
    left.observedGeneration === right.observedGeneration &&
    left.lastTransitionTime === right.lastTransitionTime
  );
}
