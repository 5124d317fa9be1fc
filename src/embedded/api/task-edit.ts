import type { ApiCall, EndpointTable } from './call.ts';
import { flag, requiredText, wrongType } from './fields.ts';
import { holdsTooBig, isDict, type Dict } from './json.ts';
import type { TaskRecord } from './model.ts';
import { ApiRefusal, unhandled, validationError } from './refusal.ts';
import { touchTask, writableTask } from './task-access.ts';
import { checkRuntime } from './task-create.ts';
import { writeField } from './task-document.ts';

/** Calls that edit a task's own fields. */
export const TASK_EDIT_CALLS: EndpointTable = {
  'tasks.edit': { handler: editTask },
  'tasks.update': { handler: updateTask },
  'tasks.edit_runtime': { handler: editRuntime },
};

/** Fields that users set: editing only them moves `last_change` alone (protocol 4.5). */
const USER_FIELDS = ['name', 'comment', 'tags', 'system_tags', 'project'];
const EDIT_FIELDS = [
  ...USER_FIELDS,
  'type',
  'status',
  'parent',
  'output_dest',
  'execution',
  'script',
  'hyperparams',
  'configuration',
  'models',
  'container',
  'runtime',
];
const RUNTIME_STATUSES = ['created', 'queued', 'in_progress'];

function editTask(call: ApiCall): Dict {
  const task = writableTask(call, requiredText(call.body, 'task'));
  if (isDict(task.doc.runtime) && '_cls' in task.doc.runtime) {
    throw unhandled(`${String(task.doc.runtime['_cls'])} has not been registered`);
  }
  if (!flag(call.body, 'force') && task.doc.status !== 'created') throw wrongStatus(task);
  checkRuntime(call.body['runtime']);
  return writeFields(call, task, EDIT_FIELDS);
}

function updateTask(call: ApiCall): Dict {
  const task = writableTask(call, requiredText(call.body, 'task'));
  return writeFields(call, task, USER_FIELDS);
}

function writeFields(call: ApiCall, task: TaskRecord, fields: readonly string[]): Dict {
  const given = fields.filter((field) => (call.body[field] ?? undefined) !== undefined);
  if (given.length === 0) return { updated: 0, fields: {} };
  const shown = given.map((field) =>
    writeField(task.doc, field, normalize(field, call.body[field])),
  );
  const both = given.some((field) => !USER_FIELDS.includes(field));
  const stamps = touchTask(call, task, both ? 'both' : 'change');
  return { updated: 1, fields: { ...Object.fromEntries(shown), ...stamps } };
}

/** Tags come back sorted; a bare string is a list of one (protocol 9.4). */
function normalize(field: string, value: unknown): unknown {
  if (field !== 'tags' && field !== 'system_tags') return value;
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.map(String).sort((a, b) => (a < b ? -1 : Number(a > b)));
}

function editRuntime(call: ApiCall): Dict {
  const id = requiredText(call.body, 'task');
  const add = call.body['add_or_update'] ?? {};
  const remove: unknown = call.body['remove'] ?? [];
  if (!isDict(add)) throw wrongType('add_or_update', 'dict');
  if (!Array.isArray(remove)) throw wrongType('remove', 'list');
  const task = writableTask(call, id);
  if (!RUNTIME_STATUSES.includes(task.doc.status)) throw wrongStatus(task);
  const set = Object.entries(add).map(([key, value]) => [escapeKey(key), value] as const);
  const unset = remove.map((key) => escapeKey(String(key)));
  if (set.length === 0 && unset.length === 0) return { updated: 0 };
  applyRuntime(task, set, unset);
  touchTask(call, task, 'both');
  return { updated: 1 };
}

function applyRuntime(
  task: TaskRecord,
  set: readonly (readonly [string, unknown])[],
  unset: readonly string[],
): void {
  if (set.some(([key]) => unset.includes(key))) {
    throw unhandled('Updating the path would create a conflict');
  }
  if (set.some(([, value]) => holdsTooBig(value))) {
    throw unhandled('MongoDB can only handle up to 8-byte ints');
  }
  if (!isDict(task.doc.runtime)) throw unhandled('Cannot create field in element runtime');
  const kept = Object.entries(task.doc.runtime).filter(([key]) => !unset.includes(key));
  task.doc.runtime = Object.fromEntries([...kept, ...set]);
}

/** Escapes a key as `tasks.edit_runtime` does, and nothing ever turns back (protocol 4.4). */
function escapeKey(key: string): string {
  if (key === '') throw validationError('Empty key is not allowed');
  const escaped = key
    .replaceAll('%', '%%')
    .replaceAll('.', '%2E')
    .replaceAll('$', '%24')
    .replaceAll('__', '%_%_');
  return escaped.startsWith('_') ? `%${escaped}` : escaped;
}

function wrongStatus(task: TaskRecord): ApiRefusal {
  return new ApiRefusal(
    400,
    110,
    `Invalid task status: expected=created, status=${task.doc.status}`,
  );
}
