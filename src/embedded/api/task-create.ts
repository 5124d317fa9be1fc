import type { ApiCall, EndpointTable } from './call.ts';
import { requiredText } from './fields.ts';
import { holdsTooBig, isDict, type Dict } from './json.ts';
import { ApiRefusal, invalidValue, unhandled, validationError } from './refusal.ts';
import { readableTask } from './task-access.ts';
import { newTaskDocument, writeField } from './task-document.ts';
import type { TaskRecord } from './model.ts';

/** Calls that make tasks. */
export const TASK_CREATE_CALLS: EndpointTable = {
  'tasks.create': { handler: createTask },
  'tasks.clone': { handler: cloneTask },
};

const TYPES = [
  'training',
  'testing',
  'inference',
  'data_processing',
  'application',
  'monitor',
  'controller',
  'optimizer',
  'service',
  'qc',
  'custom',
  'report',
];
const CREATE_FIELDS = [
  'project',
  'parent',
  'tags',
  'system_tags',
  'comment',
  'output_dest',
  'execution',
  'script',
  'hyperparams',
  'configuration',
  'models',
  'container',
  'runtime',
];

function createTask(call: ApiCall): Dict {
  const name = requiredText(call.body, 'name');
  const type = requiredText(call.body, 'type');
  if (!TYPES.includes(type)) {
    throw validationError(`error for field 'type': value '${type}' is not a valid choice.`);
  }
  checkProject(call);
  checkCreateValues(call.body, name);
  const { user, company } = call.identity;
  const now = call.stamper.next();
  const doc = newTaskDocument({ id: call.newId(), company, user, name, type, now });
  for (const field of CREATE_FIELDS) {
    const value = call.body[field];
    if (value !== undefined && value !== null) writeField(doc, field, value);
  }
  call.state.addTask({ doc, lastChange: now });
  return { id: doc.id };
}

function checkProject(call: ApiCall): void {
  const project = call.body['project'];
  if (project === undefined || project === null) return;
  if (typeof project === 'string' && call.state.projects.has(project)) return;
  throw invalidValue(`(expecting Project id): id=${JSON.stringify(project)}, field=project`);
}

function checkCreateValues(body: Dict, name: string): void {
  if (name.length < 3) throw dataError('name=String value is too short');
  if (typeof body['system_tags'] === 'string' || typeof body['tags'] === 'string') {
    throw dataError('system_tags=Only lists and tuples may be used in a list field');
  }
  checkRuntime(body['runtime']);
  if (!isDict(body['runtime'])) return;
  for (const key of Object.keys(body['runtime'])) {
    if (key === '') throw dataError('runtime=Empty keys are not allowed in a DictField');
    if (key.startsWith('$')) throw dataError('runtime=keys may not startswith "$" characters');
  }
}

/**
 * Refuses a runtime that no dict can be made of. Empty strings, empty lists and lists of pairs pass,
 * and are stored as they are (protocol 9.1).
 *
 * @throws ApiRefusal 400/16 or 500/0.
 */
export function checkRuntime(runtime: unknown): void {
  if (runtime === undefined || runtime === null || isDict(runtime)) {
    if (holdsTooBig(runtime)) throw unhandled('MongoDB can only handle up to 8-byte ints');
    return;
  }
  if (runtime === '') return;
  if (Array.isArray(runtime) && runtime.every(isPair)) return;
  throw invalidValue('(expecting dict): field=runtime');
}

function isPair(item: unknown): boolean {
  return Array.isArray(item) && item.length === 2;
}

function dataError(detail: string): ApiRefusal {
  return new ApiRefusal(400, 800, `Data validation error: ${detail}`);
}

function cloneTask(call: ApiCall): Dict {
  const { doc: source } = readableTask(call, requiredText(call.body, 'task'));
  const name = call.body['new_task_name'];
  const now = call.stamper.next();
  const doc = newTaskDocument({
    id: call.newId(),
    company: call.identity.company,
    user: call.identity.user,
    name: typeof name === 'string' ? name : source.name,
    type: source.type,
    now,
  });
  doc['parent'] = source.id;
  for (const field of [
    'project',
    'comment',
    'script',
    'hyperparams',
    'configuration',
    'container',
  ]) {
    if (source[field] !== undefined) doc[field] = structuredClone(source[field]);
  }
  doc.tags = source.tags;
  doc.system_tags = source.system_tags.filter((tag) => tag !== 'development' && tag !== 'archived');
  const execution = { ...source.execution };
  delete execution['queue'];
  doc.execution = execution;
  const record: TaskRecord = { doc, lastChange: now };
  call.state.addTask(record);
  return { id: doc.id };
}
