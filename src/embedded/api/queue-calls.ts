import type { ApiCall, EndpointTable } from './call.ts';
import { optionalText, requiredText, textList } from './fields.ts';
import type { Dict } from './json.ts';
import type { Queue, TaskRecord } from './model.ts';
import { ApiRefusal, unhandled } from './refusal.ts';
import { formatStamp } from './stamps.ts';
import { writableTask } from './task-access.ts';
import { compilePattern } from './task-filter.ts';
import { workersOf } from './worker-calls.ts';

/** Calls of the service `queues`. */
export const QUEUE_CALLS: EndpointTable = {
  'queues.create': { handler: createQueue },
  'queues.get_default': { handler: getDefault },
  'queues.get_by_id': { handler: (call) => ({ queue: describe(ownQueue(call)) }) },
  'queues.get_all': { handler: getAll },
  'queues.get_all_ex': { handler: getAllExpanded },
  'queues.add_task': { handler: addTask },
  'queues.remove_task': { handler: removeTask },
  'queues.get_next_task': { handler: getNextTask },
};

/** The queue that `tasks.enqueue` names: by id, by name (made when unknown), else the default one. */
export function queueForEnqueue(call: ApiCall): Queue {
  const id = optionalText(call.body, 'queue');
  if (id !== undefined) return queueById(call, id);
  const name = optionalText(call.body, 'queue_name');
  if (name === undefined) return defaultQueue(call);
  return ownQueues(call).find((queue) => queue.name === name) ?? makeQueue(call, name, []);
}

/** Takes a task out of every queue. */
export function leaveQueues(call: ApiCall, task: TaskRecord): number {
  let removed = 0;
  for (const queue of call.state.queues.values()) {
    const kept = queue.entries.filter((entry) => entry.task !== task.doc.id);
    if (kept.length === queue.entries.length) continue;
    removed += queue.entries.length - kept.length;
    queue.entries = kept;
    queue.lastUpdate = call.stamper.next();
  }
  return removed;
}

function createQueue(call: ApiCall): Dict {
  const name = requiredText(call.body, 'name');
  if (ownQueues(call).some((queue) => queue.name === name)) {
    throw new ApiRefusal(400, 801, `Value combination already exists: name=${name}`);
  }
  if (name.length < 3) throw new ApiRefusal(400, 12, 'Validation error (name is too short)');
  return { id: makeQueue(call, name, textList(call.body, 'system_tags')).id };
}

function makeQueue(call: ApiCall, name: string, systemTags: readonly string[]): Queue {
  const now = call.stamper.next();
  const queue: Queue = {
    id: call.newId(),
    name,
    company: call.identity.company,
    created: now,
    tags: textList(call.body, 'tags'),
    systemTags,
    entries: [],
    lastUpdate: now,
  };
  call.state.queues.set(queue.id, queue);
  return queue;
}

function getDefault(call: ApiCall): Dict {
  const { id, name } = defaultQueue(call);
  return { id, name };
}

function defaultQueue(call: ApiCall): Queue {
  const queue = ownQueues(call).find(({ systemTags }) => systemTags.includes('default'));
  if (queue === undefined) throw new ApiRefusal(400, 705, 'No default queue');
  return queue;
}

function getAll(call: ApiCall): Dict {
  const fields = textList(call.body, 'only_fields');
  return {
    queues: selectQueues(call).map((queue) => {
      const shown = describe(queue);
      return fields.length === 0
        ? shown
        : Object.fromEntries(Object.entries(shown).filter(([key]) => fields.includes(key)));
    }),
  };
}

function getAllExpanded(call: ApiCall): Dict {
  return {
    queues: selectQueues(call).map((queue) => ({
      ...describe(queue),
      company: { id: queue.company },
      entries: queue.entries.map((entry) => ({
        task: { id: entry.task, name: call.state.task(entry.task)?.doc.name },
        added: formatStamp(entry.added),
      })),
      workers: workersOf(call, queue.id),
    })),
  };
}

function selectQueues(call: ApiCall): readonly Queue[] {
  const { name, page, page_size: size } = call.body;
  const ids = textList(call.body, 'id');
  if (Array.isArray(name)) throw unhandled("unhashable type: 'list'");
  const pattern = typeof name === 'string' ? compilePattern(name) : undefined;
  const glue = pattern !== undefined || ids.length > 0 || call.body['search_hidden'] === true;
  const selected = ownQueues(call)
    .filter((queue) => glue || !queue.systemTags.includes('k8s-glue'))
    .filter((queue) => pattern === undefined || pattern.test(queue.name))
    .filter((queue) => ids.length === 0 || ids.includes(queue.id));
  if (typeof size !== 'number') return selected;
  const start = typeof page === 'number' ? page * size : 0;
  return selected.slice(start, start + size);
}

function addTask(call: ApiCall): Dict {
  const queue = ownQueue(call);
  const task = writableTask(call, requiredText(call.body, 'task'));
  const now = call.stamper.next();
  queue.entries.push({ task: task.doc.id, added: now });
  queue.lastUpdate = now;
  return { added: 1 };
}

function removeTask(call: ApiCall): Dict {
  ownQueue(call);
  const task = writableTask(call, requiredText(call.body, 'task'));
  return { removed: leaveQueues(call, task) };
}

function getNextTask(call: ApiCall): Dict {
  const queue = ownQueue(call);
  const entry = queue.entries.shift();
  if (entry === undefined) return {};
  queue.lastUpdate = call.stamper.next();
  const shown = { entry: { task: entry.task, added: formatStamp(entry.added) } };
  const doc = call.state.task(entry.task)?.doc;
  if (call.body['get_task_info'] !== true || doc === undefined) return shown;
  const { project } = doc;
  const info = { company: doc.company, user: doc.user };
  return { ...shown, task_info: project === undefined ? info : { ...info, project } };
}

function ownQueue(call: ApiCall): Queue {
  return queueById(call, requiredText(call.body, 'queue'));
}

function queueById(call: ApiCall, id: string): Queue {
  const queue = call.state.queues.get(id);
  if (queue?.company !== call.identity.company) {
    const { company } = call.identity;
    throw new ApiRefusal(400, 701, `Invalid queue id: id=${id}, company=${company}`);
  }
  return queue;
}

function ownQueues(call: ApiCall): readonly Queue[] {
  const { company } = call.identity;
  return [...call.state.queues.values()].filter((queue) => queue.company === company);
}

function describe(queue: Queue): Dict {
  return {
    id: queue.id,
    name: queue.name,
    company: queue.company,
    created: formatStamp(queue.created),
    tags: queue.tags,
    system_tags: queue.systemTags,
    entries: queue.entries.map(({ task, added }) => ({ task, added: formatStamp(added) })),
    last_update: formatStamp(queue.lastUpdate),
    metadata: {},
  };
}
