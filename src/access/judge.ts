import type { AccessAnswer } from '../controllers/contracts.ts';
import { mayUse, isGuest, type AccessRule, type ReadTask } from '../domain/access-rule.ts';
import type { NamedCaller, Said } from './contracts.ts';

/** Stands for the task where no route has the address that was asked for. */
export const NO_TASK = '-';

/** What is known when somebody is judged. */
export interface Evidence {
  readonly rule: AccessRule;
  /** False for an address that no route has. */
  readonly hasRoute: boolean;
  /** Answer of `users.get_current_user`. */
  readonly caller: Said<NamedCaller>;
  /** Answer of `tasks.get_by_id`; undefined when it was not asked for: see {@link needsTask}. */
  readonly task: Said<ReadTask> | undefined;
  /** Company of the router's own account; undefined while nobody knows it. */
  readonly company: string | undefined;
}

/** Whether the verdict hangs on the task, so that ClearML must be asked about it. */
export function needsTask(rule: AccessRule, task: string): boolean {
  return task !== NO_TASK && rule !== 'authenticated';
}

/**
 * The verdict on a caller.
 *
 * @remarks
 * Both calls must succeed: a deleted user's token still reads tasks, and a guest's is a valid identity of another
 * company (protocol 9.1). Never `allow` where no route has the address.
 *
 * | `users.get_current_user` | `tasks.get_by_id` | verdict |
 * | --- | --- | --- |
 * | unauthenticated, or refused: no such user | any | unauthenticated |
 * | any | unauthenticated | unauthenticated |
 * | unavailable | any other | unavailable |
 * | a guest | any other | deny |
 * | a user | refused: no such task for the caller | deny |
 * | a user | unavailable | unavailable |
 * | a user | success | allow or deny, by the rule |
 * | a user; no route has the address | not asked | deny |
 * | a user; rule `authenticated` | not asked | allow or deny, by the rule; unavailable while the router's company is not known |
 */
export function judge(evidence: Evidence): AccessAnswer {
  const { caller, task } = evidence;
  const verdicts = [caller, task].map((part) =>
    part !== undefined && 'verdict' in part ? part.verdict : undefined,
  );
  if (verdicts[0] === 'refused' || verdicts.includes('unauthenticated')) {
    return { verdict: 'unauthenticated' };
  }
  if ('verdict' in caller) return { verdict: 'unavailable' };
  const verdict = judgeCaller(evidence, caller.said);
  return verdict === 'unavailable' ? { verdict } : { verdict, user: caller.said.id };
}

function judgeCaller(evidence: Evidence, caller: NamedCaller): 'allow' | 'deny' | 'unavailable' {
  const { rule, hasRoute, task } = evidence;
  if (!hasRoute || isGuest(caller)) return 'deny';
  if (rule === 'authenticated') return judgeCompany(evidence, caller);
  if (task === undefined || 'verdict' in task) {
    return task?.verdict === 'refused' ? 'deny' : 'unavailable';
  }
  return mayUse(rule, caller, task.said) ? 'allow' : 'deny';
}

function judgeCompany(
  { company }: Evidence,
  caller: NamedCaller,
): 'allow' | 'deny' | 'unavailable' {
  if (company === undefined) return 'unavailable';
  return caller.company === company ? 'allow' : 'deny';
}
