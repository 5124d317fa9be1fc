import { pino, type Logger } from 'pino';
import { PasswordAttempts, TokenAttempts } from '../../src/access/attempts.ts';
import { ClearmlDecider } from '../../src/access/decider.ts';
import { OfflineCheck } from '../../src/access/offline-check.ts';
import type { SealedSessions } from '../../src/access/sessions.ts';
import type { ClearmlClient } from '../../src/clearml/client.ts';
import { ClearmlPeople } from '../../src/clearml/identity.ts';
import type { AccessAnswer, AccessQuestion } from '../../src/controllers/contracts.ts';
import type { AccessRule } from '../../src/domain/access-rule.ts';
import { EmbeddedClearml } from '../../src/embedded/api/embedded-clearml.ts';
import { aClient, KEYS } from '../clearml/support/a-client.ts';
import { someSessions } from './sessions.ts';

/** The running task of alice. */
export const TASK = 'a'.repeat(32);
/** Secret with which the API of an {@link AccessWorld} signs its tokens. */
export const TOKEN_SECRET = 'the-token-secret-of-the-server';

/** What a test may choose. */
export interface AccessWorldOptions {
  readonly rule?: AccessRule;
  /** AUTH_BASE64_JWKS_KEY. */
  readonly jwks?: string;
  readonly logger?: Logger;
  /** Another API than the embedded one. */
  readonly apiHost?: string;
}

/** A decider on an embedded ClearML API: alice, bob, a guest and the router of one company, eve of another. */
export class AccessWorld implements AsyncDisposable {
  readonly api: EmbeddedClearml;
  readonly client: ClearmlClient;
  readonly sessions: SealedSessions;
  readonly decider: ClearmlDecider;
  generation = 1;

  private constructor(api: EmbeddedClearml, options: AccessWorldOptions) {
    const { rule = 'read', jwks, logger = pino({ level: 'silent' }) } = options;
    const clock = { now: Date.now };
    this.api = api;
    this.client = aClient(options.apiHost ?? api.url).client;
    this.sessions = someSessions();
    this.decider = new ClearmlDecider({
      rule,
      identity: new ClearmlPeople({ client: this.client }),
      sessions: this.sessions,
      passwords: new PasswordAttempts({ clock }),
      tokens: new TokenAttempts({ clock }),
      offline: new OfflineCheck({
        ...(jwks === undefined ? {} : { setting: jwks }),
        ownToken: () => this.client.token,
        logger,
        onChange: () => undefined,
      }),
      generation: () => this.generation,
      clock,
      logger,
    });
  }

  static async start(options: AccessWorldOptions = {}): Promise<AccessWorld> {
    const api = new EmbeddedClearml({
      featureSet: 'basic',
      tokenSecret: TOKEN_SECRET,
      seed: {
        users: [
          { name: 'router', ...KEYS },
          { name: 'alice', id: 'id-of-alice', password: 'pass:word' },
          { name: 'bob', accessKey: 'BOBKEY', secretKey: 'bob-secret' },
          { name: 'eve', company: 'elsewhere', accessKey: 'EVEKEY', secretKey: 'eve-secret' },
          { name: 'guest', role: 'guest' },
        ],
        tasks: [{ name: 'app', id: TASK, status: 'in_progress', user: 'alice' }],
      },
    });
    await api.start();
    return new AccessWorld(api, options);
  }

  /** A token of a user. */
  token(user: string, lifeSeconds?: number): string {
    return this.api.token(user, lifeSeconds) ?? '';
  }

  /** Asks as a proxy does; a bearer credential for alice's task, unless the test says otherwise. */
  ask(
    credential: string,
    more: Partial<AccessQuestion> = {},
    signal = new AbortController().signal,
  ): Promise<AccessAnswer> {
    return this.decider.decide({ kind: 'bearer', credential, task: TASK, ...more }, signal);
  }

  /** The verdict alone. */
  async verdict(credential: string, more: Partial<AccessQuestion> = {}): Promise<string> {
    return (await this.ask(credential, more)).verdict;
  }

  /** The router signs in, as its watcher does. */
  async signIn(): Promise<void> {
    const ping = { endpoint: 'tasks.ping', body: { task: TASK }, parse: () => true };
    await this.client.call(ping, new AbortController().signal);
  }

  /** Calls that were made for callers. */
  get calls(): { readonly whoIs: number; readonly readTask: number } {
    return {
      whoIs: this.api.calls('users.get_current_user'),
      readTask: this.api.calls('tasks.get_by_id'),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
    await this.api.close();
  }
}

/** Name and secret as they follow `Basic`. */
export function basic(name: string, secret: string): string {
  return Buffer.from(`${name}:${secret}`, 'utf8').toString('base64');
}
