import { Subject, type Observable } from 'rxjs';
import type { Clock, TaskSource } from '../controllers/contracts.ts';
import { MARK_KEY, parseMark } from '../domain/marks.ts';
import { EXTERNAL_TAG, asksForRoute, type TaskView } from '../domain/task-view.ts';
import { hasCode } from '../errors.ts';
import { PollLoop } from './poll-loop.ts';
import { QueueWatch } from './queue-watch.ts';
import { TaskCache } from './task-cache.ts';
import { readTaskDocument, stampOf } from './task-document.ts';
import {
  PAGE_SIZE,
  idsOf,
  listTasks,
  listTasksById,
  newestStamp,
  readTask,
  type Caller,
  type ListingOptions,
  type TaskFilter,
} from './task-queries.ts';
import { WatchHealth, type WatchState } from './watch-health.ts';

export type { WatchState } from './watch-health.ts';

/** What a {@link TaskWatcher} is made of. */
export interface TaskWatcherDeps {
  readonly caller: Caller;
  /** Names whose marks are ours: ROUTER_NAME, and the router that is taken over. */
  readonly routers: readonly string[];
  /** Ids of the tasks that have a TaskRoute of ours. */
  readonly held: () => ReadonlySet<string>;
  /** LISTEN_QUEUE_NAME as written; undefined serves every task. */
  readonly queues: string | undefined;
  readonly pollMs: number;
  readonly fullPassMs: number;
  readonly clock: Clock;
  /** From 0 up to 1. */
  readonly random: () => number;
}

const TAGGED: TaskFilter = { system_tags: [EXTERNAL_TAG] };
const RUNNING: TaskFilter = { ...TAGGED, status: ['in_progress'] };
const MARKED: TaskFilter = { [`runtime.${MARK_KEY}`]: { $exists: true } };
/** Tasks that carry a mark and ask for nothing any more. */
const LEFT_OVER: readonly TaskFilter[] = [
  { ...MARKED, status: ['-in_progress'] },
  { ...MARKED, system_tags: [`-${EXTERNAL_TAG}`] },
];
/** A write that the server stamped before one that was seen already, and committed after it, is met again. */
const OVERLAP_MS = 500;
/** `tasks.get_by_id` calls of one look; what is left comes with the next. */
const MAX_CONFIRMATIONS = 50;

/**
 * The tasks of ClearML that matter to this router.
 *
 * @remarks
 * Two loops, both tolerant of everything that ClearML may answer:
 *
 * | loop | asks for | tells |
 * | --- | --- | --- |
 * | poll | tagged tasks whose `last_change` is not before the last one seen; then the ids to look at again | what is new or has changed |
 * | full pass | queues; all running tagged tasks; by id the known and held tasks that were not among them; ended or untagged tasks with our mark | what the poll missed, and what is gone |
 *
 * Silence is not absence: a task leaves only by its own document (status, tag), or when `tasks.get_by_id` says twice that
 * it does not exist. An error, an empty page or a short one changes nothing.
 */
export class TaskWatcher implements TaskSource {
  readonly #deps: TaskWatcherDeps;
  readonly #cache = new TaskCache();
  readonly #queues: QueueWatch;
  readonly #changes = new Subject<string>();
  readonly #health: WatchHealth;
  readonly #again = new Set<string>();
  /** Of those, the ones that somebody waits for: told even when nothing differs from the view before. */
  readonly #asked = new Set<string>();
  readonly #poll: PollLoop;
  readonly #fullPass: PollLoop;
  #requests = 0;
  #newest: number | undefined;
  #probed = false;

