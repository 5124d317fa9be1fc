import { Subject, type Observable } from 'rxjs';
import type { ClearmlCredential } from '../access/contracts.ts';
import { OperatorError, hasCode, toOperatorError, type ErrorCode } from '../errors.ts';
import { readAnswer, type AnswerData } from './answer.ts';
import { Gate, type GateBounds } from './gate.ts';
import { atLeast, readClaims, type TokenClaims } from './token.ts';
import { Transport, type TransportSettings } from './transport.ts';

/** One call, for metrics. */
export interface CallRecord {
  /** `service.action`. */
  readonly endpoint: string;
  readonly outcome: 'ok' | 'aborted' | ErrorCode;
  readonly ms: number;
}

/** What a {@link ClearmlClient} is made of. */
export interface ClearmlClientDeps {
  readonly transport: TransportSettings;
  /** URL of the API without a trailing slash; it may have a path. */
  readonly apiHost: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly clock: { now(): number };
  readonly onCall: (call: CallRecord) => void;
}

/** A call of one endpoint. */
export interface Call<T> {
  /** `service.action`. */
  readonly endpoint: string;
  /** An object, or JSON text that is sent as it is. */
  readonly body: Readonly<Record<string, unknown>> | string;
  /** Reads the answer's data; `text` is the whole answer as it came. What it throws becomes `CLEARML_MALFORMED`. */
  readonly parse: (data: AnswerData, text: string) => T;
}

interface Session {
  readonly token: string;
  readonly claims: TokenClaims;
  /** Unix times in ms, by our clock. */
  readonly refreshAt: number;
  readonly expiresAt: number;
}

/** As whom a call is sent, and over which connections. */
interface Exchange {
  readonly authorization: string;
  readonly via: Transport;
}

/**
 * The version that requests name. A server that is older answers with its newest; `/v2/` would be malformed
 * (protocol 9.2).
 */
const VERSION = 'v2.34';
const EDIT_RUNTIME_VERSION = [2, 34];
/** A token is renewed so long before its end, or after four fifths of a short life. */
const RENEW_MS = 360_000;
const RENEW_AGAIN_MS = 10_000;
const CONTROL = /\p{Cc}/u;
/** Longest name and secret, together, that are sent for somebody else. */
const MAX_BASIC = 1_024;
/** Strangers cause calls too: these have connections of their own, and no more of them than a server can bear. */
const CALLERS: GateBounds = { atOnce: 16, waiting: 128, waitMs: 3_000 };

/**
 * Talks to the ClearML API: signs in with key and secret, renews the token before it ends (in one flight, whoever asks),
 * and signs in anew once when a call is answered with 401.
 */
export class ClearmlClient {
  readonly #deps: ClearmlClientDeps;
  readonly #transport: Transport;
  readonly #callersTransport: Transport;
  readonly #callersGate = new Gate(CALLERS);
  readonly #closed = new AbortController();
  readonly #signIns = new Subject<void>();
  #session: Session | undefined;
  #company: string | undefined;
  #login: Promise<Session> | undefined;

  constructor(deps: ClearmlClientDeps) {
    this.#deps = deps;
    this.#transport = new Transport(deps.transport);
    this.#callersTransport = new Transport({ ...deps.transport, connections: CALLERS.atOnce });
  }

