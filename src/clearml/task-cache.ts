import type { TaskView } from '../domain/task-view.ts';
import { STATUSES, sameTask } from './task-document.ts';

/** What a document of a task did to what is known of it. */
export type Applied = 'changed' | 'unchanged' | 'ignored' | 'lookAgain';

interface Entry {
  view: TaskView;
  /** Number of the request that brought the view. */
  request: number;
  stamp: number;
  /** Undocumented status that was seen once, while the task ran. */
  strangeStatus: string | undefined;
}

const MISSING_LOOKS = 2;
const POOL_SIZE = 10_000;

/**
 * The last view of each task.
 *
 * @remarks
 * Two loops read at the same time, so an answer may be older than what is known. A document is used when its stamp is
 * newer, or its request was sent later, than those of the view.
 *
 * | said | becomes |
 * | --- | --- |
 * | a document | the view |
 * | a status that ClearML does not document, while the task ran | nothing, until a second look says the same |
 * | "no such task", once | nothing |
 * | "no such task", twice in a row | a view with the status `missing` |
 */
export class TaskCache {
  readonly #entries = new Map<string, Entry>();
  readonly #missing = new Map<string, number>();
  readonly #pool = new Map<string, string>();

  get(id: string): TaskView | undefined {
    return this.#entries.get(id)?.view;
  }

  has(id: string): boolean {
    return this.#entries.has(id);
  }

  ids(): Iterable<string> {
    return this.#entries.keys();
  }

  views(): readonly TaskView[] {
    return Array.from(this.#entries.values(), (entry) => entry.view);
  }

  delete(id: string): void {
    this.#entries.delete(id);
    this.#missing.delete(id);
  }

  /** Takes a view that request number `request` brought. */
  apply(view: TaskView, request: number): Applied {
    const { id } = view;
    this.#missing.delete(id);
    const stamp = Date.parse(view.lastChange ?? '') || 0;
    const entry = this.#entries.get(id);
    if (entry === undefined) {
      this.#entries.set(id, { view: this.#intern(view), request, stamp, strangeStatus: undefined });
      return 'changed';
    }
    if (stamp <= entry.stamp && request < entry.request) return 'ignored';
    if (isStrange(entry, view)) {
      entry.strangeStatus = view.status;
      return 'lookAgain';
    }
    const same = sameTask(entry.view, view);
    // Of an unchanged task the parts that are held stay, so that what was read can be collected.
    entry.view = same ? withStamp(entry.view, view.lastChange) : this.#intern(view);
    Object.assign(entry, { request, stamp, strangeStatus: undefined });
    return same ? 'unchanged' : 'changed';
  }

  /** Takes ClearML's word, by id, that there is no such task; true once it said so twice in a row. */
  applyMissing(id: string, request: number): boolean {
    const looks = (this.#missing.get(id) ?? 0) + 1;
    this.#missing.set(id, looks);
    if (looks < MISSING_LOOKS) return false;
    this.#missing.delete(id);
    const former = this.get(id);
    const view = former ?? { id, name: '', systemTags: [], tags: [], runtime: {}, status: '' };
    this.#entries.set(id, {
      view: { ...view, status: 'missing' },
      request,
      stamp: 0,
      strangeStatus: undefined,
    });
    return former?.status !== 'missing';
  }

  /** One copy of the ids that thousands of tasks share. */
  #intern(view: TaskView): TaskView {
    if (this.#pool.size > POOL_SIZE) this.#pool.clear();
    const { user, company, queue } = view;
    return {
      ...view,
      systemTags: view.systemTags.map((tag) => this.#pooled(tag)),
      ...(user === undefined ? {} : { user: this.#pooled(user) }),
      ...(company === undefined ? {} : { company: this.#pooled(company) }),
      ...(queue === undefined ? {} : { queue: this.#pooled(queue) }),
    };
  }

  #pooled(text: string): string {
    const pooled = this.#pool.get(text);
    if (pooled !== undefined) return pooled;
    this.#pool.set(text, text);
    return text;
  }
}

function isStrange(entry: Entry, view: TaskView): boolean {
  return (
    entry.view.status === 'in_progress' &&
    !STATUSES.has(view.status) &&
    entry.strangeStatus !== view.status
  );
}

function withStamp(view: TaskView, lastChange: string | undefined): TaskView {
  return lastChange === undefined || lastChange === view.lastChange
    ? view
    : { ...view, lastChange };
}
