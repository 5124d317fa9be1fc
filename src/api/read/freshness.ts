import { ApiError } from '../status.ts';

const TOO_LARGE = 'Too large resource version';

/**
 * Refuses to answer with what is older than the version that the client has seen already (apiserver,
 * storage.NewTooLargeResourceVersionError).
 *
 * @param wanted - Digits; empty when any will do.
 * @throws ApiError `Timeout`, with the cause by which clients know that they should list anew
 */
export function requireReached(wanted: string, current: string): void {
  if (wanted === '' || BigInt(wanted) <= BigInt(current)) return;
  throw new ApiError('Timeout', `Timeout: ${TOO_LARGE}: ${wanted}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: TOO_LARGE }],
    retryAfterSeconds: 1,
  });
}
