import { createHash } from 'node:crypto';
import type { AccessRevoker } from '../controllers/contracts.ts';
import type { Settings } from '../settings/types.ts';
import type { KeyMemory } from './session-key.ts';

/** What {@link revokeAfterChange} works with. */
export interface RuleMemoryDeps {
  readonly settings: Pick<Settings, 'auth'> & { readonly clearml: { readonly apiHost: string } };
  /** The key that seals sessions. */
  readonly key: Uint8Array;
  readonly memory: KeyMemory;
  /** True when an earlier run has served here, whose decisions may still be used. */
  readonly hasServed: boolean;
  readonly revoker: AccessRevoker;
}

const NAME = 'access-rules';

/**
 * Voids every decision when the settings that say who gets in are not those of the last run, or when that cannot be known
 * because the state was lost.
 *
 * @remarks
 * Remembered last: a router that dies before revokes again.
 */
export async function revokeAfterChange(deps: RuleMemoryDeps): Promise<boolean> {
  const { memory, hasServed, revoker } = deps;
  const rules = fingerprint(deps);
  const last = memory.meta(NAME);
  if (last === rules) return false;
  const isFirst = last === undefined && !hasServed;
  if (!isFirst) await revoker.revoke(['*']);
  memory.setMeta(NAME, rules);
  return !isFirst;
}

function fingerprint({ settings, key }: RuleMemoryDeps): string {
  const { enabled, rule, sessionSeconds } = settings.auth;
  const hashed = createHash('sha256').update(key).digest('base64');
  const rules = [enabled, rule, sessionSeconds, settings.clearml.apiHost, hashed];
  return createHash('sha256').update(JSON.stringify(rules)).digest('base64');
}
