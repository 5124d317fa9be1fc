import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import type {
  AccessAnswer,
  AccessDecider,
  AccessQuestion,
  Clock,
} from '../controllers/contracts.ts';
import type { AccessRule, ReadTask } from '../domain/access-rule.ts';
import type { TokenAttempts } from './attempts.ts';
import type {
  AttemptAnswer,
  Attempts,
  ClearmlCredential,
  ClearmlIdentity,
  NamedCaller,
  Said,
  Sessions,
} from './contracts.ts';
import { readBasic, readSession, readToken, type Claim } from './credential.ts';
import { Flights } from './flights.ts';
import { judge, needsTask, NO_TASK } from './judge.ts';
import type { OfflineCheck } from './offline-check.ts';

/** What a {@link ClearmlDecider} works with. */
export interface DeciderDeps {
  readonly rule: AccessRule;
  readonly identity: Pick<ClearmlIdentity, 'whoIs' | 'readTask' | 'company'>;
  readonly sessions: Pick<Sessions, 'open'>;
  readonly passwords: Attempts;
  readonly tokens: Pick<TokenAttempts, 'begin'>;
  readonly offline: Pick<OfflineCheck, 'isForged'>;
  /** Generation of the route table: it grows with each revocation. */
  readonly generation: () => number;
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Logger;
}

/** A question with what identifies its flights. */
interface Asked {
  readonly question: AccessQuestion;
  readonly claim: Claim;
  /** Hash of the credential. */
  readonly hash: string;
  readonly flight: string;
}

const UNAUTHENTICATED: AccessAnswer = { verdict: 'unauthenticated' };

/**
 * Decides by asking ClearML with the caller's own credential: who this is, and whether the task can be read.
 *
 * @remarks
 * The moves of a question: its credential is read (a session is opened); what is expired, forged or garbled ends there. Then the
 * limits on wrong passwords and unknown tokens; then the two calls, side by side, each once for all who ask the same
 * at the same time; then {@link judge}.
 *
 * A call that began before a revocation says nothing after it, and the proxy stamps a decision with the generation at which
 * it asked. So calls are shared only among questions of one generation, else an old answer would get a new stamp.
 */
export class ClearmlDecider implements AccessDecider {
  readonly #deps: DeciderDeps;
  readonly #callers = new Flights<Said<NamedCaller>>();
  readonly #tasks = new Flights<Said<ReadTask>>();
  #hasWarned = false;

  constructor(deps: DeciderDeps) {
    this.#deps = deps;
  }

  async decide(question: AccessQuestion, signal: AbortSignal): Promise<AccessAnswer> {
    // Before anything is waited for: it is the one that the answer is stamped with.
    const generation = this.#deps.generation();
    const claim = await this.#read(question);
    if (claim === undefined) return UNAUTHENTICATED;
    signal.throwIfAborted();
    const hash = hashOf(claim.credential);
    const asked = { question, claim, hash, flight: `${generation} ${hash}` };
    const attempt = this.#callers.has(asked.flight) ? undefined : this.#begin(asked);
    if (attempt?.allowed === false) return { verdict: 'throttled' };
    const answer = await this.#ask(asked, attempt, signal);
    return this.#settle(answer, asked);
  }

  /** What the credential is to ClearML; undefined when it is worth no call. */
  async #read(question: AccessQuestion): Promise<Claim | undefined> {
    const { sessions, clock, offline } = this.#deps;
    switch (question.kind) {
      case 'session': {
        const session = await sessions.open(question.credential, question.host);
        return session === undefined ? undefined : readSession(session, clock.now());
      }
      case 'basic':
        return readBasic(question.credential);
      case 'cookie':
      case 'bearer': {
        const claim = readToken(question, clock.now());
        if (claim?.credential.scheme !== 'Bearer') return undefined;
        return (await offline.isForged(claim.credential.token)) ? undefined : claim;
      }
    }
  }

  #begin({ question, claim, hash }: Asked): AttemptAnswer {
    const { passwords, tokens } = this.#deps;
    const address = question.client === undefined ? {} : { address: question.client };
    return claim.credential.scheme === 'Basic'
      ? passwords.begin({ ...address, name: claim.credential.name })
      : tokens.begin({ ...address, credential: hash });
  }

  async #ask(
    { question, claim, flight }: Asked,
    attempt: AttemptAnswer | undefined,
    signal: AbortSignal,
  ): Promise<AccessAnswer> {
    const { identity, rule } = this.#deps;
    const { credential } = claim;
    const { task } = question;
    const [caller, read] = await Promise.all([
      this.#callers.join(flight, (both) => this.#whoIs(credential, attempt, both), signal),
      needsTask(rule, task)
        ? this.#tasks.join(
            `${flight} ${task}`,
            (both) => identity.readTask(credential, task, both),
            signal,
          )
        : undefined,
    ]);
    const { company } = identity;
    if (rule === 'authenticated' && company === undefined) this.#warn();
    return judge({ rule, hasRoute: task !== NO_TASK, caller, task: read, company });
  }

  async #whoIs(
    credential: ClearmlCredential,
    attempt: AttemptAnswer | undefined,
    signal: AbortSignal,
  ): Promise<Said<NamedCaller>> {
    let outcome: Parameters<Extract<AttemptAnswer, { allowed: true }>['end']>[0] = 'unknown';
    try {
      const answer = await this.#deps.identity.whoIs(credential, signal);
      if ('said' in answer) outcome = 'succeeded';
      else if (answer.verdict !== 'unavailable') outcome = 'failed';
      return answer;
    } finally {
      if (attempt?.allowed === true) attempt.end(outcome);
    }
  }

  /** Adds what the decision hangs on. */
  async #settle(answer: AccessAnswer, { question, claim }: Asked): Promise<AccessAnswer> {
    if (answer.verdict !== 'allow' && answer.verdict !== 'deny') return answer;
    const { session, expires } = claim;
    const known = { ...answer, ...(expires === undefined ? {} : { expires }) };
    if (session === undefined) return known;
    // Signed out while ClearML was asked, or a session of somebody else than the token's owner.
    const still = await this.#deps.sessions.open(question.credential, question.host);
    return still?.user === answer.user ? { ...known, session: session.id } : UNAUTHENTICATED;
  }

  #warn(): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const rule = 'authenticated';
    this.#deps.logger.warn({ rule }, 'company of our own account is not known: nobody gets in');
  }
}

/** A credential as something that may be remembered and compared: it holds no secret. */
function hashOf(credential: ClearmlCredential): string {
  const parts =
    credential.scheme === 'Bearer'
      ? [credential.scheme, credential.token]
      : [credential.scheme, credential.name, credential.secret];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}
