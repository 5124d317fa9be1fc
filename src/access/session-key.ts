import { hkdfSync } from 'node:crypto';

/** Where a key that was made is kept. The store's file is readable for its owner only. */
export interface KeyMemory {
  meta(key: string): string | undefined;
  setMeta(key: string, value: string): void;
}

/** Where the key comes from. */
export interface KeySources {
  /** CLEARWAY_SESSION_SECRET. */
  readonly secret?: string;
  readonly memory: KeyMemory;
  readonly randomBytes: (count: number) => Uint8Array;
}

/** Bytes of a key for A256GCM. */
const KEY_BYTES = 32;
const NAME = 'session-key';

/**
 * The key that seals sessions: made from the secret (HKDF, RFC 5869), so that all replicas with one secret have one key;
 * without a secret made once, and kept.
 */
export function sessionKey({ secret, memory, randomBytes }: KeySources): Uint8Array {
  if (secret !== undefined) {
    return new Uint8Array(hkdfSync('sha256', secret, '', 'clearway session key 1', KEY_BYTES));
  }
  const kept = Buffer.from(memory.meta(NAME) ?? '', 'base64');
  if (kept.length === KEY_BYTES) return new Uint8Array(kept);
  const made = randomBytes(KEY_BYTES);
  memory.setMeta(NAME, Buffer.from(made).toString('base64'));
  return made;
}
