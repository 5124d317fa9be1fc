import { expect } from 'chai';
import { NameLookup } from '../../../src/composition/name-lookup.ts';
import { ManualClock } from '../../support/clocks.ts';
import { eventually } from '../../support/eventually.ts';

const MINUTE_MS = 60_000;

interface Asked {
  readonly answer: (...addresses: string[]) => Promise<void>;
  readonly fail: () => Promise<void>;
}

/** A lookup of names whose answers the test gives. */
function aLookup(mostNames = 100) {
  const clock = new ManualClock(0);
  const asked = new Map<string, Asked>();
  const order: string[] = [];
  const changed: string[] = [];
  const names = new NameLookup({
    clock,
    mostNames,
    resolve: (name) => {
      const { promise, resolve, reject } = Promise.withResolvers<readonly string[]>();
      const end = async (settle: () => void): Promise<void> => {
        asked.delete(name);
        settle();
        await new Promise((done) => setImmediate(done));
      };
      asked.set(name, {
        answer: (...addresses) => end(() => resolve(addresses)),
        fail: () => end(() => reject(new Error('EAI_AGAIN'))),
      });
      order.push(name);
      return promise;
    },
  });
  names.changes.subscribe((name) => changed.push(name));
  const the = (name: string): Asked => {
    const found = asked.get(name);
    if (found === undefined) throw new Error(`${name} is not being looked up`);
    return found;
  };
  return { clock, names, changed, order, the, inFlight: () => [...asked.keys()] };
}

describe('NameLookup', () => {
  it('is pending until the first answer, which it tells of', async () => {
    const { names, changed, the } = aLookup();

    expect(names.lookup('a')).to.equal('pending');
    await the('a').answer('192.0.2.1');
    expect(changed).to.deep.equal(['a']);
    expect(names.lookup('a')).to.deep.equal({ addresses: ['192.0.2.1'] });
  });

  it('knows that there is no such name', async () => {
    const { names, changed, the } = aLookup();
    names.lookup('a');
    await the('a').answer();

    expect(changed).to.deep.equal(['a']);
    expect(names.lookup('a')).to.deep.equal({ addresses: [] });
  });

  it('is unavailable when nobody could say, and asks again', async () => {
    const { clock, names, the } = aLookup();
    names.lookup('a');
    await the('a').fail();

    expect(names.lookup('a')).to.equal('unavailable');
    clock.advance(1_000);
    expect(names.lookup('a')).to.equal('unavailable');
    await the('a').answer('192.0.2.1');
    expect(names.lookup('a')).to.deep.equal({ addresses: ['192.0.2.1'] });
  });

  it('is unavailable when the answer takes too long, and takes it all the same', async () => {
    const { clock, names, changed, the } = aLookup();
    names.lookup('a');
    clock.advance(5_000);

    expect(names.lookup('a')).to.equal('unavailable');
    await the('a').answer('192.0.2.1');
    expect(changed).to.deep.equal(['a']);
  });

  it('follows a name, and gives what it knew meanwhile', async () => {
    const { clock, names, changed, order, the } = aLookup();
    names.lookup('a');
    await the('a').answer('192.0.2.1');
    clock.advance(10_000);
    names.lookup('a');
    expect(order).to.deep.equal(['a']);

    clock.advance(20_000);
    expect(names.lookup('a')).to.deep.equal({ addresses: ['192.0.2.1'] });
    await the('a').answer('192.0.2.2');
    expect(changed).to.deep.equal(['a', 'a']);
    expect(names.lookup('a')).to.deep.equal({ addresses: ['192.0.2.2'] });
  });

  it('keeps what it knew while the resolver fails', async () => {
    const { clock, names, changed, the } = aLookup();
    names.lookup('a');
    await the('a').answer('192.0.2.1');
    for (let round = 0; round < 3; round += 1) {
      clock.advance(30_000);
      names.lookup('a');
      await the('a').fail();
    }

    expect(names.lookup('a')).to.deep.equal({ addresses: ['192.0.2.1'] });
    expect(changed).to.deep.equal(['a']);
  });

  it('does not move for answers in another order', async () => {
    const { clock, names, changed, the } = aLookup();
    names.lookup('a');
    await the('a').answer('192.0.2.1', '192.0.2.2');
    clock.advance(30_000);
    names.lookup('a');
    await the('a').answer('192.0.2.2', '192.0.2.1');
    expect(changed).to.deep.equal(['a']);

    clock.advance(30_000);
    names.lookup('a');
    await the('a').answer('192.0.2.3', '192.0.2.1');
    expect(names.lookup('a')).to.deep.equal({ addresses: ['192.0.2.1', '192.0.2.3'] });
  });

  it('looks each name up once at a time, and two names at most', async () => {
    const { names, order, the, inFlight } = aLookup();
    for (const name of ['a', 'a', 'b', 'c', 'b']) names.lookup(name);
    expect(inFlight()).to.deep.equal(['a', 'b']);

    await the('a').answer('192.0.2.1');
    expect(inFlight()).to.deep.equal(['b', 'c']);
    expect(order).to.deep.equal(['a', 'b', 'c']);
  });

  it('keeps a place for names that answer from those that were slow', async () => {
    const { clock, names, the, inFlight } = aLookup();
    names.lookup('slow1');
    names.lookup('slow2');
    clock.advance(20_000);
    await Promise.all([the('slow1').fail(), the('slow2').fail()]);
    clock.advance(1_000);
    for (const name of ['slow1', 'slow2', 'good']) names.lookup(name);

    expect(inFlight()).to.deep.equal(['slow1', 'good']);
    await the('slow1').fail();
    await eventually(() => expect(inFlight()).to.deep.equal(['good', 'slow2']));
  });

  it('forgets names that nobody asks for, and has room for so many', async () => {
    const { clock, names, the } = aLookup(2);
    for (const name of ['a', 'b']) {
      names.lookup(name);
      await the(name).answer('192.0.2.1');
    }
    expect(names.lookup('c')).to.equal('unavailable');

    clock.advance(6 * MINUTE_MS);
    expect(names.lookup('a')).to.equal('pending');
    expect(names.lookup('c')).to.equal('pending');
    expect(names.lookup('b')).to.equal('unavailable');
  });
});
