import { RevokedSessions } from '../../src/access/revoked-sessions.ts';
import type { Session } from '../../src/access/contracts.ts';
import { SealedSessions } from '../../src/access/sessions.ts';
import type { AccessSubject, Clock } from '../../src/controllers/contracts.ts';
import type { SessionRevocation, SessionRevocationStore } from '../../src/store/contract.ts';
import { aToken } from '../clearml/support/stub-server.ts';

/** A session of alice, of an hour from now on unless the test says otherwise. */
export function aSession(overrides: Partial<Session> = {}): Session {
  const issued = overrides.issued ?? Date.now();
  return {
    id: 'session-1',
    user: 'alice',
    name: 'Alice A',
    token: aToken(),
    issued,
    expires: issued + 3_600_000,
    ...overrides,
  };
}

/** Keeps revocations for the time of a test. */
export class RevocationsInMemory implements SessionRevocationStore {
  readonly rows = new Map<string, SessionRevocation>();
  /** What the next change is refused with. */
  failure: Error | undefined;

  list(): readonly SessionRevocation[] {
    return [...this.rows.values()];
  }

  change({ keep, drop }: Parameters<SessionRevocationStore['change']>[0]): void {
    if (this.failure !== undefined) throw this.failure;
    for (const subject of drop) this.rows.delete(subject);
    for (const row of keep) this.rows.set(row.subject, row);
  }
}

/** What a test may choose of {@link someSessions}. */
export interface SessionsOptions {
  readonly clock?: Pick<Clock, 'now'>;
  readonly key?: Uint8Array;
  readonly store?: SessionRevocationStore;
  readonly sessionSeconds?: number;
  readonly most?: number;
  readonly onRevoke?: (subjects: readonly AccessSubject[]) => void;
}

/** The key of {@link someSessions}. */
export const SESSION_KEY = new Uint8Array(32).fill(7);

/** Sessions with a key and a memory of their own. */
export function someSessions(options: SessionsOptions = {}): SealedSessions {
  const { clock = { now: Date.now }, store = new RevocationsInMemory(), most = 100 } = options;
  return new SealedSessions({
    key: options.key ?? SESSION_KEY,
    clock,
    sessionSeconds: options.sessionSeconds ?? 86_400,
    revoked: new RevokedSessions({ store, most }),
    revoker: {
      revoke: (subjects) => {
        options.onRevoke?.(subjects);
        return Promise.resolve();
      },
    },
  });
}
