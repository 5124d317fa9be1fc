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
  const iterator = items[Symbol.asyncIterator]();
  let next = iterator.next();
  let time = ticked(tick);
  for (;;) {
    const first = await Promise.race([next, time]);
    if (first === TICK) {
      // Only then the next time: nobody would hear of its end while this one is not taken.
      yield TICK;
      time = ticked(tick);
      continue;
    }
    if (first.done === true) return;
    yield first.value;
    next = iterator.next();
  }
}

async function ticked(tick: () => Promise<unknown>): Promise<typeof TICK> {
  await tick();
  return TICK;
}
