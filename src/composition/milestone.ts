import { Subject, type Observable } from 'rxjs';

/** Something that becomes true once. */
export class Milestone {
  readonly #changes = new Subject<void>();
  #isReached = false;

  /** Emits once, after {@link Milestone.isReached} turned true. */
  get changes(): Observable<void> {
    return this.#changes;
  }

  get isReached(): boolean {
    return this.#isReached;
  }

  reach(): void {
    if (this.#isReached) return;
    this.#isReached = true;
    this.#changes.next();
    this.#changes.complete();
  }
}
