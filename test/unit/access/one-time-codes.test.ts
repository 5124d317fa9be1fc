import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import type { Session } from '../../../src/access/contracts.ts';
import { OneTimeCodes, stateHash } from '../../../src/access/one-time-codes.ts';
import { ManualClock } from '../../support/clocks.ts';

const SESSION: Session = {
  id: 'id',
  user: 'alice',
  name: 'Alice',
  token: 'token',
  issued: 0,
  expires: 1_000_000,
};
const STATE = stateHash('state');
const HOLDER = { host: 'abc', state: STATE };
const BEARER = { host: 'abc', states: [STATE] };

function aDesk(most = 1_000): { readonly codes: OneTimeCodes; readonly clock: ManualClock } {
  const clock = new ManualClock(1_000);
  return { clock, codes: new OneTimeCodes({ clock, randomBytes, most }) };
}

describe('OneTimeCodes', () => {
  it('gives the session to whom the code was made for', () => {
    const { codes } = aDesk();

    const code = codes.issue(HOLDER, SESSION);

    expect(codes.take(code, BEARER)).to.equal(SESSION);
  });

  it('makes codes of 256 random bits', () => {
    const { codes } = aDesk();

    const made = Array.from({ length: 100 }, () => codes.issue(HOLDER, SESSION));

    expect(new Set(made).size).to.equal(100);
    for (const code of made) expect(code).to.match(/^[\w-]{43}$/);
  });

  it('takes a code once', () => {
    const { codes } = aDesk();
    const code = codes.issue(HOLDER, SESSION);

    codes.take(code, BEARER);

    expect(codes.take(code, BEARER)).to.equal(undefined);
  });

  it('lets a code live for 30 seconds', () => {
    const { codes, clock } = aDesk();
    const [early, late] = [codes.issue(HOLDER, SESSION), codes.issue(HOLDER, SESSION)];

    clock.advance(29_999);
    expect(codes.take(early, BEARER)).to.equal(SESSION);
    clock.advance(1);
    expect(codes.take(late, BEARER)).to.equal(undefined);
  });

  for (const [what, bearer] of [
    ['at another host', { host: 'other', states: [STATE] }],
    ['in another browser', { host: 'abc', states: [stateHash('other')] }],
    ['in a browser without a state', { host: 'abc', states: [] }],
  ] as const) {
    it(`is no good ${what}, and spent there`, () => {
      const { codes } = aDesk();
      const code = codes.issue(HOLDER, SESSION);

      expect(codes.take(code, bearer)).to.equal(undefined);
      expect(codes.take(code, BEARER)).to.equal(undefined);
    });
  }

  it('takes whichever of several state cookies is the right one', () => {
    const { codes } = aDesk();
    const code = codes.issue(HOLDER, SESSION);

    expect(codes.take(code, { host: 'abc', states: [stateHash('planted'), STATE] })).to.equal(
      SESSION,
    );
  });

  it('keeps a bounded number; the oldest one gives way', () => {
    const { codes } = aDesk(3);

    const [first = '', ...others] = Array.from({ length: 4 }, () => codes.issue(HOLDER, SESSION));

    expect(codes.take(first, BEARER)).to.equal(undefined);
    for (const code of others) expect(codes.take(code, BEARER)).to.equal(SESSION);
  });

  it('knows nothing of a code that it did not make', () => {
    const { codes } = aDesk();
    codes.issue(HOLDER, SESSION);

    for (const code of ['', 'x', stateHash('state'), '__proto__']) {
      expect(codes.take(code, BEARER)).to.equal(undefined);
    }
  });
});
