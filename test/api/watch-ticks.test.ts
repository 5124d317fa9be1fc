import { expect } from 'chai';
import { TICK, withTicks } from '../../src/api/watch/ticks.ts';

async function* numbers(count: number): AsyncGenerator<number, void, undefined> {
  for (let index = 0; index < count; index += 1) {
    await Promise.resolve();
    yield index;
  }
}

const never = (): Promise<never> => new Promise(() => undefined);

describe('withTicks', () => {
  it('hands on every item in order, and ends with them', async () => {
    const seen = await Array.fromAsync(withTicks(numbers(5), never));

    expect(seen).to.deep.equal([0, 1, 2, 3, 4]);
  });

  it('puts a tick between items as soon as its time has come, also when they never pause', async () => {
    let ticks = 0;
    const tick = async (): Promise<void> => {
      ticks += 1;
      if (ticks > 3) await never();
    };

    const seen = await Array.fromAsync(withTicks(numbers(20), tick));

    expect(seen.filter((item) => item === TICK)).to.have.length(3);
    expect(seen.filter((item) => item !== TICK)).to.deep.equal(
      Array.from({ length: 20 }, (_, index) => index),
    );
  });

  it('waits for one tick once, however many items come meanwhile', async () => {
    let waits = 0;
    const tick = {
      then: () => {
        waits += 1;
      },
    } as unknown as Promise<void>;

    const seen = await Array.fromAsync(withTicks(numbers(100), () => tick));

    expect(seen).to.have.length(100);
    expect(waits).to.equal(1);
  });

  it('fails with the items, and does not mind that a tick was given up', async () => {
    async function* broken(): AsyncGenerator<number, void, undefined> {
      yield 1;
      await Promise.resolve();
      throw new TypeError('broken');
    }
    const failures: unknown[] = [];
    const seen: unknown[] = [];

    try {
      for await (const item of withTicks(broken(), () => Promise.reject(new Error('given up')))) {
        seen.push(item);
      }
    } catch (error) {
      failures.push(error);
    }

    expect(seen).to.deep.equal([1]);
    expect(String(failures[0])).to.equal('TypeError: broken');
  });
});
