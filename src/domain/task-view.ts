/**
 * What Clearway knows of a ClearML task.
 *
 * @remarks
 * `runtime` holds only the keys that Clearway knows (see `pickKnownKeys`): a task's runtime also holds
 * passwords and keys of its user, which are never kept or logged.
 */
export interface TaskView {
  readonly id: string;
  readonly name: string;
  /** ClearML status, `in_progress` while it runs; `missing` once ClearML said twice that it does not exist. */
  readonly status: string;
  readonly systemTags: readonly string[];
  readonly tags: readonly string[];
  readonly user?: string;
  readonly company?: string;
  /** Id of the queue. */
  readonly queue?: string;
  readonly runtime: KnownRuntime;
  /** ClearML's stamp, ISO 8601: moves with every ping, so it is not part of a comparison. */
  readonly lastChange?: string;
}

/** The keys of a task's runtime that Clearway knows, with their values as they came. */
export type KnownRuntime = Readonly<Record<string, unknown>>;

/** The system tag that asks a gateway for an external address (protocol section 0). */
export const EXTERNAL_TAG = 'external_service';

/** True when the task runs and asks for an external address. */
export function asksForRoute(task: TaskView): boolean {
  return task.status === 'in_progress' && task.systemTags.includes(EXTERNAL_TAG);
}
