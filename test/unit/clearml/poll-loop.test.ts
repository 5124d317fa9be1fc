import { expect } from 'chai';
import { PollLoop } from '../../../src/clearml/poll-loop.ts';
import { OperatorError } from '../../../src/errors.ts';

/** A clock on which every sleep is over at once, unless it is held; it keeps what was slept. */
function aClock(): {
  readonly slept: number[];
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
} {
  const slept: number[] = [];
  return {
    slept,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      slept.push(ms);
      await Promise.resolve();
    },
  };
}

/** Runs a loop for so many steps, with what each of them throws; gives the pauses between them. */
async function pausesOf(
  errors: readonly (OperatorError | undefined)[],
  random = 0.5,
): Promise<readonly number[]> {
  const clock = aClock();
  const controller = new AbortController();
  let step = 0;
  const loop = new PollLoop({
    step: () => {
      const error = errors[step++];
      if (step > errors.length) controller.abort();
      return error === undefined ? Promise.resolve() : Promise.reject(error);
    },
    intervalMs: 2_000,
    clock,
    random: () => random,
    onStep: () => undefined,
  });
  await loop.run(controller.signal);
  return clock.slept;
}

const down = new OperatorError('CLEARML_UNREACHABLE');

describe('PollLoop', () => {
  it('waits for the interval, give or take a tenth', async () => {
    expect(await pausesOf([undefined], 0)).to.deep.equal([1_800]);
    expect(await pausesOf([undefined], 0.5)).to.deep.equal([2_000]);
  });

  it('backs off while steps fail, up to a minute, and returns to the interval', async () => {
    const pauses = await pausesOf([...Array.from({ length: 8 }, () => down), undefined], 1);

    expect(pauses.slice(0, 8)).to.deep.equal([
      4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000, 60_000,
    ]);
    expect(pauses[8]).to.equal(2_200);
  });

  it('waits at least as long as the error asks for', async () => {
    const throttled = new OperatorError('CLEARML_THROTTLED', { delayMs: 90_000 });

    expect(await pausesOf([throttled])).to.deep.equal([90_000]);
  });

  it('makes a step soon when it is woken, also when that happens during a step', async () => {
    const clock = aClock();
    const controller = new AbortController();
    let steps = 0;
    const loop: PollLoop = new PollLoop({
      step: () => {
        steps++;
        if (steps === 1) loop.wake();
        if (steps === 3) controller.abort();
        return Promise.resolve();
      },
      intervalMs: 2_000,
      clock,
      random: () => 0.5,
      onStep: () => undefined,
    });

    await loop.run(controller.signal);

    expect(clock.slept).to.deep.equal([100, 2_000]);
  });

  it('does not let a wake-up shorten a backoff', async () => {
    const clock = aClock();
    const controller = new AbortController();
    let steps = 0;
    const loop: PollLoop = new PollLoop({
      step: () => {
        loop.wake();
        if (++steps === 2) controller.abort();
        return Promise.reject(down);
      },
      intervalMs: 2_000,
      clock,
      random: () => 1,
      onStep: () => undefined,
    });

    await loop.run(controller.signal);

    expect(clock.slept).to.deep.equal([4_000]);
  });
});
