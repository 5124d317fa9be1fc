import { ApiError } from '../status.ts';

/** Counts the watches that go on. */
export class WatchPlaces {
  readonly #limit: number;
  #taken = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * Takes a place, and gives back how it is freed; it is freed as well when the signal aborts, since a client may be gone before
   * anybody reads its stream.
   * @throws ApiError `TooManyRequests`
   */
  take(signal: AbortSignal): () => void {
    if (this.#taken >= this.#limit) {
      throw new ApiError(
        'TooManyRequests',
        `there are already ${this.#limit} watches; end one, or try again later`,
        { retryAfterSeconds: 1 },
      );
    }
    this.#taken += 1;
    let isTaken = true;
    const release = (): void => {
      if (isTaken) this.#taken -= 1;
      isTaken = false;
      signal.removeEventListener('abort', release);
    };
    if (signal.aborted) release();
    else signal.addEventListener('abort', release);
    return release;
  }
}
