import { expect } from 'chai';
import { stampDecision } from '../../../src/proxy/channel-requests.ts';

const times = { freshSeconds: 60, usableSeconds: 900, now: 1_000_000 };

describe('stampDecision', () => {
  it('gives an allowed caller both times while the credential lives longer', () => {
    expect(stampDecision({ verdict: 'allow', user: 'u' }, times)).to.deep.equal({
      fresh: 60,
      usable: 900,
    });
  });

  it('never outlives the credential', () => {
    const ends = (ms: number): unknown =>
      stampDecision({ verdict: 'allow', user: 'u', expires: times.now + ms }, times);

    expect(ends(100_999)).to.deep.equal({ fresh: 60, usable: 100 });
    expect(ends(30_000)).to.deep.equal({ fresh: 30, usable: 30 });
    expect(ends(999)).to.deep.equal({ fresh: 0, usable: 0 });
    expect(ends(-5)).to.deep.equal({ fresh: 0, usable: 0 });
  });

  it('keeps a refusal no longer than it is fresh', () => {
    expect(stampDecision({ verdict: 'deny', user: 'u' }, times)).to.deep.equal({
      fresh: 60,
      usable: 60,
    });
  });

  it('keeps nothing when nobody could be asked', () => {
    expect(stampDecision({ verdict: 'unavailable' }, times)).to.deep.equal({ fresh: 0, usable: 0 });
  });
});
