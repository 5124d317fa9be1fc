import type { Dict } from './json.ts';
import { isKnownField } from './task-fields.ts';
import type { TaskRecord } from './model.ts';
import { ApiRefusal, lookupError, unhandled, validationError } from './refusal.ts';
import type { EmbeddedState } from './state.ts';
import { valueAt } from './value-at.ts';

/** Most tasks in one page, and how many an unpaged query gives (protocol 4.3). */
export const PAGE_LIMIT = 500;

/**
 * Orders tasks as `order_by` asks: missing values last, ties by id; no order keeps the given one.
 *
 * @remarks
 * A string counts as a list of its letters on the real server, which ends in an order by id.
 * @throws ApiRefusal 400/14 for an unknown field.
 */
export function orderTasks(tasks: readonly TaskRecord[], body: Dict): readonly TaskRecord[] {
  const asked = body['order_by'];
  if (asked === undefined || asked === null) return tasks;
  if (!Array.isArray(asked)) return [...tasks].sort(byId);
  const keys = asked.filter((key) => typeof key === 'string').map(readKey);
  if (keys.length === 0) return tasks;
  return [...tasks].sort((a, b) => {
    for (const key of keys) {
      const order = compareAt(a, b, key);
      if (order !== 0) return order;
    }
    return byId(a, b);
  });
}

/** One page of an ordered list, and the id to scroll on with. */
export interface TaskPage {
  readonly tasks: readonly TaskRecord[];
  readonly scrollId?: string;
}

/** Cuts the page that a query asks for. @throws ApiRefusal 400/11, 400/12 or 500/0 for bad numbers. */
export function pageTasks(
  tasks: readonly TaskRecord[],
  body: Dict,
  state: EmbeddedState,
  newId: () => string,
): TaskPage {
  if ('scroll_id' in body) return scrollTasks(tasks, body, state, newId);
  const start = body['start'];
  const size = body['size'];
  if (typeof start === 'number' && typeof size === 'number') {
    return { tasks: tasks.slice(start, start + size) };
  }
  const { page, pageSize } = readPage(body);
  return { tasks: tasks.slice(page * pageSize, (page + 1) * pageSize) };
}

function readPage(body: Dict): { readonly page: number; readonly pageSize: number } {
  const page = body['page'] ?? undefined;
  const pageSize = body['page_size'] ?? undefined;
  if (page === undefined && body['page_size'] === null && !('page' in body)) {
    throw new ApiRefusal(400, 11, 'Missing required fields (page_size is required)');
  }
  const numbers = { page: number(page, 0), pageSize: number(pageSize, PAGE_LIMIT) };
  if (numbers.page < 0) throw validationError('page must be >=0');
  if (numbers.pageSize <= 0) throw validationError('page_size must be >0');
  return { page: numbers.page, pageSize: Math.min(numbers.pageSize, PAGE_LIMIT) };
}

function number(value: unknown, otherwise: number): number {
  if (value === undefined) return otherwise;
  if (typeof value !== 'number') throw unhandled("'<' not supported between 'str' and 'int'");
  if (!Number.isInteger(value)) throw unhandled('limit must be an integer');
  return value;
}

function scrollTasks(
  tasks: readonly TaskRecord[],
  body: Dict,
  state: EmbeddedState,
  newId: () => string,
): TaskPage {
  const size = body['size'];
  if (typeof size !== 'number' || !Number.isInteger(size) || size < 1) {
    throw validationError('Integer size parameter greater than 1 should be provided');
  }
  const asked = body['scroll_id'];
  const known = typeof asked === 'string' ? state.scrolls.get(asked) : undefined;
  const scrollId = known === undefined ? newId() : String(asked);
  const position = known ?? 0;
  if (body['refresh_scroll'] === true) return { tasks: tasks.slice(0, position), scrollId };
  state.scrolls.set(scrollId, Math.min(position + size, tasks.length));
  return { tasks: tasks.slice(position, position + size), scrollId };
}

interface OrderKey {
  readonly field: string;
  readonly sign: 1 | -1;
}

function readKey(key: string): OrderKey {
  const down = key.startsWith('-');
  const field = key.replace(/^[+-]/, '');
  if (!isKnownField(field)) throw lookupError(`Cannot resolve field "${field}"`);
  return { field, sign: down ? -1 : 1 };
}

function compareAt(a: TaskRecord, b: TaskRecord, key: OrderKey): number {
  if (key.field === 'last_change') return key.sign * (a.lastChange - b.lastChange);
  const left = comparable(valueAt(a.doc, key.field));
  const right = comparable(valueAt(b.doc, key.field));
  if (left === undefined || right === undefined) {
    return Number(left === undefined) - Number(right === undefined);
  }
  return key.sign * compare(left, right);
}

function comparable(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function byId(a: TaskRecord, b: TaskRecord): number {
  return compare(a.doc.id, b.doc.id);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
