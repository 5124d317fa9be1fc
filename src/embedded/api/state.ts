import type {
  Company,
  Credential,
  Project,
  Queue,
  RouteDocument,
  TaskRecord,
  User,
  Worker,
} from './model.ts';
import { formatStamp } from './stamps.ts';

/**
 * Everything the embedded API remembers, in memory.
 *
 * @remarks
 * Tasks hang in a list in the order of their last change, so that a ping is cheap and a poll by
 * `last_change` touches only what changed since.
 */
export class EmbeddedState {
  readonly companies = new Map<string, Company>();
  readonly users = new Map<string, User>();
  readonly credentials = new Map<string, Credential>();
  readonly queues = new Map<string, Queue>();
  readonly projects = new Map<string, Project>();
  readonly workers = new Map<string, Worker>();
  readonly revokedSessions = new Set<string>();
  /** Position of each scroll, by id. */
  readonly scrolls = new Map<string, number>();
  readonly containers = new Map<string, unknown>();
  routes: readonly RouteDocument[] = [];
  readonly #tasks = new Map<string, TaskRecord>();
  #latest: TaskRecord | undefined;

  /** The task of this id. */
  task(id: string): TaskRecord | undefined {
    return this.#tasks.get(id);
  }

  /** All tasks in the order of their creation. */
  tasks(): Iterable<TaskRecord> {
    return this.#tasks.values();
  }

  /** Number of tasks. */
  get taskCount(): number {
    return this.#tasks.size;
  }

  /** The tasks that changed at or after this time, latest first. */
  *changedSince(ms: number): Generator<TaskRecord> {
    for (let task = this.#latest; task !== undefined; task = task.earlier) {
      if (task.lastChange < ms) return;
      yield task;
    }
  }

  /** Adds a task, at its place in the order of changes. */
  addTask(task: TaskRecord): void {
    this.#tasks.set(task.doc.id, task);
    this.#link(task);
  }

  /** Removes a task. */
  removeTask(id: string): boolean {
    const task = this.#tasks.get(id);
    if (task === undefined) return false;
    this.#unlink(task);
    return this.#tasks.delete(id);
  }

  /** Moves `last_change`, and `last_update` with it unless only what users edit changed (protocol 4.5). */
  touch(task: TaskRecord, ms: number, which: 'both' | 'change'): void {
    task.doc.last_change = formatStamp(ms);
    if (which === 'both') task.doc.last_update = task.doc.last_change;
    this.#unlink(task);
    task.lastChange = ms;
    this.#link(task);
  }

  /** The user who signs in with this name. */
  userByLogin(login: string): User | undefined {
    return [...this.users.values()].find((user) => user.login === login);
  }

  #link(task: TaskRecord): void {
    let before = this.#latest;
    while (before !== undefined && before.lastChange > task.lastChange) before = before.earlier;
    const after = before === undefined ? this.#earliest() : before.later;
    if (before !== undefined) {
      task.earlier = before;
      before.later = task;
    }
    if (after !== undefined) {
      task.later = after;
      after.earlier = task;
    } else {
      this.#latest = task;
    }
  }

  #unlink(task: TaskRecord): void {
    if (this.#latest === task) this.#latest = task.earlier;
    if (task.earlier !== undefined) relink(task.earlier, 'later', task.later);
    if (task.later !== undefined) relink(task.later, 'earlier', task.earlier);
    delete task.earlier;
    delete task.later;
  }

  #earliest(): TaskRecord | undefined {
    let task = this.#latest;
    while (task?.earlier !== undefined) task = task.earlier;
    return task;
  }
}

function relink(task: TaskRecord, side: 'earlier' | 'later', to: TaskRecord | undefined): void {
  if (to !== undefined) task[side] = to;
  else if (side === 'earlier') delete task.earlier;
  else delete task.later;
}
