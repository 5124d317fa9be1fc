import type { ApiCall } from './call.ts';
import { textList } from './fields.ts';
import { isDict, type Dict } from './json.ts';
import { parseFilterObject, parseListFilter, passesList, type ListFilter } from './list-filter.ts';
import type { TaskDocument, TaskRecord } from './model.ts';
import { ApiRefusal, unhandled } from './refusal.ts';
import { inRange, parseStampFilter, parseStampRange } from './stamp-filter.ts';
import { valueAt } from './value-at.ts';

type Check = (task: TaskDocument) => boolean;

const LIST_FIELDS = [
  'user',
  'tags',
  'system_tags',
  'type',
  'status',
  'project',
  'parent',
  'execution.queue',
];
const STAMP_FIELDS = ['status_changed', 'last_update'];
const RANGE_FIELDS = ['created', 'started', 'completed'];
const PATTERN_FIELDS = ['name', 'comment', 'report'];

/** How a query looks at public and hidden tasks. */
export interface Visibility {
  /** False leaves out tasks of no company; only `tasks.get_all_ex` honours it (protocol 9.5). */
  readonly publicTasks: boolean;
}

/** The tasks that a query asks for, in no order. @throws ApiRefusal for a filter that is refused. */
export function selectTasks(call: ApiCall, visibility: Visibility): readonly TaskRecord[] {
  const checks = buildChecks(call.body);
  const hidden = call.body['search_hidden'] === true || textList(call.body, 'id').length > 0;
  const { company } = call.identity;
  const selected: TaskRecord[] = [];
  for (const task of candidates(call)) {
    const { doc } = task;
    if (doc.company !== company && !(doc.company === '' && visibility.publicTasks)) continue;
    if (!hidden && doc.system_tags.includes('hidden')) continue;
    if (checks.every((check) => check(doc))) selected.push(task);
  }
  return selected;
}

function candidates(call: ApiCall): Iterable<TaskRecord> {
  const ids = parseListFilter('id', call.body['id']);
  const { from, to } = parseStampFilter(call.body['last_change']);
  if (ids !== undefined && ids.include.length > 0) {
    return [...new Set(ids.include)]
      .flatMap((id) => call.state.task(id) ?? [])
      .filter((task) => task.lastChange >= from && task.lastChange <= to);
  }
  if (from === -Infinity && to === Infinity) return call.state.tasks();
  return [...call.state.changedSince(from)].reverse().filter((task) => task.lastChange <= to);
}

function buildChecks(body: Dict): readonly Check[] {
  const lists = LIST_FIELDS.flatMap((field) => {
    const filter = parseListFilter(field, body[field]);
    return filter === undefined ? [] : [listCheck(field, filter)];
  });
  return [
    ...lists,
    ...idChecks(body),
    ...objectChecks(body['filters']),
    ...stampChecks(body),
    ...PATTERN_FIELDS.flatMap((field) => patternCheck(field, body[field])),
    ...Object.entries(body).flatMap(([key, value]) => runtimeCheck(key, value)),
    ...combinedCheck(body['_any_'], 'some'),
    ...combinedCheck(body['_all_'], 'every'),
  ];
}

function idChecks(body: Dict): readonly Check[] {
  const ids = parseListFilter('id', body['id']);
  return ids === undefined ? [] : [(task) => passesList(ids, [task.id])];
}

function listCheck(field: string, filter: ListFilter): Check {
  return (task) => passesList(filter, valuesOf(valueAt(task, field)));
}

function objectChecks(filters: unknown): readonly Check[] {
  if (!isDict(filters)) return [];
  return Object.entries(filters).flatMap(([field, value]) =>
    LIST_FIELDS.includes(field)
      ? parseFilterObject(value).map((filter) => listCheck(field, filter))
      : [],
  );
}

function stampChecks(body: Dict): readonly Check[] {
  const stamps = STAMP_FIELDS.map((field) => ({ field, range: parseStampFilter(body[field]) }));
  const ranges = RANGE_FIELDS.map((field) => ({ field, range: parseStampRange(body[field]) }));
  return [...stamps, ...ranges]
    .filter(({ range }) => range.from !== -Infinity || range.to !== Infinity)
    .map(
      ({ field, range }): Check =>
        (task) =>
          inRange(range, task[field]),
    );
}

function patternCheck(field: string, pattern: unknown): readonly Check[] {
  if (pattern === undefined || pattern === null) return [];
  if (typeof pattern !== 'string') throw unhandled("unhashable type: 'list'");
  const regex = compilePattern(pattern);
  return [(task) => regex.test(textOf(task[field]))];
}

/** Compiles a name filter. @throws ApiRefusal 400/21 when it is no regular expression. */
export function compilePattern(pattern: string): RegExp {
  try {
    return new RegExp(pattern);
  } catch {
    throw new ApiRefusal(400, 21, 'Malformed regular expression');
  }
}

function combinedCheck(asked: unknown, how: 'some' | 'every'): readonly Check[] {
  if (!isDict(asked)) return [];
  const fields = textList(asked, 'fields');
  const pattern = asked['pattern'];
  if (typeof pattern === 'string') {
    const regex = compilePattern(pattern);
    return [(task) => fields[how]((field) => regex.test(textOf(valueAt(task, field))))];
  }
  const range = parseStampFilter(asked['datetime']);
  return [(task) => fields[how]((field) => inRange(range, valueAt(task, field)))];
}

function runtimeCheck(key: string, wanted: unknown): readonly Check[] {
  if (!key.startsWith('runtime.') || wanted === null || wanted === undefined) return [];
  if (isDict(wanted) && Object.keys(wanted).some((name) => name.startsWith('$'))) {
    return Object.entries(wanted).map(([operator, value]) => operatorCheck(key, operator, value));
  }
  const text = JSON.stringify(wanted);
  return [(task) => JSON.stringify(valueAt(task, key)) === text];
}

function operatorCheck(key: string, operator: string, value: unknown): Check {
  const text = JSON.stringify(value);
  const list = Array.isArray(value) ? value.map((item) => JSON.stringify(item)) : [];
  switch (operator) {
    case '$exists':
      return (task) => (valueAt(task, key) !== undefined) === Boolean(value);
    case '$eq':
      return (task) => JSON.stringify(valueAt(task, key)) === text;
    case '$ne':
      return (task) => JSON.stringify(valueAt(task, key)) !== text;
    case '$in':
      return (task) => list.includes(JSON.stringify(valueAt(task, key)));
    case '$nin':
      return (task) => !list.includes(JSON.stringify(valueAt(task, key)));
    default:
      throw unhandled(`the embedded API does not know the operator ${operator}`);
  }
}

function valuesOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.filter((item) => typeof item === 'string');
  return typeof value === 'string' && value !== '' ? [value] : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
