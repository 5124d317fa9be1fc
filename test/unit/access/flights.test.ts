import { expect } from 'chai';
import { Flights } from '../../../src/access/flights.ts';

const NEVER = new AbortController().signal;

/** Work that ends when the test says so, and notes what happened to it. */
function someWork(): {
  readonly work: (signal: AbortSignal) => Promise<string>;
  readonly signals: AbortSignal[];
  readonly land: PromiseWithResolvers<string>;
} {
  const signals: AbortSignal[] = [];
  const land = Promise.withResolvers<string>();
  const work = (signal: AbortSignal): Promise<string> => {
    signals.push(signal);
    return land.promise;
  };
  return { work, signals, land };
}

describe('Flights', () => {
  it('does the work once for all who want it meanwhile, and anew for who comes later', async () => {
    const flights = new Flights<string>();
    const { work, signals, land } = someWork();

    const all = Array.from({ length: 5 }, () => flights.join('a', work, NEVER));
    expect(flights.has('a')).to.equal(true);
    const other = flights.join('b', work, NEVER);
    land.resolve('done');

    expect(await Promise.all([...all, other])).to.deep.equal(Array(6).fill('done'));
    expect(signals).to.have.length(2);
    expect(flights.has('a')).to.equal(false);
    await flights.join('a', work, NEVER);
    expect(signals).to.have.length(3);
  });

  it('takes nothing from the others when one leaves', async () => {
    const flights = new Flights<string>();
    const { work, signals, land } = someWork();
    const leaving = new AbortController();
    const reason = new Error('gone');

    const first = flights.join('a', work, leaving.signal).catch((error: unknown) => error);
    const second = flights.join('a', work, NEVER);
    leaving.abort(reason);

    expect(await first).to.equal(reason);
    expect(signals[0]?.aborted).to.equal(false);
    land.resolve('done');
    expect(await second).to.equal('done');
  });

  it('ends the work when the last one has left, and starts anew for who comes then', async () => {
    const flights = new Flights<string>();
    const { work, signals } = someWork();
    const leaving = new AbortController();
    const left = [1, 2].map(() => flights.join('a', work, leaving.signal).catch(() => 'left'));

    leaving.abort();

    expect(await Promise.all(left)).to.deep.equal(['left', 'left']);
    expect(signals[0]?.aborted).to.equal(true);
    const again = someWork();
    const next = flights.join('a', again.work, NEVER);
    again.land.resolve('new');
    expect(await next).to.equal('new');
  });

  it('does nothing for who has left already', async () => {
    const flights = new Flights<string>();
    const { work, signals } = someWork();

    const left: unknown = await flights
      .join('a', work, AbortSignal.abort(new Error('gone')))
      .catch((error: unknown) => error);

    expect(left).to.have.property('message', 'gone');
    expect(signals).to.have.length(0);
  });

  it('tells everybody what the work failed with', async () => {
    const flights = new Flights<string>();
    const { work, land } = someWork();
    const all = [1, 2].map(() => flights.join('a', work, NEVER).catch((error: unknown) => error));
    const failure = new Error('broken');

    land.reject(failure);

    expect(await Promise.all(all)).to.deep.equal([failure, failure]);
    expect(flights.has('a')).to.equal(false);
  });
});
