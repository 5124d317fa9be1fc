import type { ApiCall, ApiWorld } from './call.ts';
import type { TaskRecord } from './model.ts';
import { ApiRefusal } from './refusal.ts';
import { parseStamp } from './stamps.ts';

/** A task that the caller may read: of the own company, or public. @throws ApiRefusal 400/101. */
export function readableTask(call: ApiCall, id: string): TaskRecord {
  const task = call.state.task(id);
  if (task === undefined || !mayRead(call, task)) {
    throw new ApiRefusal(400, 101, `Invalid task id: ids=(${id})`);
  }
  return task;
}

/** A task that the caller may write. @throws ApiRefusal 400/101, or 403/21 for a public one. */
export function writableTask(call: ApiCall, id: string): TaskRecord {
  const task = call.state.task(id);
  if (task === undefined || !mayRead(call, task)) {
    const { company } = call.identity;
    throw new ApiRefusal(400, 101, `Invalid task id: id=${id}, company=${company}`);
  }
  if (task.doc.company === '') {
    throw new ApiRefusal(403, 21, 'Forbidden (modification not allowed) (public task)');
  }
  return task;
}

/** The listed tasks that the caller may write; others are left out. */
export function writableTasks(call: ApiCall, ids: readonly string[]): readonly TaskRecord[] {
  return ids.flatMap((id) => {
    const task = call.state.task(id);
    return task?.doc.company === call.identity.company ? [task] : [];
  });
}

/** Moves the stamps of a task after a change by the caller, and gives the answer's form of them. */
export function touchTask(
  call: ApiCall,
  task: TaskRecord,
  which: 'both' | 'change',
): Readonly<Record<string, string>> {
  const ms = call.stamper.next();
  call.state.touch(task, ms, which);
  task.doc.last_changed_by = call.identity.user;
  const stamp = call.stamper.long(ms);
  return {
    last_change: stamp,
    last_changed_by: call.identity.user,
    ...(which === 'both' ? { last_update: stamp } : {}),
  };
}

/** Moves both stamps after a sign of life: a ping or an event. */
export function markAlive(world: ApiWorld, task: TaskRecord): void {
  const ms = world.stamper.next();
  world.state.touch(task, ms, 'both');
  const started = parseStamp(task.doc.started ?? '');
  if (started !== undefined && task.doc.status === 'in_progress') {
    task.doc['active_duration'] = Math.floor((ms - started) / 1000);
  }
}

function mayRead(call: ApiCall, task: TaskRecord): boolean {
  return task.doc.company === call.identity.company || task.doc.company === '';
}
