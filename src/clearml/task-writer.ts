import type { RuntimePatch, TaskWriter } from '../controllers/contracts.ts';
import { survivesEditRuntime } from '../domain/runtime-keys.ts';
import type { TaskView } from '../domain/task-view.ts';
import { OperatorError } from '../errors.ts';
import type { AnswerData } from './answer.ts';
import type { ClearmlClient } from './client.ts';
import { rawMembers, rawValueAt, type RawMember } from './lenient-json.ts';
import { readTask } from './task-queries.ts';

/** What a {@link ClearmlTaskWriter} is made of. */
export interface TaskWriterDeps {
  readonly client: Pick<ClearmlClient, 'call' | 'hasEditRuntime'>;
}

/** A key that makes every later `tasks.edit` of the task answer 500 (protocol 9.1). */
const POISON_KEY = '_cls';

/** Reads and writes single tasks through the ClearML API. */
export class ClearmlTaskWriter implements TaskWriter {
  readonly #client: TaskWriterDeps['client'];

  constructor(deps: TaskWriterDeps) {
    this.#client = deps.client;
  }

  get hasEditRuntime(): boolean {
    return this.#client.hasEditRuntime;
  }

  /** @throws OperatorError with a code `CLEARML_*` */
  async read(taskId: string, signal: AbortSignal): Promise<TaskView | 'missing'> {
    return readTask(this.#client, taskId, signal);
  }

  /**
   * Sets and removes keys atomically.
   *
   * @throws OperatorError with a code `CLEARML_*`; `UNEXPECTED` for a key that the server would store under another name
   */
  async editRuntime(taskId: string, patch: RuntimePatch, signal: AbortSignal): Promise<void> {
    // One key in both lists makes the server answer 500.
    const remove = patch.remove.filter((key) => !Object.hasOwn(patch.set, key));
    const keys = [...Object.keys(patch.set), ...remove];
    if (keys.length === 0) return;
    const mangled = keys.find((key) => !survivesEditRuntime(key));
    if (mangled !== undefined) throw new OperatorError('UNEXPECTED', { key: mangled });
    const body = { task: taskId, add_or_update: patch.set, remove };
    await this.#client.call({ endpoint: 'tasks.edit_runtime', body, parse: checkUpdated }, signal);
  }

  /**
   * Reads the runtime and at once writes it back whole, with the patch in it. Every other key and value is written back
   * exactly as it was read, byte by byte; nothing is written when nothing would change.
   *
   * @throws OperatorError with a code `CLEARML_*`; `CLEARML_REFUSED` with a `problem` when the runtime is not an object
   *   or cannot be written by anybody
   */
  async replaceRuntime(taskId: string, patch: RuntimePatch, signal: AbortSignal): Promise<void> {
    const read = {
      endpoint: 'tasks.get_by_id',
      body: { task: taskId },
      parse: (_data: AnswerData, text: string) => rawRuntime(text, taskId),
    };
    const members = await this.#client.call(read, signal);
    const patched = patchMembers(members, patch);
    if (patched === undefined) return;
    const runtime = patched.map((member) => `${member.keyText}:${member.value}`).join(',');
    const body = `{"task":${JSON.stringify(taskId)},"force":true,"runtime":{${runtime}}}`;
    await this.#client.call({ endpoint: 'tasks.edit', body, parse: checkUpdated }, signal);
  }
}

/** The members of the task's runtime as the server wrote them. */
function rawRuntime(text: string, taskId: string): readonly RawMember[] {
  if (rawValueAt(text, ['data', 'task', 'id']) !== JSON.stringify(taskId)) {
    throw new TypeError('not the task');
  }
  const runtime = rawValueAt(text, ['data', 'task', 'runtime']);
  if (runtime === 'null') return [];
  // A document without a runtime is a cut one: an empty dict in its place would wipe out what the task wrote.
  if (runtime === undefined) throw new TypeError('no runtime');
  if (!runtime.startsWith('{')) {
    throw new OperatorError('CLEARML_REFUSED', { problem: 'the runtime is not an object' });
  }
  const members = rawMembers(runtime);
  if (members.some((member) => member.key === POISON_KEY)) {
    throw new OperatorError('CLEARML_REFUSED', { problem: `the runtime has a key ${POISON_KEY}` });
  }
  return members;
}

/** The members after the patch; undefined when they are the same. */
function patchMembers(
  members: readonly RawMember[],
  patch: RuntimePatch,
): readonly RawMember[] | undefined {
  const desired = new Map(
    Object.entries(patch.set).map(([key, value]) => [key, JSON.stringify(value)]),
  );
  const removed = new Set(patch.remove.filter((key) => !desired.has(key)));
  const kept = members.filter((member) => !desired.has(member.key) && !removed.has(member.key));
  const same = members.filter((member) => sameValue(desired.get(member.key), member.value));
  if (kept.length + same.length === members.length && same.length === desired.size)
    return undefined;
  const set = [...desired].map(([key, value]) => ({ key, keyText: JSON.stringify(key), value }));
  return [...kept, ...set];
}

/** The server escapes what we do not, so text is compared by its meaning and numbers by their form. */
function sameValue(desired: string | undefined, observed: string): boolean {
  if (desired === undefined) return false;
  if (desired === observed) return true;
  return (
    desired.startsWith('"') &&
    observed.startsWith('"') &&
    JSON.parse(desired) === JSON.parse(observed)
  );
}

/** `updated` is 1 for every write that found its task, also for one that changes nothing. */
function checkUpdated(data: AnswerData): void {
  if (data['updated'] !== 1) {
    throw new OperatorError('CLEARML_MALFORMED', { problem: 'the write updated nothing' });
  }
}