  /** True when the server has `tasks.edit_runtime`; known after the first sign-in. */
  get hasEditRuntime(): boolean {
    return atLeast(this.#session?.claims.apiVersion, EDIT_RUNTIME_VERSION);
  }

  /** The router's own token; undefined before the first sign-in, and after ClearML refused the last one. */
  get token(): string | undefined {
    return this.#session?.token;
  }

  /** Emits when there is a new token. */
  get signIns(): Observable<void> {
    return this.#signIns;
  }

  /** Company of the router's own account, as its newest token tells it; undefined when it does not, and before the first sign-in. */
  get company(): string | undefined {
    return this.#company;
  }

  /**
   * Calls with the router's own credentials.
   *
   * @throws OperatorError with a code `CLEARML_*`
   */
  async call<T>(call: Call<T>, signal: AbortSignal): Promise<T> {
    const session = await this.#freshSession(signal);
    try {
      return await this.#send(call, this.#as(session), signal);
    } catch (error) {
      if (!hasCode(error, 'CLEARML_UNAUTHORIZED')) throw error;
    }
    if (this.#session === session) this.#session = undefined;
    const renewed = await this.#freshSession(signal);
    return this.#send(call, this.#as(renewed), signal);
  }

  /**
   * Calls with somebody else's credential, once. However many do: it takes nothing from the router's own calls.
   *
   * @throws OperatorError with a code `CLEARML_*`; without a call `CLEARML_UNAUTHORIZED` for a credential that cannot be one, and
   * `CLEARML_UNREACHABLE` when too many are under way
   */
  async callAs<T>(credential: ClearmlCredential, call: Call<T>, signal: AbortSignal): Promise<T> {
    const authorization = authorizationOf(credential);
    if (authorization === undefined) throw new OperatorError('CLEARML_UNAUTHORIZED');
    const exchange: Exchange = { authorization, via: this.#callersTransport };
    return this.#callersGate.run(() => this.#send(call, exchange, signal), signal);
  }

  /** Ends every connection and every wait for a token. */
  async close(): Promise<void> {
    this.#closed.abort();
    await Promise.all([this.#transport.close(), this.#callersTransport.close()]);
  }

  async #freshSession(signal: AbortSignal): Promise<Session> {
    signal.throwIfAborted();
    const now = this.#deps.clock.now();
    const session = this.#session;
    if (session !== undefined && now < session.refreshAt) return session;
    this.#login ??= this.#signIn().finally(() => {
      this.#login = undefined;
    });
    try {
      return await untilAborted(this.#login, signal);
    } catch (error) {
      if (signal.aborted || session === undefined || now >= session.expiresAt) throw error;
      // The token in hand still works: try again later, not with each call.
      const later = { ...session, refreshAt: now + RENEW_AGAIN_MS };
      this.#session = later;
      return later;
    }
  }

  async #signIn(): Promise<Session> {
    const { accessKey, secretKey } = this.#deps;
    const call: Call<string> = {
      endpoint: 'auth.login',
      body: {},
      parse: (data) => {
        if (typeof data['token'] !== 'string') throw new TypeError('no token');
        return data['token'];
      },
    };
    const exchange = { authorization: basic(accessKey, secretKey), via: this.#transport };
    const token = await this.#send(call, exchange, this.#closed.signal).catch(refusedLogin);
    this.#session = sessionOf(token, this.#deps.clock.now());
    this.#company = this.#session.claims.company;
    this.#signIns.next();
    return this.#session;
  }

  #as({ token }: Session): Exchange {
    return { authorization: `Bearer ${token}`, via: this.#transport };
  }

  async #send<T>(call: Call<T>, exchange: Exchange, signal: AbortSignal): Promise<T> {
    const started = this.#deps.clock.now();
    const record = (outcome: CallRecord['outcome']): void => {
      const ms = this.#deps.clock.now() - started;
      this.#deps.onCall({ endpoint: call.endpoint, outcome, ms });
    };
    try {
      const result = await this.#exchange(call, exchange, signal);
      record('ok');
      return result;
    } catch (error) {
      record(signal.aborted ? 'aborted' : toOperatorError(error).code);
      throw error;
    }
  }

  async #exchange<T>(
    call: Call<T>,
    { authorization, via }: Exchange,
    signal: AbortSignal,
  ): Promise<T> {
    const url = `${this.#deps.apiHost}/${VERSION}/${call.endpoint}`;
    const body = typeof call.body === 'string' ? call.body : JSON.stringify(call.body);
    const answer = await via.post({ url, authorization, body }, signal);
    const data = readAnswer(answer, this.#deps.clock.now());
    try {
      return call.parse(data, answer.text);
    } catch (error) {
      if (error instanceof OperatorError) throw error;
      throw new OperatorError('CLEARML_MALFORMED', { endpoint: call.endpoint }, { cause: error });
    }
  }
}

/** The header for a credential; undefined for a token that is no JWT, and a name that the header cannot carry (RFC 7617, section 2). */
function authorizationOf(credential: ClearmlCredential): string | undefined {
  if (credential.scheme === 'Bearer') {
    return readClaims(credential.token) === undefined ? undefined : `Bearer ${credential.token}`;
  }
  const { name, secret } = credential;
  const isLegal = name !== '' && !name.includes(':') && !CONTROL.test(name + secret);
  return isLegal && name.length + secret.length <= MAX_BASIC ? basic(name, secret) : undefined;
}

function basic(name: string, secret: string): string {
  return `Basic ${Buffer.from(`${name}:${secret}`, 'utf8').toString('base64')}`;
}

/** Life is counted from `iat` on our clock, so a clock that is wrong does not matter. */
function sessionOf(token: string, now: number): Session {
  const claims = readClaims(token) ?? {};
  const { expires, issued } = claims;
  if (expires === undefined) return { token, claims, refreshAt: Infinity, expiresAt: Infinity };
  const life = Math.max(
    issued === undefined ? expires * 1_000 - now : (expires - issued) * 1_000,
    0,
  );
  return {
    token,
    claims,
    refreshAt: now + life - Math.min(RENEW_MS, life / 5),
    expiresAt: now + life,
  };
}

function refusedLogin(error: unknown): never {
  if (hasCode(error, 'CLEARML_REFUSED') && error.details['code'] !== 404) {
    throw new OperatorError('CLEARML_UNAUTHORIZED', error.details, { cause: error });
  }
  throw error;
}

/** The promise's result, or the signal's reason when that comes first; the promise goes on for others. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const end = (): void => {
    reject(signal.reason as Error);
  };
  signal.addEventListener('abort', end, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', end);
  }
}
