import { pickKnownKeys } from '../domain/runtime-keys.ts';
import type { KnownRuntime, TaskView } from '../domain/task-view.ts';
import { asRecord } from './answer.ts';

/** The fields of a task that Clearway asks for in lists. */
export const TASK_FIELDS: readonly string[] = [
  'id',
  'name',
  'status',
  'system_tags',
  'tags',
  'user',
  'company',
  'execution.queue',
  'runtime',
  'last_change',
];

/** Statuses that ClearML documents; `tasks.edit` accepts any other text as well (protocol 9.1). */
export const STATUSES: ReadonlySet<string> = new Set([
  'created',
  'queued',
  'in_progress',
  'stopped',
  'publishing',
  'published',
  'closed',
  'failed',
  'completed',
  'unknown',
]);

const NAME_LENGTH = 512;

/**
 * The view that a task's document gives; undefined when it is cut or malformed, which says nothing about the task.
 *
 * @remarks References are ids in `tasks.get_by_id` and objects in `tasks.get_all_ex` (protocol 9.5).
 */
export function readTaskDocument(document: unknown): TaskView | undefined {
  const task = asRecord(document);
  if (task === undefined || !('runtime' in task)) return undefined;
  const { id, status, name } = task;
  const systemTags = readTags(task['system_tags']);
  if (!isText(id) || !isText(status) || systemTags === undefined) return undefined;
  return {
    id,
    status,
    name: isText(name) ? name.slice(0, NAME_LENGTH) : '',
    systemTags,
    tags: readTags(task['tags']) ?? [],
    runtime: pickKnownKeys(task['runtime']),
    ...readReferences(task),
    ...(isText(task['last_change']) ? { lastChange: task['last_change'] } : {}),
  };
}

/** The document's `last_change` in Unix ms; undefined where it has none that can be read. */
export function stampOf(document: unknown): number | undefined {
  const stamp = asRecord(document)?.['last_change'];
  const ms = typeof stamp === 'string' ? Date.parse(stamp) : NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

/** A time in the form in which the server writes stamps: it ignores a filter that it cannot read (protocol 9.1). */
export function formatStamp(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000+00:00');
}

/** True when nothing that Clearway looks at differs; stamps do not count. */
export function sameTask(left: TaskView, right: TaskView): boolean {
  return (
    left.status === right.status &&
    left.name === right.name &&
    left.user === right.user &&
    left.company === right.company &&
    left.queue === right.queue &&
    sameList(left.systemTags, right.systemTags) &&
    sameList(left.tags, right.tags) &&
    sameRuntime(left.runtime, right.runtime)
  );
}

function readReferences(
  task: Readonly<Record<string, unknown>>,
): Pick<TaskView, 'user' | 'company' | 'queue'> {
  const user = readReference(task['user']);
  const company = readReference(task['company']);
  const queue = readReference(asRecord(task['execution'])?.['queue']);
  return {
    ...(user === undefined ? {} : { user }),
    ...(company === undefined ? {} : { company }),
    ...(queue === undefined ? {} : { queue }),
  };
}

/** The id of a reference, given as text or as `{id}`. */
export function readReference(value: unknown): string | undefined {
  const id = typeof value === 'string' ? value : asRecord(value)?.['id'];
  return isText(id) ? id : undefined;
}

function readTags(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.filter((tag): tag is string => typeof tag === 'string');
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function sameList(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((tag, index) => tag === right[index]);
}

function sameRuntime(left: KnownRuntime, right: KnownRuntime): boolean {
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every((key) => Object.hasOwn(right, key) && sameValue(left[key], right[key]));
}

/** Objects and lists were emptied when they were read: only their kind can differ. */
function sameValue(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true;
  const objects =
    typeof left === 'object' && left !== null && typeof right === 'object' && right !== null;
  return objects && Array.isArray(left) === Array.isArray(right);
}
