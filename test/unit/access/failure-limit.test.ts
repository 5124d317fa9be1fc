import { expect } from 'chai';
import fc from 'fast-check';
import { FailureLimit, SeenKeys } from '../../../src/access/failure-limit.ts';

const BOUNDS = { burst: 3, forgetMs: 1_000, most: 4 };

function failing(limit: FailureLimit, key: string, times: number, now = 0): void {
  for (let time = 0; time < times; time += 1) {
    limit.begin(key, now);
    limit.end(key, true, now);
  }
}

describe('FailureLimit', () => {
  it('bears so many failures at once, then one in a while', () => {
    const limit = new FailureLimit(BOUNDS);

    failing(limit, 'a', 2);
    expect(limit.waitMs('a', 0)).to.equal(0);
    failing(limit, 'a', 1);
    expect(limit.waitMs('a', 0)).to.equal(1_000);
    expect(limit.waitMs('a', 999)).to.equal(1);
    expect(limit.waitMs('a', 1_000)).to.equal(0);
    failing(limit, 'a', 1, 1_000);
    expect(limit.waitMs('a', 1_000)).to.equal(1_000);
    expect(limit.waitMs('b', 1_000)).to.equal(0);
  });

  it('counts a try that is under way as a failure, until it has ended well', () => {
    const limit = new FailureLimit(BOUNDS);
    for (let time = 0; time < 3; time += 1) limit.begin('a', 0);

    expect(limit.waitMs('a', 0)).to.be.greaterThan(0);
    limit.end('a', false, 0);
    expect(limit.waitMs('a', 0)).to.equal(0);
  });

  it('forgets nothing when the clock is set back', () => {
    const limit = new FailureLimit(BOUNDS);
    failing(limit, 'a', 3, 10_000);

    expect(limit.waitMs('a', 5_000)).to.equal(1_000);
  });

  it('remembers no more keys than it may, the newest of them, and none without a failure', () => {
    const limit = new FailureLimit(BOUNDS);
    for (const key of ['a', 'b', 'c', 'd', 'a', 'e']) failing(limit, key, 3);

    expect(limit.size).to.equal(4);
    expect(limit.waitMs('a', 0)).to.equal(4_000);
    expect(limit.waitMs('b', 0)).to.equal(0);
    const idle = new FailureLimit(BOUNDS);
    idle.begin('x', 0);
    idle.end('x', false, 0);
    expect(idle.size).to.equal(0);
  });

  it('takes no count below nothing when a key was dropped while its try was under way', () => {
    const limit = new FailureLimit({ ...BOUNDS, most: 1 });
    limit.begin('a', 0);
    failing(limit, 'b', 1);
    limit.end('a', true, 0);

    failing(limit, 'a', 2);
    expect(limit.waitMs('a', 0)).to.equal(1_000);
  });

  it('lets through no more than the burst and one for each time, whatever the order', () => {
    const steps = fc.array(fc.integer({ min: 0, max: 2_500 }), { maxLength: 60 });
    fc.assert(
      fc.property(steps, (waits) => {
        const limit = new FailureLimit({ burst: 3, forgetMs: 1_000, most: 4 });
        let [now, letThrough] = [0, 0];
        for (const wait of waits) {
          now += wait;
          if (limit.waitMs('a', now) > 0) continue;
          failing(limit, 'a', 1, now);
          letThrough += 1;
        }
        return letThrough <= 3 + now / 1_000;
      }),
    );
  });
});

describe('SeenKeys', () => {
  it('keeps the newest', () => {
    const seen = new SeenKeys(2);
    for (const key of ['a', 'b', 'a', 'c']) seen.add(key);

    expect(['a', 'b', 'c'].map((key) => seen.has(key))).to.deep.equal([true, false, true]);
    seen.remove('a');
    expect(seen.has('a')).to.equal(false);
  });
});
