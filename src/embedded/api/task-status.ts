import type { ApiCall } from './call.ts';
import { flag } from './fields.ts';
import type { Dict } from './json.ts';
import type { TaskRecord } from './model.ts';
import { ApiRefusal } from './refusal.ts';
import { touchTask } from './task-access.ts';

/** Statuses that a task may go to without force, by the one it is in. */
const MOVES: Readonly<Record<string, readonly string[]>> = {
  created: ['queued', 'in_progress', 'stopped', 'failed', 'completed'],
  queued: ['created', 'in_progress', 'stopped', 'failed'],
  in_progress: ['stopped', 'failed', 'created', 'completed', 'queued'],
  stopped: ['closed', 'created', 'failed', 'queued', 'in_progress', 'published', 'completed'],
  closed: ['created', 'failed', 'published', 'stopped'],
  failed: ['created', 'stopped', 'queued', 'published', 'in_progress'],
  publishing: ['published'],
  published: [],
  completed: ['published', 'in_progress', 'created', 'queued', 'stopped'],
};

/** Why a status changes; `force` goes past the allowed moves. */
export interface StatusReason {
  readonly reason: string;
  readonly message: string;
  readonly force?: boolean;
}

/**
 * Changes the status of a task and gives the answer's `fields`. Staying in a status is allowed.
 *
 * @throws ApiRefusal 400/110 when the move needs force.
 */
export function changeStatus(
  call: ApiCall,
  task: TaskRecord,
  status: string,
  why: StatusReason,
): Dict {
  const { doc } = task;
  const forced = why.force === true || flag(call.body, 'force');
  if (doc.status !== status && !forced && !(MOVES[doc.status] ?? []).includes(status)) {
    throw new ApiRefusal(
      400,
      110,
      `Invalid task status (Invalid status change): current_status=${doc.status}, new_status=${status}`,
    );
  }
  doc.status = status;
  doc['status_reason'] = why.reason;
  doc['status_message'] = why.message;
  const stamps = touchTask(call, task, 'both');
  doc['status_changed'] = doc.last_change;
  return {
    status,
    status_reason: why.reason,
    status_message: why.message,
    status_changed: stamps['last_change'],
    ...stamps,
  };
}
