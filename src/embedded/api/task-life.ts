import type { ApiCall, EndpointTable, Handler } from './call.ts';
import { flag, optionalText, requiredText } from './fields.ts';
import type { Dict } from './json.ts';
import { queueForEnqueue, leaveQueues } from './queue-calls.ts';
import { ApiRefusal } from './refusal.ts';
import { changeStatus } from './task-status.ts';
import { touchTask, writableTask } from './task-access.ts';
import { runsOnWorker } from './worker-calls.ts';

/** Calls that move a task through its life (protocol 9.6). */
export const TASK_LIFE_CALLS: EndpointTable = {
  'tasks.started': { handler: started },
  'tasks.stop': { handler: stop },
  'tasks.stopped': { handler: ended('stopped', 'completed', {}) },
  'tasks.failed': { handler: ended('failed', 'completed', {}) },
  'tasks.completed': { handler: ended('completed', 'completed', { published: 0 }) },
  'tasks.publish': { handler: publish },
  'tasks.reset': { handler: reset },
  'tasks.delete': { handler: deleteTask },
  'tasks.enqueue': { handler: enqueue },
  'tasks.dequeue': { handler: dequeue },
};

function started(call: ApiCall): Dict {
  const id = requiredText(call.body, 'task');
  const known = call.state.task(id);
  if (known === undefined) throw new ApiRefusal(400, 10, 'Invalid object id: task=None');
  const task = writableTask(call, id);
  const fresh = task.doc.status !== 'in_progress';
  const fields = changeStatus(call, task, 'in_progress', reasonOf(call));
  if (!fresh) return { updated: 1, started: 1, fields };
  task.doc.started = task.doc.last_change;
  delete task.doc['active_duration'];
  return { updated: 1, started: 1, fields: { ...fields, started: fields['last_change'] } };
}

/** A task that a live worker runs is asked to stop; any other stops at once. */
function stop(call: ApiCall): Dict {
  const task = writableTask(call, requiredText(call.body, 'task'));
  if (task.doc.status === 'in_progress' && runsOnWorker(call, task)) {
    return {
      updated: 1,
      fields: changeStatus(call, task, 'in_progress', { reason: '', message: 'stopping' }),
    };
  }
  leaveQueues(call, task);
  const message = `Stopped by ${call.identity.userName}`;
  return {
    updated: 1,
    fields: changeStatus(call, task, 'stopped', { reason: '', message }),
  };
}

function ended(status: string, stamp: 'completed', extra: Dict): Handler {
  return (call) => {
    const task = writableTask(call, requiredText(call.body, 'task'));
    const fields = changeStatus(call, task, status, reasonOf(call));
    task.doc[stamp] = task.doc.last_change;
    return { updated: 1, ...extra, fields: { ...fields, [stamp]: fields['last_change'] } };
  };
}

function publish(call: ApiCall): Dict {
  const task = writableTask(call, requiredText(call.body, 'task'));
  const fields = changeStatus(call, task, 'published', reasonOf(call));
  task.doc.published = task.doc.last_change;
  return {
    updated: 1,
    fields: { ...fields, published: fields['last_change'], output: task.doc.output },
  };
}

function reset(call: ApiCall): Dict {
  const task = writableTask(call, requiredText(call.body, 'task'));
  if (task.doc.status === 'published' && !flag(call.body, 'force')) {
    throw new ApiRefusal(400, 110, 'Invalid task status: status=published');
  }
  leaveQueues(call, task);
  const { doc } = task;
  doc.runtime = {};
  const execution = { ...doc.execution };
  delete execution['queue'];
  doc.execution = execution;
  delete doc.started;
  delete doc.completed;
  delete doc.published;
  delete doc['active_duration'];
  const fields = changeStatus(call, task, 'created', {
    reason: 'reset',
    message: 'reset',
    force: true,
  });
  return { updated: 1, deleted_models: 0, dequeued: {}, events: {}, urls: {}, fields };
}

function deleteTask(call: ApiCall): Dict {
  const task = writableTask(call, requiredText(call.body, 'task'));
  if (task.doc.status !== 'created' && !flag(call.body, 'force')) {
    throw new ApiRefusal(
      400,
      123,
      `Task cannot be deleted (due to status, use force=True): task=${task.doc.id}`,
    );
  }
  leaveQueues(call, task);
  call.state.removeTask(task.doc.id);
  return {
    deleted: true,
    updated_children: 0,
    updated_models: 0,
    deleted_models: 0,
    urls: null,
  };
}

function enqueue(call: ApiCall): Dict {
  const task = writableTask(call, requiredText(call.body, 'task'));
  const queue = queueForEnqueue(call);
  if (task.doc.status === 'queued') {
    task.doc['status_reason'] = 'failed enqueueing';
    touchTask(call, task, 'both');
    task.doc['status_changed'] = task.doc.last_change;
    throw new ApiRefusal(400, 706, 'Failed adding task to queue since task is already queued');
  }
  const before = task.doc.status;
  const fields = changeStatus(call, task, 'queued', reasonOf(call));
  task.enqueueStatus = before;
  task.doc.execution = { ...task.doc.execution, queue: queue.id };
  task.doc.system_tags = task.doc.system_tags.filter((tag) => tag !== 'development');
  const now = call.stamper.next();
  queue.entries.push({ task: task.doc.id, added: now });
  queue.lastUpdate = now;
  return {
    updated: 1,
    queued: 1,
    fields: { ...fields, enqueue_status: before, 'execution.queue': queue.id },
  };
}

function dequeue(call: ApiCall): Dict {
  const task = writableTask(call, requiredText(call.body, 'task'));
  if (task.doc.status !== 'queued') {
    throw new ApiRefusal(400, 110, `Invalid task status: status=${task.doc.status}`);
  }
  leaveQueues(call, task);
  const status = task.enqueueStatus ?? 'created';
  const fields = changeStatus(call, task, status, { ...reasonOf(call), force: true });
  delete task.enqueueStatus;
  return { updated: 1, dequeued: 1, fields: { ...fields, enqueue_status: null } };
}

function reasonOf(call: ApiCall): { reason: string; message: string } {
  return {
    reason: optionalText(call.body, 'status_reason') ?? '',
    message: optionalText(call.body, 'status_message') ?? '',
  };
}
