import { openSqliteStore, type SqliteStore } from '../../src/store/sqlite-store.ts';
import { STORE_LIMITS, type StoreLimits } from '../../src/store/store-options.ts';

/** Opens a store as the router does. */
export function openStore(
  folder: string,
  { now = Date.now, ...limits }: Partial<StoreLimits> & { readonly now?: () => number } = {},
): SqliteStore {
  return openSqliteStore({
    folder,
    namespace: 'default',
    clock: { now },
    newUid: () => crypto.randomUUID(),
    limits: { ...STORE_LIMITS, ...limits },
  });
}
