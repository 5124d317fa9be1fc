import type { ApiUser } from '../contracts.ts';
import { Shares, type ShareLimits } from '../shares.ts';
import { ApiError } from '../status.ts';

/** How many watches may go on. */
export interface WatchLimits {
  /** Of callers with a credential. */
  readonly outside: ShareLimits;
  /** Of the local user, whom nobody else's watches keep out. */
  readonly local: number;
}

/** Counts the watches that go on. */
export class WatchPlaces {
  readonly #outside: Shares;
  readonly #local: Shares;

  constructor({ outside, local }: WatchLimits) {
    this.#outside = new Shares(outside, refusal);
    this.#local = new Shares({ all: local, each: local }, refusal);
  }

  /**
   * Takes a place, and gives back how it is freed; it is freed as well when the signal aborts, since a client may be gone before
   * anybody reads its stream.
   * @throws ApiError `TooManyRequests`
   */
  take({ name, isLocal = false }: ApiUser, signal: AbortSignal): () => void {
    const free = (isLocal ? this.#local : this.#outside).take(name, 1);
    const release = (): void => {
      free();
      signal.removeEventListener('abort', release);
    };
    if (signal.aborted) release();
    else signal.addEventListener('abort', release);
    return release;
  }
}

function refusal(limit: number): ApiError {
  return new ApiError(
    'TooManyRequests',
    `there are already ${limit} watches; end one, or try again later`,
    { retryAfterSeconds: 1 },
  );
}
