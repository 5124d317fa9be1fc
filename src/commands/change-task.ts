import type { ClearmlClient } from '../clearml/client.ts';
import type { TaskWriter } from '../controllers/contracts.ts';
import { pickKnownKeys } from '../domain/runtime-keys.ts';
import type { TaskView } from '../domain/task-view.ts';
import type { TaskChange } from './endpoint-keys.ts';

/** How tasks are read and written. */
export interface TaskTools {
  readonly client: Pick<ClearmlClient, 'call'>;
  readonly writer: Pick<TaskWriter, 'read' | 'replaceRuntime'>;
}

/** How a change of a task ended: with the task as it is now, or why there is none. */
export type ChangeResult =
  | { readonly kind: 'done'; readonly task: TaskView }
  | { readonly kind: 'missing' | 'contested' }
  | { readonly kind: 'refused'; readonly message: string };

/** What to change in a task as it is now, or why nothing is changed; `isFirst` tells the first look from later ones. */
export type Decide = (
  task: TaskView,
  isFirst: boolean,
) => TaskChange | { readonly refusal: string };

const ATTEMPTS = 3;

/**
 * Changes a task: runtime first, then system tags, as the SDK does. `tasks.edit` replaces the whole
 * runtime without any lock (protocol 1.6), so the task is read again afterwards, and what others wrote over is put back.
 */
export async function changeTask(
  tools: TaskTools,
  taskId: string,
  decide: Decide,
  signal: AbortSignal,
): Promise<ChangeResult> {
  let task = await tools.writer.read(taskId, signal);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (task === 'missing') return { kind: 'missing' };
    const change = decide(task, attempt === 0);
    if ('refusal' in change) return { kind: 'refused', message: change.refusal };
    await tools.writer.replaceRuntime(taskId, change, signal);
    if (!isSameSet(task.systemTags, change.systemTags)) {
      await editTags(tools, taskId, change.systemTags, signal);
    }
    task = await tools.writer.read(taskId, signal);
    if (task !== 'missing' && isDone(task, change)) return { kind: 'done', task };
  }
  return { kind: task === 'missing' ? 'missing' : 'contested' };
}

async function editTags(
  { client }: TaskTools,
  task: string,
  systemTags: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const body = { task, force: true, system_tags: systemTags };
  await client.call({ endpoint: 'tasks.edit', body, parse: () => undefined }, signal);
}

function isDone(task: TaskView, change: TaskChange): boolean {
  // A view holds the known keys only: what is not among them cannot be looked at.
  const set = Object.entries(pickKnownKeys(change.set));
  return (
    set.every(([key, value]) => task.runtime[key] === value) &&
    change.remove.every((key) => !Object.hasOwn(task.runtime, key)) &&
    isSameSet(task.systemTags, change.systemTags)
  );
}

function isSameSet(left: readonly string[], right: readonly string[]): boolean {
  return left.every((tag) => right.includes(tag)) && right.every((tag) => left.includes(tag));
}
