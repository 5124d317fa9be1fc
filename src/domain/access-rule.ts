/** Who may use a task's endpoints; see `CLEARWAY_ACCESS`. */
export const ACCESS_RULES = ['read', 'owner', 'authenticated'] as const;

/** One of {@link ACCESS_RULES}. */
export type AccessRule = (typeof ACCESS_RULES)[number];

/** A caller, as ClearML knows the owner of a token. */
export interface Caller {
  readonly id: string;
  readonly company: string;
  readonly role: string;
}

/** A task, as far as its caller may read it. */
export interface ReadTask {
  /** User whose task it is. */
  readonly owner: string;
  /** Empty for a public task. */
  readonly company: string;
}

/** Role of tokens that ClearML hands to strangers. */
const GUEST = 'guest';

/** True for whoever has a token that ClearML hands to strangers. */
export function isGuest(caller: Caller): boolean {
  return caller.role === GUEST;
}

/**
 * Whether a rule about tasks lets in a caller who can read this one.
 *
 * @remarks A public task is readable for every company, which is no permission (protocol 9.1).
 */
export function mayUse(
  rule: Exclude<AccessRule, 'authenticated'>,
  caller: Caller,
  task: ReadTask,
): boolean {
  return task.company === caller.company && (rule === 'read' || task.owner === caller.id);
}
