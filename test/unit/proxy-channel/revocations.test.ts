import { expect } from 'chai';
import fc from 'fast-check';
import type { AccessSubject } from '../../../src/controllers/contracts.ts';
import { Revocations } from '../../../src/proxy/revocations.ts';

const LIMITS = { keepMs: 1_000, most: 4 };

describe('Revocations', () => {
  it('keeps each subject with the generation of its last revocation', () => {
    const revocations = new Revocations(LIMITS);
    revocations.add(['session:a', 'user:u'], 5, 0);
    revocations.add(['session:a', '*'], 7, 10);

    expect(revocations.all).to.deep.equal({ 'session:a': 7, 'user:u': 5, '*': 7 });
  });

  it('drops what is older than any decision', () => {
    const revocations = new Revocations(LIMITS);
    revocations.add(['session:a'], 5, 0);

    revocations.add(['session:b'], 6, 1_000);
    expect(revocations.all).to.deep.equal({ 'session:a': 5, 'session:b': 6 });
    revocations.add(['session:c'], 7, 1_001);
    expect(revocations.all).to.deep.equal({ 'session:b': 6, 'session:c': 7 });
  });

  it('counts the age of a subject from its last revocation', () => {
    const revocations = new Revocations(LIMITS);
    revocations.add(['session:a'], 5, 0);
    revocations.add(['session:a'], 6, 900);

    revocations.add(['session:b'], 7, 1_500);

    expect(revocations.all).to.have.property('session:a', 6);
  });

  it('voids everything instead when there are too many subjects', () => {
    const revocations = new Revocations(LIMITS);
    revocations.add(['session:a', 'session:b', 'session:c', 'session:d'], 5, 0);
    expect(Object.keys(revocations.all)).to.have.length(4);

    revocations.add(['session:e'], 6, 1);

    expect(revocations.all).to.deep.equal({ '*': 6 });
  });

  it('takes over what an earlier run had revoked, for as long as any decision of it may be used', () => {
    const revocations = new Revocations(LIMITS);
    revocations.restore({ 'user:u': 5, '*': 4 }, 10_000);
    expect(revocations.all).to.deep.equal({ 'user:u': 5, '*': 4 });

    revocations.add(['session:a'], 6, 11_000);
    expect(revocations.all).to.have.property('user:u', 5);
    revocations.add(['session:b'], 7, 11_001);
    expect(revocations.all).to.deep.equal({ 'session:a': 6, 'session:b': 7 });
  });

  it('holds for decisions of a generation that a worker turns out to have', () => {
    const revocations = new Revocations(LIMITS);
    revocations.add(['session:a'], 5, 0);
    revocations.add(['session:b'], 9, 0);

    revocations.raise(8);

    expect(revocations.all).to.deep.equal({ 'session:a': 8, 'session:b': 9 });
  });

  it('leaves what was told as it was', () => {
    const revocations = new Revocations(LIMITS);
    revocations.add(['session:a'], 5, 0);
    const told = revocations.all;

    revocations.add(['session:b'], 6, 0);

    expect(told).to.deep.equal({ 'session:a': 5 });
  });

  it('voids every decision that was revoked within the time, and stays bounded', () => {
    const subject = fc.constantFrom<AccessSubject>(
      ...(['session:a', 'session:b', 'user:a', 'user:b', 'task:a', 'task:b', '*'] as const),
    );
    const step = fc.record({ subject, wait: fc.nat({ max: 600 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const revocations = new Revocations(LIMITS);
        const made: { readonly subject: string; readonly generation: number; at: number }[] = [];
        let now = 0;
        for (const [generation, { subject: revoked, wait }] of steps.entries()) {
          now += wait;
          revocations.add([revoked], generation, now);
          made.push({ subject: revoked, generation, at: now });
          const { all } = revocations;
          const isVoid = (entry: (typeof made)[number]): boolean =>
            Math.max(all[entry.subject] ?? -1, all['*'] ?? -1) >= entry.generation;
          expect(made.filter(({ at }) => now - at <= LIMITS.keepMs).every(isVoid)).to.equal(true);
          expect(Object.keys(all).length).to.be.at.most(LIMITS.most);
        }
      }),
    );
  });
});
