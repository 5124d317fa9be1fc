import type { Caller, ReadTask } from '../domain/access-rule.ts';

/** What goes into an Authorization header towards ClearML: a token, or a name with its secret. */
export type ClearmlCredential =
  | { readonly scheme: 'Bearer'; readonly token: string }
  | { readonly scheme: 'Basic'; readonly name: string; readonly secret: string };

/** What ClearML said: an answer, a clear no, nobody with this credential, or nothing that can be used. */
export type Said<T> =
  { readonly said: T } | { readonly verdict: 'refused' | 'unauthenticated' | 'unavailable' };

/** A caller with the name that pages show. */
export interface NamedCaller extends Caller {
  readonly name: string;
}

/** A token that ClearML handed out. */
export interface IssuedToken {
  readonly token: string;
  /** Unix time in ms; absent for a token that does not end. */
  readonly expires?: number;
}

/** ClearML, as far as it knows people. Every call is made with the caller's own credential. */
export interface ClearmlIdentity {
  /** `auth.login`: a new token for `seconds`. */
  logIn(
    credential: ClearmlCredential,
    seconds: number,
    signal: AbortSignal,
  ): Promise<Said<IssuedToken>>;
  /** `users.get_current_user`. */
  whoIs(credential: ClearmlCredential, signal: AbortSignal): Promise<Said<NamedCaller>>;
  /** `tasks.get_by_id`; `refused` when there is no such task for this caller. */
  readTask(
    credential: ClearmlCredential,
    task: string,
    signal: AbortSignal,
  ): Promise<Said<ReadTask>>;
  /** `auth.logout`: ends the token. Never throws but on abort; false when ClearML did not confirm. */
  logOut(token: string, signal: AbortSignal): Promise<boolean>;
  /** Company of the router's own account; undefined before ClearML has said so. */
  readonly company: string | undefined;
}

/** Someone who signed in at the gateway. */
export interface Session {
  /** Random; the sessions that a hand-over made for route hosts carry the id of the session they came from. */
  readonly id: string;
  /** Id of the ClearML user. */
  readonly user: string;
  /** What pages call the user. */
  readonly name: string;
  /** The ClearML token that the session stands for. */
  readonly token: string;
  /** Key of the route whose host the session is for; absent on the main host. */
  readonly host?: string;
  /** Unix times in ms. */
  readonly issued: number;
  readonly expires: number;
}

/** Sessions as cookies hold them: sealed, so that nobody can make, read or change one. */
export interface Sessions {
  /** The value of the cookie. */
  seal(session: Session): Promise<string>;
  /** The session in a cookie's value; undefined when it is none of ours, has ended, was revoked, or is for another host. */
  open(value: string, host: string | undefined): Promise<Session | undefined>;
  /** Ends this session, and those that a hand-over made of it, for good; open connections end. */
  revoke(session: Session): Promise<void>;
  /** Ends every session of the user that was issued before now. */
  revokeUser(user: string): Promise<void>;
}

/** Someone who tries a password, or an API key with its secret. */
export interface Attempt {
  /** Address of the caller as the proxy saw it; absent when nobody said. All of those count as one address. */
  readonly address?: string;
  /** User name or access key as it was given. */
  readonly name: string;
}

/**
 * How a try ended: ClearML said no, ClearML said yes, or nobody can say (ClearML could not be asked, the caller went away).
 */
export type AttemptOutcome = 'failed' | 'succeeded' | 'unknown';

/** A try that may be made, or the whole seconds after which the next one may be. */
export type AttemptAnswer =
  | {
      readonly allowed: true;
      /** Must be called once, whatever happens: a try that is under way counts as a failure until it has ended. */
      end(outcome: AttemptOutcome): void;
    }
  | { readonly allowed: false; readonly retryAfterSeconds: number };

/** The limit on wrong passwords, by address and by name. The sign-in page and Basic credentials share one. */
export interface Attempts {
  begin(attempt: Attempt): AttemptAnswer;
}
