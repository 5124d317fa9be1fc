import type { ApiWorld } from './call.ts';
import { isDict, toStored } from './json.ts';
import type { TaskDocument, TaskRecord } from './model.ts';
import { plantTask } from './plant.ts';
import type { SeedTask } from './seed.ts';
import { markAlive } from './task-access.ts';

/**
 * The tasks of an embedded API, for use from its own process: what workloads, agents and other
 * writers do, without HTTP. Every change moves the stamps as the same change by HTTP would.
 */
export class TaskDesk {
  readonly #world: ApiWorld;

  constructor(world: ApiWorld) {
    this.#world = world;
  }

  /** Number of tasks. */
  get size(): number {
    return this.#world.state.taskCount;
  }

  /** Ids in the order of creation. */
  ids(): readonly string[] {
    return [...this.#world.state.tasks()].map((task) => task.doc.id);
  }

  /** Adds a task in any status. Returns the id. */
  create(task: SeedTask): string {
    return plantTask(this.#world, task).doc.id;
  }

  /** A copy of a task as the API shows it; undefined when there is none. */
  get(id: string): Readonly<TaskDocument> | undefined {
    const task = this.#world.state.task(id);
    return task === undefined ? undefined : structuredClone(task.doc);
  }

  /** A copy of a task's runtime; empty when the task is gone or its runtime is no object. */
  runtime(id: string): Readonly<Record<string, unknown>> {
    const runtime = this.#world.state.task(id)?.doc.runtime;
    return isDict(runtime) ? structuredClone(runtime) : {};
  }

  /** Replaces the whole runtime, with anything. */
  setRuntime(id: string, runtime: unknown): void {
    this.#change(id, 'both', ({ doc }) => (doc.runtime = toStored(runtime)));
  }

  /** Sets and removes keys of the runtime; the others stay. */
  patchRuntime(
    id: string,
    set: Readonly<Record<string, unknown>>,
    remove: readonly string[] = [],
  ): void {
    this.#change(id, 'both', ({ doc }) => {
      const old = Object.entries(isDict(doc.runtime) ? doc.runtime : {});
      const kept = old.filter(([key]) => !remove.includes(key));
      doc.runtime = toStored(Object.fromEntries([...kept, ...Object.entries(set)]));
    });
  }

  /** Sets the status, whatever it was. */
  setStatus(id: string, status: string): void {
    this.#change(id, 'both', (task, stamp) => {
      task.doc.status = status;
      task.doc['status_changed'] = stamp();
      if (status === 'in_progress') task.doc.started ??= stamp();
    });
  }

  /** Replaces the system tags. */
  setSystemTags(id: string, tags: readonly string[]): void {
    this.#change(id, 'change', ({ doc }) => (doc.system_tags = [...tags]));
  }

  /** Renames a task. */
  rename(id: string, name: string): void {
    this.#change(id, 'change', ({ doc }) => (doc.name = name));
  }

  /** Moves both stamps, as every live task does each 30 seconds. */
  ping(id: string): void {
    const task = this.#world.state.task(id);
    if (task !== undefined) markAlive(this.#world, task);
  }

  /** Deletes a task. False when there was none. */
  remove(id: string): boolean {
    return this.#world.state.removeTask(id);
  }

  #change(
    id: string,
    which: 'both' | 'change',
    edit: (task: TaskRecord, stamp: () => string) => unknown,
  ): void {
    const task = this.#world.state.task(id);
    if (task === undefined) return;
    this.#world.state.touch(task, this.#world.stamper.next(), which);
    edit(task, () => task.doc.last_change);
  }
}
