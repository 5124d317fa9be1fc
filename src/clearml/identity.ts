import type { AccessAnswer, AccessDecider, AccessQuestion } from '../controllers/contracts.ts';
import { OperatorError, hasCode } from '../errors.ts';
import { asRecord, type AnswerData } from './answer.ts';
import type { ClearmlClient } from './client.ts';
import { readReference } from './task-document.ts';
import { readClaims } from './token.ts';

/** What a {@link ClearmlAccess} is made of. */
export interface AccessDeps {
  readonly client: Pick<ClearmlClient, 'callAs'>;
}

interface Caller {
  readonly id: string;
  readonly company: string;
  readonly role: string;
}

/** One call's result: what it found, or what it means for the caller. */
type Found<T> =
  { readonly found: T } | { readonly verdict: 'deny' | 'unauthenticated' | 'unavailable' };

const GUEST = 'guest';

/**
 * Asks ClearML, with the caller's own token, who the caller is and whether the task may be read.
 *
 * @remarks
 * Both calls must succeed: a deleted user's token still reads tasks, and a guest's is a valid identity of another
 * company (protocol 9.1).
 *
 * | `users.get_current_user` | `tasks.get_by_id` | verdict |
 * | --- | --- | --- |
 * | 401, or no such user | any | unauthenticated |
 * | any | 401 | unauthenticated |
 * | a guest | any | deny |
 * | any | 400 or 403 (no such task for the caller) | deny |
 * | 5xx, time-out, throttled, not readable | the same, or success | unavailable |
 * | user of the task's company | success | allow |
 * | user of another company | success (a public task) | deny |
 */
export class ClearmlAccess implements AccessDecider {
  readonly #client: AccessDeps['client'];

  constructor(deps: AccessDeps) {
    this.#client = deps.client;
  }

  async decide(question: AccessQuestion, signal: AbortSignal): Promise<AccessAnswer> {
    const token = bareToken(question);
    if (token === undefined) return { verdict: 'unauthenticated' };
    const [caller, company] = await Promise.all([
      outcome(this.#whoIs(token, signal), 'unauthenticated', signal),
      outcome(this.#companyOf(token, question.task, signal), 'deny', signal),
    ]);
    return judge(caller, company, readClaims(token)?.expires);
  }

  async #whoIs(token: string, signal: AbortSignal): Promise<Caller> {
    const call = { endpoint: 'users.get_current_user', body: {}, parse: readCaller };
    return this.#client.callAs(token, call, signal);
  }

  async #companyOf(token: string, task: string, signal: AbortSignal): Promise<string> {
    const parse = (data: AnswerData): string => {
      const document = asRecord(data['task']);
      if (document?.['id'] !== task) throw new TypeError('not the task');
      return readReference(document['company']) ?? '';
    };
    return this.#client.callAs(
      token,
      { endpoint: 'tasks.get_by_id', body: { task }, parse },
      signal,
    );
  }
}

function judge(
  caller: Found<Caller>,
  company: Found<string>,
  expires: number | undefined,
): AccessAnswer {
  const verdicts = [caller, company].flatMap((part) => ('verdict' in part ? [part.verdict] : []));
  if (verdicts.includes('unauthenticated')) return { verdict: 'unauthenticated' };
  if ('verdict' in caller) return { verdict: 'unavailable' };
  const { id: user, role } = caller.found;
  const known = { user, ...(expires === undefined ? {} : { expires: expires * 1000 }) };
  if (role === GUEST || verdicts.includes('deny')) return { verdict: 'deny', ...known };
  if ('verdict' in company) return { verdict: 'unavailable' };
  return { verdict: caller.found.company === company.found ? 'allow' : 'deny', ...known };
}

/** A refusal (400 or 403) becomes `refused`; whatever is no clear answer, `unavailable`. */
async function outcome<T>(
  call: Promise<T>,
  refused: 'deny' | 'unauthenticated',
  signal: AbortSignal,
): Promise<Found<T>> {
  try {
    return { found: await call };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof OperatorError)) throw error;
    if (hasCode(error, 'CLEARML_UNAUTHORIZED')) return { verdict: 'unauthenticated' };
    return { verdict: isClearRefusal(error) ? refused : 'unavailable' };
  }
}

/** A 404 is a path that the server does not know, which says nothing about the caller. */
function isClearRefusal(error: OperatorError): boolean {
  const status = error.details['code'];
  return error.code === 'CLEARML_REFUSED' && (status === 400 || status === 403);
}

function readCaller(data: AnswerData): Caller {
  const user = asRecord(data['user']);
  const id = readReference(user);
  const company = readReference(user?.['company']);
  if (id === undefined || company === undefined) throw new TypeError('no user');
  const role = user?.['role'];
  return { id, company, role: typeof role === 'string' ? role : '' };
}

/** The token of a credential; a cookie's value may be quoted. Text that is no JWT is not sent to ClearML. */
function bareToken(question: AccessQuestion): string | undefined {
  const text = question.credential.trim();
  const token = question.kind === 'cookie' ? (/^"(.*)"$/.exec(text)?.[1] ?? text) : text;
  return readClaims(token) === undefined ? undefined : token;
}
