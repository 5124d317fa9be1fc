import { Subject, type Observable } from 'rxjs';
import type { OperatorError } from '../errors.ts';

/** How watching goes, for the status of the router. */
export interface WatchState {
  /** True after the first complete pass. */
  readonly synced: boolean;
  /** Unix time in ms of the last poll that went well. */
  readonly lastSuccess?: number;
  /** Unix time in ms of the last full pass that went well. */
  readonly lastFullPass?: number;
  /** Set while the last poll or the last full pass failed. */
  readonly lastError?: OperatorError;
  /** Patterns of LISTEN_QUEUE_NAME that name no queue. */
  readonly unmatchedQueues: readonly string[];
}

/** Keeps how the two loops of a watcher fare. */
export class WatchHealth {
  readonly #changes = new Subject<void>();
  readonly #now: () => number;
  #synced = false;
  #lastSuccess: number | undefined;
  #lastFullPass: number | undefined;
  #pollError: OperatorError | undefined;
  #fullPassError: OperatorError | undefined;

  constructor(clock: { now(): number }) {
    this.#now = () => clock.now();
  }

  /** Emits when something changed; the time of the last success alone is no change. */
  get changes(): Observable<void> {
    return this.#changes;
  }

  get synced(): boolean {
    return this.#synced;
  }

  get state(): Omit<WatchState, 'unmatchedQueues'> {
    const lastError = this.#pollError ?? this.#fullPassError;
    return {
      synced: this.#synced,
      ...(this.#lastSuccess === undefined ? {} : { lastSuccess: this.#lastSuccess }),
      ...(this.#lastFullPass === undefined ? {} : { lastFullPass: this.#lastFullPass }),
      ...(lastError === undefined ? {} : { lastError }),
    };
  }

  /** After each poll; without an error when it went well. */
  onPoll(error?: OperatorError): void {
    if (error === undefined) this.#lastSuccess = this.#now();
    this.#setErrors(error, this.#fullPassError);
  }

  /** After each full pass; without an error when it went well. */
  onFullPass(error?: OperatorError): void {
    if (error === undefined) this.#lastFullPass = this.#now();
    this.#setErrors(this.#pollError, error);
  }

  /** After each complete pass. */
  onSynced(): void {
    if (this.#synced) return;
    this.#synced = true;
    this.#changes.next();
  }

  /** When what the queues are has changed. */
  onQueues(): void {
    this.#changes.next();
  }

  #setErrors(pollError: OperatorError | undefined, fullPassError: OperatorError | undefined): void {
    const former = this.state.lastError?.code;
    this.#pollError = pollError;
    this.#fullPassError = fullPassError;
    if (this.state.lastError?.code !== former) this.#changes.next();
  }
}
