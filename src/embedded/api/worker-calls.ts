import type { ApiCall, EndpointTable } from './call.ts';
import { optionalText, requiredText, textList } from './fields.ts';
import type { Dict } from './json.ts';
import type { TaskRecord, Worker } from './model.ts';
import { parseStamp } from './stamps.ts';

/** Calls of the service `workers`. */
export const WORKER_CALLS: EndpointTable = {
  'workers.register': { handler: register },
  'workers.unregister': { handler: unregister },
  'workers.status_report': { handler: statusReport },
  'workers.get_all': { handler: getAll },
};

const DEFAULT_TIMEOUT_SECONDS = 600;

/** True when a live worker reports this task as its own; a development task has none. */
export function runsOnWorker(call: ApiCall, task: TaskRecord): boolean {
  if (task.doc.system_tags.includes('development')) return false;
  return live(call).some((worker) => worker.task === task.doc.id);
}

/** Workers that listen to a queue, as `queues.get_all_ex` shows them. */
export function workersOf(call: ApiCall, queue: string): readonly Dict[] {
  return live(call)
    .filter((worker) => worker.queues.includes(queue))
    .map((worker) => ({
      name: worker.id,
      ip: worker.ip,
      key: keyOf(worker),
      task: worker.task === undefined ? null : taskOf(call, worker.task),
    }));
}

function register(call: ApiCall): Dict {
  const timeout = call.body['timeout'];
  const now = call.stamper.next();
  const worker: Worker = {
    id: requiredText(call.body, 'worker'),
    company: call.identity.company,
    user: call.identity.user,
    registered: now,
    timeoutSeconds: typeof timeout === 'number' ? timeout : DEFAULT_TIMEOUT_SECONDS,
    queues: textList(call.body, 'queues'),
    ip: call.ip,
    lastActivity: now,
  };
  call.state.workers.set(keyOf(worker), worker);
  return {};
}

function unregister(call: ApiCall): Dict {
  const id = requiredText(call.body, 'worker');
  for (const worker of live(call).filter((one) => one.id === id)) {
    call.state.workers.delete(keyOf(worker));
  }
  return {};
}

function statusReport(call: ApiCall): Dict {
  const id = requiredText(call.body, 'worker');
  if (!live(call).some((one) => one.id === id)) register(call);
  const now = call.stamper.next();
  const task = optionalText(call.body, 'task');
  for (const worker of live(call).filter((one) => one.id === id)) {
    worker.ip = call.ip;
    worker.lastActivity = now;
    worker.lastReport = now;
    if (call.body['queues'] !== undefined) worker.queues = textList(call.body, 'queues');
    if (task === undefined) delete worker.task;
    else worker.task = task;
  }
  if (task !== undefined) touchReported(call, task, id);
  return {};
}

/** A report counts as a change of the task that the worker runs (protocol 4.5). */
function touchReported(call: ApiCall, id: string, worker: string): void {
  const task = call.state.task(id);
  if (task?.doc.company !== call.identity.company) return;
  call.state.touch(task, call.stamper.next(), 'both');
  task.doc['last_worker'] = worker;
  task.doc['last_worker_report'] = task.doc.last_change;
}

function getAll(call: ApiCall): Dict {
  const lastSeen = call.body['last_seen'];
  const oldest =
    typeof lastSeen === 'number' && lastSeen > 0 ? call.stamper.next() - lastSeen * 1000 : 0;
  return {
    workers: live(call)
      .filter((worker) => worker.lastActivity >= oldest)
      .map((worker) => describe(call, worker)),
  };
}

function describe(call: ApiCall, worker: Worker): Dict {
  const { state } = call;
  const task = worker.task === undefined ? undefined : state.task(worker.task)?.doc;
  const project = task?.project;
  return {
    id: worker.id,
    key: keyOf(worker),
    ip: worker.ip,
    user: { id: worker.user, name: state.users.get(worker.user)?.name },
    company: { id: worker.company, name: state.companies.get(worker.company)?.name },
    queues: worker.queues.flatMap((id) => describeQueue(call, id)),
    tags: [],
    system_tags: [],
    register_time: call.stamper.long(worker.registered),
    register_timeout: worker.timeoutSeconds,
    last_activity_time: call.stamper.long(worker.lastActivity),
    ...(worker.lastReport === undefined
      ? {}
      : { last_report_time: call.stamper.long(worker.lastReport) }),
    ...(task === undefined ? {} : { task: taskOf(call, task.id) }),
    ...(project === undefined
      ? {}
      : { project: { id: project, name: state.projects.get(project)?.name } }),
  };
}

function describeQueue(call: ApiCall, id: string): readonly Dict[] {
  const queue = call.state.queues.get(id);
  if (queue === undefined) return [];
  const next = queue.entries[0]?.task;
  const shown = { id, name: queue.name, num_tasks: queue.entries.length };
  if (next === undefined) return [{ ...shown, next_task: null }];
  return [{ ...shown, next_task: { id: next, name: call.state.task(next)?.doc.name } }];
}

function taskOf(call: ApiCall, id: string): Dict {
  const doc = call.state.task(id)?.doc;
  const started = parseStamp(doc?.started ?? '');
  return {
    id,
    name: doc?.name,
    last_iteration: doc?.['last_iteration'] ?? 0,
    running_time: started === undefined ? 0 : Math.max(0, call.stamper.next() - started),
  };
}

function live(call: ApiCall): readonly Worker[] {
  const now = call.stamper.next();
  return [...call.state.workers.values()].filter(
    (worker) =>
      worker.company === call.identity.company &&
      now - worker.lastActivity <= worker.timeoutSeconds * 1000,
  );
}

function keyOf(worker: Pick<Worker, 'company' | 'user' | 'id'>): string {
  return `worker_${worker.company}_${worker.user}_${worker.id}`;
}
