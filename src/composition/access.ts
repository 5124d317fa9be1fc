import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { PasswordAttempts, TokenAttempts } from '../access/attempts.ts';
import type { Attempts, ClearmlIdentity, Sessions } from '../access/contracts.ts';
import { ClearmlDecider } from '../access/decider.ts';
import { OfflineCheck } from '../access/offline-check.ts';
import { formKey } from '../access/pages/form-tokens.ts';
import { RevokedSessions } from '../access/revoked-sessions.ts';
import { revokeAfterChange } from '../access/rule-memory.ts';
import { sessionKey } from '../access/session-key.ts';
import { SealedSessions } from '../access/sessions.ts';
import type { ClearmlClient } from '../clearml/client.ts';
import { ClearmlPeople } from '../clearml/identity.ts';
import type { AccessDecider, AccessRevoker, Clock, DataPlane } from '../controllers/contracts.ts';
import type { Settings } from '../settings.ts';
import type { SqliteStore } from '../store/sqlite-store.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** Everything that says who gets in. */
export interface AccessParts {
  readonly decider: AccessDecider;
  readonly identity: ClearmlIdentity;
  readonly sessions: Sessions;
  readonly attempts: Attempts;
  /** Signs the forms of the gateway's own pages. */
  readonly formKey: Uint8Array;
  /** Voids what an earlier run has decided by other rules; once, when the proxies can be told. */
  revokeAfterChange(): Promise<void>;
}

/** What {@link makeAccess} works with. */
export interface AccessOptions {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly store: Pick<SqliteStore, 'meta' | 'setMeta' | 'sessionRevocations'>;
  readonly client: ClearmlClient;
  /** Made after this, as it asks the decider; not called before it is there. */
  readonly dataPlane: () => AccessRevoker &
    Pick<DataPlane, 'restored'> & { readonly generation: number };
}

/** About 10 MB, and 8 MB on disk. */
const MOST_REVOCATIONS = 50_000;

/** Makes sessions, limits and the decider. */
export function makeAccess(options: AccessOptions): AccessParts {
  const { settings, clock, logger, metrics, store, client, dataPlane } = options;
  const { rule, jwks, sessionSecret, sessionSeconds } = settings.auth;
  const secret = sessionSecret === undefined ? {} : { secret: sessionSecret };
  const key = sessionKey({ ...secret, memory: store, randomBytes });
  const revoker: AccessRevoker = { revoke: (subjects) => dataPlane().revoke(subjects) };
  const revoked = new RevokedSessions({ store: store.sessionRevocations, most: MOST_REVOCATIONS });
  const identity = new ClearmlPeople({ client });
  const sessions = new SealedSessions({ key, clock, sessionSeconds, revoked, revoker });
  const attempts = new PasswordAttempts({ clock });
  const decider = new ClearmlDecider({
    rule,
    identity,
    sessions,
    passwords: attempts,
    tokens: new TokenAttempts({ clock }),
    offline: checkOffline({
      ...(jwks === undefined ? {} : { setting: jwks }),
      client,
      logger,
      revoker,
    }),
    generation: () => dataPlane().generation,
    clock,
    logger,
  });
  return {
    decider: counted(decider, metrics),
    identity,
    sessions,
    attempts,
    formKey: formKey(key),
    revokeAfterChange: async () => {
      const hasServed = dataPlane().restored() !== undefined;
      const deps = { settings, key, memory: store, hasServed, revoker };
      const hasChanged = await revokeAfterChange(deps);
      if (hasChanged)
        logger.info('rules of access are not those of the last run: callers are asked about again');
    },
  };
}

interface OfflineOptions {
  readonly setting?: string;
  readonly client: ClearmlClient;
  readonly logger: Logger;
  readonly revoker: AccessRevoker;
}

function checkOffline({ setting, client, logger, revoker }: OfflineOptions): OfflineCheck {
  const check = new OfflineCheck({
    ...(setting === undefined ? {} : { setting }),
    ownToken: () => client.token,
    logger,
    // What was refused by the former key must not stay refused.
    onChange: () => {
      revoker.revoke(['*']).catch((error: unknown) => {
        logger.warn({ err: error }, 'decisions of the former key were not voided');
      });
    },
  });
  client.signIns.subscribe(() => void check.look());
  return check;
}

/** Counts what is decided; a decision that fails lets nobody in, as one that nobody could make. */
function counted(decider: AccessDecider, metrics: Metrics): AccessDecider {
  return {
    decide: async (question, signal) => {
      try {
        const answer = await decider.decide(question, signal);
        metrics.accessDecided(question.kind, answer.verdict);
        return answer;
      } catch (error) {
        if (!signal.aborted) metrics.accessDecided(question.kind, 'unavailable');
        throw error;
      }
    },
  };
}
