import { hasCode, type ErrorCode } from '../../src/errors.ts';
import type { ResourceStore } from '../../src/store/contract.ts';

/** A store under test. */
export interface StoreUnderTest {
  readonly store: ResourceStore;
  /** Makes the store forget the history of TaskRoutes up to now; it may write and remove objects for that. */
  readonly expireHistory: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Runs a story on a fresh store. */
export type WithStore = (
  story: (store: ResourceStore, subject: StoreUnderTest) => Promise<void>,
) => () => Promise<void>;

/** Waits for a refusal with this code. */
export async function expectCode(work: Promise<unknown>, code: ErrorCode): Promise<void> {
  const outcome = await work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('error' in outcome && hasCode(outcome.error, code)) return;
  throw new Error(`expected ${code}`, { cause: 'error' in outcome ? outcome.error : undefined });
}