  constructor(deps: TaskWatcherDeps) {
    const { caller, clock, random } = deps;
    this.#deps = deps;
    this.#health = new WatchHealth(clock);
    this.#queues = new QueueWatch({ caller, queues: deps.queues, clock });
    this.#poll = new PollLoop({
      step: (signal) => this.#pollOnce(signal),
      intervalMs: deps.pollMs,
      clock,
      random,
      onStep: (error) => this.#health.onPoll(error),
    });
    this.#fullPass = new PollLoop({
      step: (signal) => this.#passOnce(signal),
      intervalMs: deps.fullPassMs,
      clock,
      random,
      onStep: (error) => this.#health.onFullPass(error),
    });
  }

  get changes(): Observable<string> {
    return this.#changes;
  }

  /** Emits when {@link TaskWatcher.state} changed; the time of the last success alone is no change. */
  get stateChanges(): Observable<void> {
    return this.#health.changes;
  }

  get state(): WatchState {
    return { ...this.#health.state, unmatchedQueues: this.#queues.unmatched };
  }

  get synced(): boolean {
    return this.#health.synced;
  }

  /** Watches until the signal aborts; then it resolves. Call once. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#poll.run(signal), this.#fullPass.run(signal)]);
  }

  get(taskId: string): TaskView | undefined {
    return this.#cache.get(taskId);
  }

  ids(): Iterable<string> {
    return this.#cache.ids();
  }

  /** Whether the task's queue is ours; `unknown` while that cannot be told, and then nothing may change. */
  serves(task: TaskView): boolean | 'unknown' {
    return this.#queues.serves(task.queue);
  }

  forget(taskId: string): void {
    for (const known of [this.#cache, this.#again, this.#asked]) known.delete(taskId);
  }

  refresh(taskId: string): void {
    this.#again.add(taskId);
    this.#asked.add(taskId);
    this.#poll.wake();
  }

  async #pollOnce(signal: AbortSignal): Promise<void> {
    if (!this.#probed) {
      // Before the first full pass begins: what changes while it runs must be met by the poll.
      this.#newest = await newestStamp(this.#deps.caller, TAGGED, signal);
      this.#probed = true;
      this.#fullPass.wake();
    }
    if (this.#queues.due && (await this.#resolveQueues(signal))) {
      // Tasks of a queue that has just become ours were not kept.
      this.#fullPass.wake();
    }
    const from = this.#newest === undefined ? {} : { from: Math.max(this.#newest - OVERLAP_MS, 0) };
    await this.#list(TAGGED, from, signal, (documents) => {
      for (const document of documents) {
        this.#newest = Math.max(this.#newest ?? 0, stampOf(document) ?? 0);
      }
    });
    await this.#lookAgain(signal);
  }

  async #passOnce(signal: AbortSignal): Promise<void> {
    if (!this.#probed) return;
    await this.#resolveQueues(signal);
    const listed = new Set<string>();
    await this.#list(RUNNING, { thorough: true }, signal, (documents) => {
      for (const id of idsOf(documents)) listed.add(id);
    });
    await this.#look(this.#unlisted(listed), signal);
    for (const filter of LEFT_OVER) await this.#listLeftOver(filter, signal);
    this.#health.onSynced();
  }

  /** Reads a list and takes every document of it; `onPage` is told afterwards. */
  async #list(
    filter: TaskFilter,
    options: ListingOptions,
    signal: AbortSignal,
    onPage: (documents: readonly unknown[]) => void,
  ): Promise<void> {
    const pages = listTasks(this.#deps.caller, filter, options, signal);
    for (;;) {
      const request = ++this.#requests;
      const page = await pages.next();
      if (page.done === true) return;
      for (const document of page.value) this.#take(document, request);
      onPage(page.value);
    }
  }

  /** A server that refuses this query costs the clean-up after a lost state, and nothing else. */
  async #listLeftOver(filter: TaskFilter, signal: AbortSignal): Promise<void> {
    try {
      await this.#list(filter, { thorough: true }, signal, () => undefined);
    } catch (error) {
      if (!hasCode(error, 'CLEARML_REFUSED')) throw error;
    }
  }

  /** Tasks that should have been listed: those with routes, and those that asked for one when they were last seen. */
  #unlisted(listed: ReadonlySet<string>): readonly string[] {
    const asking = this.#cache.views().filter((view) => asksForRoute(view));
    const expected = new Set([...this.#deps.held(), ...asking.map((view) => view.id)]);
    return [...expected].filter((id) => !listed.has(id));
  }

  async #lookAgain(signal: AbortSignal): Promise<void> {
    const ids = [...this.#again];
    this.#again.clear();
    const asked = ids.filter((id) => this.#asked.delete(id));
    try {
      await this.#look(ids, signal);
    } catch (error) {
      ids.forEach((id) => this.#again.add(id));
      asked.forEach((id) => this.#asked.add(id));
      throw error;
    }
    // A value that was written and written over between two looks is no change of the view, and yet news.
    for (const id of asked) if (this.#cache.has(id)) this.#changes.next(id);
  }

  /** Looks at tasks by id; what a list leaves out is asked for one by one. */
  async #look(ids: readonly string[], signal: AbortSignal): Promise<void> {
    const absent: string[] = [];
    for (let start = 0; start < ids.length; start += PAGE_SIZE) {
      const block = ids.slice(start, start + PAGE_SIZE);
      const request = ++this.#requests;
      const documents = await listTasksById(this.#deps.caller, block, signal);
      for (const document of documents) this.#take(document, request);
      const found = new Set(idsOf(documents));
      absent.push(...block.filter((id) => !found.has(id)));
    }
    for (const id of absent.slice(0, MAX_CONFIRMATIONS)) await this.#confirm(id, signal);
    for (const id of absent.slice(MAX_CONFIRMATIONS)) this.#again.add(id);
  }

  async #confirm(id: string, signal: AbortSignal): Promise<void> {
    const request = ++this.#requests;
    const view = await this.#read(id, signal);
    if (view === undefined) return;
    if (view !== 'missing') {
      this.#takeView(view, request);
      return;
    }
    if (this.#cache.get(id)?.status === 'missing') return;
    if (this.#cache.applyMissing(id, request)) this.#changes.next(id);
    else this.#again.add(id);
  }

  /** Undefined when ClearML will not tell, or tells rubbish: one such task must not stop the loop for the others. */
  async #read(id: string, signal: AbortSignal): Promise<TaskView | 'missing' | undefined> {
    try {
      return await readTask(this.#deps.caller, id, signal);
    } catch (error) {
      if (hasCode(error, 'CLEARML_REFUSED') || hasCode(error, 'CLEARML_MALFORMED'))
        return undefined;
      throw error;
    }
  }

  #take(document: unknown, request: number): void {
    const view = readTaskDocument(document);
    if (view !== undefined) this.#takeView(view, request);
  }

  #takeView(view: TaskView, request: number): void {
    if (!this.#cache.has(view.id) && !this.#matters(view)) return;
    const applied = this.#cache.apply(view, request);
    if (applied === 'changed') this.#changes.next(view.id);
    if (applied === 'lookAgain') this.#again.add(view.id);
  }

  #matters(view: TaskView): boolean {
    if (this.#deps.held().has(view.id)) return true;
    // A full pass follows when an unknown queue turns out to be ours.
    if (asksForRoute(view) && this.serves(view) === true) return true;
    const mark = parseMark(view.runtime[MARK_KEY]);
    return mark !== undefined && this.#deps.routers.includes(mark.router);
  }

  async #resolveQueues(signal: AbortSignal): Promise<boolean> {
    const views = this.#cache.views();
    const former = views.map((view) => this.serves(view));
    const changed = await this.#queues.resolve(signal);
    if (!changed) return false;
    for (const [index, view] of views.entries()) {
      if (this.serves(view) !== former[index]) this.#changes.next(view.id);
    }
    this.#health.onQueues();
    return true;
  }
}
