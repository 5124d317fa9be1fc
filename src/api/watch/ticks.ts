/** Stands between the items when the time of a tick has come. */
export const TICK = Symbol('tick');

/**
 * The items as they come, and a {@link TICK} whenever `tick` resolves.
 *
 * @remarks
 * The items have to end by the signal that they were made with: they are not asked to return, as that would wait for the next one.
 */
export async function* withTicks<T>(
  items: AsyncIterable<T>,
  tick: (() => Promise<unknown>) | undefined,
): AsyncGenerator<T | typeof TICK, void, undefined> {
  if (tick === undefined) {
    yield* items;
    return;
  }
  const meeting = new Meeting(items[Symbol.asyncIterator](), tick);
  for (;;) {
    const next = await meeting.next();
    if (next === TICK) yield TICK;
    else if (next.done === true) return;
    else yield next.value;
  }
}

/**
 * Where items and ticks meet.
 *
 * @remarks
 * Promise.race would leave a reaction on the promise of the tick for each item, and a watch can have a thousand items a second for each
 * tick a minute: so each promise is waited for once, and wakes whoever waits then.
 */
class Meeting<T> {
  readonly #items: AsyncIterator<T>;
  readonly #tick: () => Promise<unknown>;
  #isAsked = false;
  #isTicking = false;
  #isDue = false;
  #arrived: (() => IteratorResult<T>) | undefined;
  #wake: () => void = () => undefined;

  constructor(items: AsyncIterator<T>, tick: () => Promise<unknown>) {
    this.#items = items;
    this.#tick = tick;
  }

  /** A tick that is due, or the next item. */
  async next(): Promise<IteratorResult<T> | typeof TICK> {
    this.#ask();
    if (!this.#isDue && this.#arrived === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#isDue) {
      this.#isDue = false;
      return TICK;
    }
    const arrived = this.#arrived;
    this.#arrived = undefined;
    return arrived?.() ?? this.next();
  }

  #ask(): void {
    if (!this.#isTicking) {
      this.#isTicking = true;
      this.#tick().then(
        () => {
          this.#isTicking = false;
          this.#isDue = true;
          this.#wake();
        },
        // The end of the signal ends the items as well.
        () => undefined,
      );
    }
    if (this.#isAsked || this.#arrived !== undefined) return;
    this.#isAsked = true;
    this.#items.next().then(
      (result) => this.#arrive(() => result),
      (error: unknown) =>
        this.#arrive(() => {
          throw error as Error;
        }),
    );
  }

  #arrive(arrived: () => IteratorResult<T>): void {
    this.#isAsked = false;
    this.#arrived = arrived;
    this.#wake();
  }
}
