import type { Defence } from './defence.ts';
import { AGAINST_ACCESS } from './defences-access.ts';
import { AGAINST_API_CALLERS } from './defences-api.ts';
import { AGAINST_REQUESTS } from './defences-requests.ts';

/**
 * Defences, each of which is taken out by `make test-defences`: the tests of its threat must then fail. A test that passes without
 * the defence tests something else.
 */
export const DEFENCES: readonly Defence[] = [
  ...AGAINST_REQUESTS,
  ...AGAINST_ACCESS,
  ...AGAINST_API_CALLERS,
];
