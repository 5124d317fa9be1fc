import type { ApiCall } from './call.ts';
import { isDict, type Dict } from './json.ts';
import type { TaskDocument } from './model.ts';
import { ApiRefusal, lookupError, unhandled } from './refusal.ts';
import { isKnownField, REFERENCES } from './task-fields.ts';
import { valueAt } from './value-at.ts';

/** Turns a task into what a query shows of it. */
export type Projection = (task: TaskDocument) => Dict;

/** `only_fields` of `tasks.get_all`: references are ids. @throws ApiRefusal (protocol 9.5). */
export function plainProjection(body: Dict): Projection {
  const { include, exclude } = readFields(body['only_fields'], plainFault);
  const clash = include.find((field) => include.some((other) => field.startsWith(`${other}.`)));
  if (clash !== undefined) {
    throw new ApiRefusal(500, 1, `Internal server error: err=Path collision at ${clash}`);
  }
  return (task) => pick(task, include, exclude);
}

/** `only_fields` of `tasks.get_all_ex`: references are objects, the id is always there. @throws ApiRefusal. */
export function expandedProjection(call: ApiCall): Projection {
  const { include, exclude } = readFields(call.body['only_fields'], expandedFault);
  const named = include.filter(isReferenceName).map((field) => field.slice(0, -'.name'.length));
  const fields = include.map((field) =>
    isReferenceName(field) ? field.slice(0, -'.name'.length) : field,
  );
  const roots = fields.filter((field) => !fields.some((other) => field.startsWith(`${other}.`)));
  return (task) => {
    const shown = pick(task, roots.length === 0 ? [] : ['id', ...roots], exclude);
    for (const reference of REFERENCES) expand(call, shown, reference, named.includes(reference));
    return shown;
  };
}

interface Fields {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

function readFields(asked: unknown, fault: (field: string) => Error | undefined): Fields {
  if (asked === undefined || asked === null) return { include: [], exclude: [] };
  if (typeof asked === 'string') throw fault(asked.slice(0, 1)) ?? fault('?') ?? unhandled(asked);
  if (!Array.isArray(asked)) throw unhandled("'int' object is not iterable");
  const fields = asked.map((field: unknown) => {
    if (typeof field !== 'string') throw unhandled("'int' object has no attribute 'replace'");
    const wrong = fault(field.replace(/^-/, ''));
    if (wrong !== undefined) throw wrong;
    return field;
  });
  return {
    include: fields.filter((field) => !field.startsWith('-')),
    exclude: fields.filter((field) => field.startsWith('-')).map((field) => field.slice(1)),
  };
}

function plainFault(field: string): Error | undefined {
  if (field === '') return unhandled('string index out of range');
  if (isKnownField(field)) return undefined;
  const [head = '', ...rest] = field.split('.');
  const unknown = isKnownField(head) ? (rest.at(-1) ?? head) : head;
  return lookupError(`Cannot resolve field "${unknown}"`);
}

function expandedFault(field: string): Error | undefined {
  if (isKnownField(field) || isReferenceName(field)) return undefined;
  return new ApiRefusal(400, 14, `Fields not defined for object: fields=(${field}), object=Task`);
}

function isReferenceName(field: string): boolean {
  return REFERENCES.some((reference) => field === `${reference}.name`);
}

function pick(task: TaskDocument, include: readonly string[], exclude: readonly string[]): Dict {
  if (include.length === 0) {
    const hidden = new Set(['unique_metrics', ...exclude]);
    return structuredCopy(Object.entries(task).filter(([field]) => !hidden.has(field)));
  }
  const shown: Dict = {};
  for (const path of include) copyPath(task, shown, path.split('.'));
  return shown;
}

/** Copies the objects that expansion writes into, so that the task itself stays as it is. */
function structuredCopy(entries: readonly (readonly [string, unknown])[]): Dict {
  const shown: Dict = Object.fromEntries(entries);
  if (isDict(shown['execution'])) shown['execution'] = { ...shown['execution'] };
  return shown;
}

function copyPath(from: Dict, into: Dict, path: readonly string[]): void {
  const [head = '', ...rest] = path;
  if (!Object.hasOwn(from, head)) return;
  const value = from[head];
  if (rest.length === 0) {
    into[head] = isDict(value) ? { ...value } : value;
    return;
  }
  const nested = isDict(into[head]) ? into[head] : {};
  into[head] = nested;
  if (isDict(value)) copyPath(value, nested, rest);
}

function expand(call: ApiCall, shown: Dict, reference: string, withName: boolean): void {
  const id = valueAt(shown, reference);
  if (typeof id !== 'string') return;
  const name = withName ? nameOf(call, reference, id) : undefined;
  const object = id === '' ? {} : { id, ...(name === undefined ? {} : { name }) };
  const [head = '', tail] = reference.split('.');
  if (tail === undefined) {
    shown[head] = object;
    return;
  }
  const parent = shown[head];
  if (isDict(parent)) parent[tail] = object;
}

function nameOf(call: ApiCall, reference: string, id: string): string | undefined {
  switch (reference) {
    case 'user':
      return call.state.users.get(id)?.name;
    case 'company':
      return call.state.companies.get(id)?.name;
    case 'project':
      return call.state.projects.get(id)?.name;
    case 'execution.queue':
      return call.state.queues.get(id)?.name;
    default:
      return call.state.task(id)?.doc.name;
  }
}
