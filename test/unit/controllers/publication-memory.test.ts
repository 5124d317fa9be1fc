import { expect } from 'chai';
import { PublicationMemory } from '../../../src/controllers/publication-memory.ts';
import type { Patch } from '../../../src/domain/plan-publication.ts';
import { ManualClock } from '../../support/clocks.ts';

const FIRST: Patch = { set: { endpoint: 'u', clearway: 'm' }, remove: [] };
const AGAIN: Patch = { set: { endpoint: 'u' }, remove: [] };

function aMemory(): { readonly memory: PublicationMemory; readonly clock: ManualClock } {
  const clock = new ManualClock(1_000_000);
  return { memory: new PublicationMemory(clock), clock };
}

/** Writes where it may; says whether it might. */
function write(memory: PublicationMemory, patch: Patch): boolean {
  const may = memory.mayWrite('t', patch);
  if (may) memory.wrote('t', patch);
  return may;
}

describe('PublicationMemory', () => {
  it('stops at the third contest in a minute', () => {
    const { memory } = aMemory();

    expect([FIRST, AGAIN, AGAIN, AGAIN].map((patch) => write(memory, patch))).to.deep.equal([
      true,
      true,
      true,
      false,
    ]);
    expect(memory.stoppedForMs('t')).to.equal(60_000);
  });

  it('sees a contest whichever of the keys are written over', () => {
    const { memory } = aMemory();
    const patches = [FIRST, { set: { clearway: 'm' }, remove: [] }, AGAIN, FIRST];

    expect(patches.map((patch) => write(memory, patch)).at(-1)).to.equal(false);
  });

  it('takes no new value for a contest', () => {
    const { memory } = aMemory();
    const patches = ['a', 'b', 'c', 'd', 'e'].map((url) => ({
      set: { endpoint: url },
      remove: [],
    }));

    expect(patches.every((patch) => write(memory, patch))).to.equal(true);
  });

  it('sees a contest over a key that was removed', () => {
    const { memory } = aMemory();
    const patch = { set: {}, remove: ['endpoint__x'] };

    expect([1, 2, 3, 4].map(() => write(memory, patch))).to.deep.equal([true, true, true, false]);
  });

  it('forgives contests that lie further apart', () => {
    const { memory, clock } = aMemory();
    write(memory, FIRST);
    for (let round = 0; round < 10; round += 1) {
      clock.advance(31_000);

      expect(write(memory, AGAIN)).to.equal(true);
    }
  });

  it('begins again after a minute, and stops for longer each time', () => {
    const { memory, clock } = aMemory();
    const stops: number[] = [];
    write(memory, FIRST);
    for (let round = 0; round < 5; round += 1) {
      while (write(memory, AGAIN));
      stops.push(memory.stoppedForMs('t'));
      clock.advance(memory.stoppedForMs('t'));
    }

    expect(stops).to.deep.equal([60_000, 120_000, 240_000, 300_000, 300_000]);
  });

  it('tells tasks apart, and forgets', () => {
    const { memory } = aMemory();
    for (let round = 0; round < 4; round += 1) write(memory, FIRST);

    expect(memory.mayWrite('other', FIRST)).to.equal(true);
    memory.forget('t');
    expect(memory.stoppedForMs('t')).to.equal(0);
    expect(write(memory, FIRST)).to.equal(true);
  });

  it('knows since when something has to be written, until it is settled', () => {
    const { memory, clock } = aMemory();

    expect(memory.waitingSince('t')).to.equal(1_000_000);
    clock.advance(5);
    expect(memory.waitingSince('t')).to.equal(1_000_000);
    memory.settled('t');
    expect(memory.waitingSince('t')).to.equal(1_000_005);
  });
});
