import type {
  ClearmlCredential,
  ClearmlIdentity,
  IssuedToken,
  NamedCaller,
  Said,
} from '../access/contracts.ts';
import type { ReadTask } from '../domain/access-rule.ts';
import { OperatorError, hasCode } from '../errors.ts';
import { asRecord, type AnswerData } from './answer.ts';
import type { Call, ClearmlClient } from './client.ts';
import { readReference } from './task-document.ts';
import { readClaims } from './token.ts';

/** What {@link ClearmlPeople} are made of. */
export interface PeopleDeps {
  readonly client: Pick<ClearmlClient, 'callAs' | 'company'>;
}

/** Longest life of a token that ClearML hands out, in seconds (protocol 9.3). */
const LONGEST_SECONDS = 31_536_000;

/**
 * Asks ClearML about a caller, with the caller's own credential.
 *
 * @remarks
 * | ClearML's answer | what it said |
 * | --- | --- |
 * | success | the answer |
 * | 401 | `unauthenticated` |
 * | 400 or 403 | `refused`: there is no such user, or no such task for this one |
 * | 404: a path that the server does not know, which says nothing about the caller | `unavailable` |
 * | 5xx (its Redis or database is down: protocol 9.1), throttled, time-out, broken off, not readable, or about something else | `unavailable` |
 * | not asked: too many others wait | `unavailable` |
 */
export class ClearmlPeople implements ClearmlIdentity {
  readonly #client: PeopleDeps['client'];

  constructor(deps: PeopleDeps) {
    this.#client = deps.client;
  }

  get company(): string | undefined {
    return this.#client.company;
  }

  logIn(
    credential: ClearmlCredential,
    seconds: number,
    signal: AbortSignal,
  ): Promise<Said<IssuedToken>> {
    // 0 would mean 30 days, and -1 is accepted (protocol 9.3).
    const life = Math.min(Math.max(Math.floor(seconds), 1), LONGEST_SECONDS);
    const body = { expiration_sec: life };
    return this.#ask(credential, { endpoint: 'auth.login', body, parse: readToken }, signal);
  }

  whoIs(credential: ClearmlCredential, signal: AbortSignal): Promise<Said<NamedCaller>> {
    const call = { endpoint: 'users.get_current_user', body: {}, parse: readCaller };
    return this.#ask(credential, call, signal);
  }

  readTask(
    credential: ClearmlCredential,
    task: string,
    signal: AbortSignal,
  ): Promise<Said<ReadTask>> {
    const parse = (data: AnswerData): ReadTask => {
      const document = asRecord(data['task']);
      if (document?.['id'] !== task) throw new TypeError('not the task');
      return {
        owner: readReference(document['user']) ?? '',
        company: readReference(document['company']) ?? '',
      };
    };
    return this.#ask(credential, { endpoint: 'tasks.get_by_id', body: { task }, parse }, signal);
  }

  async logOut(token: string, signal: AbortSignal): Promise<boolean> {
    const call = { endpoint: 'auth.logout', body: {}, parse: () => true };
    const answer = await this.#ask({ scheme: 'Bearer', token }, call, signal);
    // A token that ClearML refuses has ended already.
    return 'said' in answer || answer.verdict === 'unauthenticated';
  }

  async #ask<T>(
    credential: ClearmlCredential,
    call: Call<T>,
    signal: AbortSignal,
  ): Promise<Said<T>> {
    try {
      return { said: await this.#client.callAs(credential, call, signal) };
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof OperatorError)) throw error;
      if (hasCode(error, 'CLEARML_UNAUTHORIZED')) return { verdict: 'unauthenticated' };
      return { verdict: isClearRefusal(error) ? 'refused' : 'unavailable' };
    }
  }
}

function isClearRefusal(error: OperatorError): boolean {
  const status = error.details['code'];
  return error.code === 'CLEARML_REFUSED' && (status === 400 || status === 403);
}

function readToken(data: AnswerData): IssuedToken {
  const { token } = data;
  const claims = typeof token === 'string' ? readClaims(token) : undefined;
  if (typeof token !== 'string' || claims === undefined) throw new TypeError('no token');
  const { expires } = claims;
  return { token, ...(expires === undefined ? {} : { expires: expires * 1_000 }) };
}

function readCaller(data: AnswerData): NamedCaller {
  const user = asRecord(data['user']);
  const id = readReference(user);
  const company = readReference(user?.['company']);
  if (id === undefined || company === undefined) throw new TypeError('no user');
  const { role, name } = user ?? {};
  return { id, company, role: asText(role), name: asText(name) };
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
