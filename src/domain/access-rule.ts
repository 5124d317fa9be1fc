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

/** What is known of a request when it is judged. */
export interface AccessFacts {
  readonly caller: Caller;
  /** `unreadable` when ClearML says that there is no such task for this caller. */
  readonly task: ReadTask | 'unreadable';
  /** Company of the router's own account. */
  readonly company: string;
}

/** Role of tokens that ClearML hands to strangers. */
const GUEST = 'guest';

/** True for whoever has a token that ClearML hands to strangers. */
export function isGuest(caller: Caller): boolean {
  return caller.role === GUEST;
}

/**
 * Whether the rule lets this caller in.
 *
 * @remarks
 * A guest's token passes for an identity (protocol 9.1), and public tasks are readable for every company: neither is a
 * permission. Nothing but `guest` depends on roles.
 */
export function isAllowed(rule: AccessRule, { caller, task, company }: AccessFacts): boolean {
  if (isGuest(caller)) return false;
  if (rule === 'authenticated') return caller.company === company;
  if (task === 'unreadable' || task.company !== caller.company) return false;
  return rule === 'read' || task.owner === caller.id;
}
