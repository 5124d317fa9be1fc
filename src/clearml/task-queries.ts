import { OperatorError, hasCode } from '../errors.ts';
import { asRecord, isRefusal, type AnswerData } from './answer.ts';
import type { ClearmlClient } from './client.ts';
import { TASK_FIELDS, formatStamp, readTaskDocument, stampOf } from './task-document.ts';
import type { TaskView } from '../domain/task-view.ts';
import { TOO_LARGE } from './transport.ts';

/** A filter of `tasks.get_all_ex`. */
export type TaskFilter = Readonly<Record<string, unknown>>;

/** The part of the client that queries need. */
export type Caller = Pick<ClearmlClient, 'call'>;

/** The server caps pages and the lists of ids that make sense at this size (protocol 4.3). */
export const PAGE_SIZE = 500;

const SMALLER: ReadonlyMap<number, number> = new Map([
  [PAGE_SIZE, 100],
  [100, 10],
  [10, 1],
]);
const LARGER: ReadonlyMap<number, number> = new Map(
  [...SMALLER].map(([larger, smaller]) => [smaller, larger]),
);
/** 200,000 tasks: a server that ignores the page must not hold the loop for ever. */
const MAX_PAGES = 400;

/** Where a listing begins, and whether it may believe a short page. */
export interface ListingOptions {
  /** Unix ms of the first stamp; undefined begins with the oldest task. */
  readonly from?: number;
  /** Asks once more after a short page: it may have been cut. */
  readonly thorough?: boolean;
}

/**
 * Documents of all tasks that match, page by page, oldest change first.
 *
 * @remarks
 * Goes on by key, not by page: a task that changes meanwhile moves to the end and is met there, and no other one is
 * skipped. Only within one stamp, when more tasks carry it than a page holds, it goes on by page. A page that is too
 * large to be read is asked for in smaller parts, so that one huge task hides no other.
 *
 * @throws OperatorError with a code `CLEARML_*`
 */
export async function* listTasks(
  caller: Caller,
  filter: TaskFilter,
  options: ListingOptions,
  signal: AbortSignal,
): AsyncGenerator<readonly unknown[]> {
  let place: Place = { from: options.from, page: 0, size: PAGE_SIZE };
  let former: readonly unknown[] | undefined;
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const fetched = await fetchPage(caller, filter, place, signal);
    place = fetched.place;
    const { documents } = fetched;
    if (documents.length > 0) yield documents;
    const short = documents.length < place.size;
    if (short && (options.thorough !== true || isEnd(documents, former))) return;
    former = short ? documents : undefined;
    place = next(place, documents);
  }
  throw new OperatorError('CLEARML_MALFORMED', { problem: 'endless listing' });
}

/** Documents of those of the ids that the list names; one that is not among them may still exist. */
export async function listTasksById(
  caller: Caller,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<readonly unknown[]> {
  // An empty list of ids would return every task (protocol 9.1).
  if (ids.length === 0) return [];
  const documents: unknown[] = [];
  const filter = { id: ids };
  for (let place: Place = { from: undefined, page: 0, size: PAGE_SIZE }; ;) {
    const fetched = await fetchPage(caller, filter, place, signal);
    documents.push(...fetched.documents);
    if (fetched.documents.length < fetched.place.size || documents.length >= ids.length) {
      return documents;
    }
    place = { ...fetched.place, page: fetched.place.page + 1 };
  }
}

/**
 * A task by id, or `missing` when ClearML says in so many words that there is none.
 *
 * @throws OperatorError with a code `CLEARML_*`
 */
export async function readTask(
  caller: Caller,
  id: string,
  signal: AbortSignal,
): Promise<TaskView | 'missing'> {
  const call = {
    endpoint: 'tasks.get_by_id',
    body: { task: id },
    parse: (data: AnswerData) => taskOf(data, id),
  };
  try {
    return await caller.call(call, signal);
  } catch (error) {
    if (isRefusal(error, 400, 101)) return 'missing';
    throw error;
  }
}

/** The newest stamp among tasks that match, in Unix ms; undefined when there is none. */
export async function newestStamp(
  caller: Caller,
  filter: TaskFilter,
  signal: AbortSignal,
): Promise<number | undefined> {
  const body = {
    ...filter,
    ...COMMON,
    only_fields: ['id', 'last_change'],
    order_by: ['-last_change'],
    page: 0,
    page_size: 1,
  };
  const documents = await caller.call(
    { endpoint: 'tasks.get_all_ex', body, parse: tasksOf },
    signal,
  );
  return stampOf(documents[0]);
}

const COMMON = { search_hidden: true, allow_public: false };

interface Place {
  readonly from: number | undefined;
  readonly page: number;
  readonly size: number;
}

async function fetchPage(
  caller: Caller,
  filter: TaskFilter,
  place: Place,
  signal: AbortSignal,
): Promise<{ readonly documents: readonly unknown[]; readonly place: Place }> {
  const body = {
    ...filter,
    ...COMMON,
    ...(place.from === undefined ? {} : { last_change: [`>=${formatStamp(place.from)}`] }),
    only_fields: TASK_FIELDS,
    order_by: ['last_change'],
    page: place.page,
    page_size: place.size,
  };
  try {
    const call = { endpoint: 'tasks.get_all_ex', body, parse: tasksOf };
    return { documents: await caller.call(call, signal), place };
  } catch (error) {
    const size = isTooLarge(error) ? SMALLER.get(place.size) : undefined;
    if (size === undefined) throw error;
    const page = (place.page * place.size) / size;
    return fetchPage(caller, filter, { from: place.from, page, size }, signal);
  }
}

/**
 * Behind the last stamp, where pages may grow again; by page while all tasks of a page carry the stamp that it began
 * with.
 */
function next(place: Place, documents: readonly unknown[]): Place {
  const last = stampOf(documents.at(-1));
  if (last !== undefined && (place.from === undefined || last > place.from)) {
    return { from: last, page: 0, size: LARGER.get(place.size) ?? PAGE_SIZE };
  }
  return { ...place, page: place.page + 1 };
}

/**
 * Whether a short page is the end: it is empty, shorter than the short page before it, or ends with the same task. Pages
 * of one length are what a server with a lower cap sends.
 */
function isEnd(documents: readonly unknown[], former: readonly unknown[] | undefined): boolean {
  if (documents.length === 0) return true;
  if (former === undefined) return false;
  return documents.length < former.length || fingerprint(documents) === fingerprint(former);
}

function fingerprint(documents: readonly unknown[]): string {
  const last = asRecord(documents.at(-1));
  return `${String(last?.['id'])} ${String(stampOf(last))}`;
}

function tasksOf(data: AnswerData): readonly unknown[] {
  const { tasks } = data;
  if (!Array.isArray(tasks)) throw new TypeError('no list of tasks');
  return tasks;
}

function taskOf(data: AnswerData, id: string): TaskView {
  const task = readTaskDocument(data['task']);
  if (task?.id !== id) throw new TypeError('not the task');
  return task;
}

function isTooLarge(error: unknown): boolean {
  return hasCode(error, 'CLEARML_MALFORMED') && error.details['problem'] === TOO_LARGE;
}

/** The ids of the documents that have one. */
export function idsOf(documents: readonly unknown[]): readonly string[] {
  return documents.flatMap((document) => {
    const id = (document as { readonly id?: unknown } | null)?.id;
    return typeof id === 'string' ? [id] : [];
  });
}
