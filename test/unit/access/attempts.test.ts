import { expect } from 'chai';
import { PasswordAttempts, TokenAttempts } from '../../../src/access/attempts.ts';
import type { AttemptAnswer, AttemptOutcome } from '../../../src/access/contracts.ts';
import { ManualClock } from '../../support/clocks.ts';

const START = 1_700_000_000_000;
const HERE = '192.0.2.1';

function ended(answer: AttemptAnswer, outcome: AttemptOutcome): boolean {
  if (answer.allowed) answer.end(outcome);
  return answer.allowed;
}

/** How many of `tries` were let through, all with this outcome. */
function count(
  tries: number,
  begin: (index: number) => AttemptAnswer,
  outcome: AttemptOutcome,
): number {
  return Array.from({ length: tries }, (_, index) => ended(begin(index), outcome)).filter(Boolean)
    .length;
}

describe('PasswordAttempts', () => {
  it('bears ten wrong passwords for a name, from wherever, then one a minute', () => {
    const clock = new ManualClock(START);
    const attempts = new PasswordAttempts({ clock });
    const guess = (index: number): AttemptAnswer =>
      attempts.begin({ address: `198.51.100.${index % 250}`, name: 'alice' });

    expect(count(100, guess, 'failed')).to.equal(10);
    expect(guess(0)).to.deep.equal({ allowed: false, retryAfterSeconds: 60 });
    clock.advance(59_500);
    expect(guess(0)).to.deep.equal({ allowed: false, retryAfterSeconds: 1 });
    clock.advance(500);
    expect(count(100, guess, 'failed')).to.equal(1);
  });

  it('bears thirty wrong passwords from an address, whatever the names, then one in ten seconds', () => {
    const clock = new ManualClock(START);
    const attempts = new PasswordAttempts({ clock });
    const guess = (index: number): AttemptAnswer =>
      attempts.begin({ address: HERE, name: `user-${index}` });

    expect(count(100, guess, 'failed')).to.equal(30);
    expect(guess(0)).to.deep.equal({ allowed: false, retryAfterSeconds: 10 });
    expect(attempts.begin({ address: '192.0.2.2', name: 'alice' }).allowed).to.equal(true);
    clock.advance(10_000);
    expect(count(100, guess, 'failed')).to.equal(1);
  });

  it('takes the addresses of one IPv6 network, and each way to write one, for the same', () => {
    const attempts = new PasswordAttempts({ clock: new ManualClock(START) });
    const from = (address: string) => (index: number) =>
      attempts.begin({ address, name: `${address} ${index}` });

    expect(count(15, from('2001:db8:0:7::1'), 'failed')).to.equal(15);
    expect(count(15, from('2001:0DB8::7:ffff:0:0:9'), 'failed')).to.equal(15);
    expect(from('2001:db8:0:7:a:b:c:d')(0).allowed).to.equal(false);
    expect(from('2001:db8:0:8::1')(0).allowed).to.equal(true);
    expect(count(99, from('::ffff:192.0.2.9'), 'failed')).to.equal(30);
    expect(from('192.0.2.9')(0).allowed).to.equal(false);
  });

  it('takes the spellings of a name for the same, and callers without an address for one', () => {
    const attempts = new PasswordAttempts({ clock: new ManualClock(START) });
    const spellings = ['alice', 'Alice', ' ALICE ', 'ａlice'];

    expect(
      count(40, (index) => attempts.begin({ name: spellings[index % 4] ?? '' }), 'failed'),
    ).to.equal(10);
    expect(count(99, (index) => attempts.begin({ name: `n${index}` }), 'failed')).to.equal(20);
  });

  it('locks nobody out of an address from which the name was right before', () => {
    const attempts = new PasswordAttempts({ clock: new ManualClock(START) });
    const alice = { address: HERE, name: 'alice' };
    expect(ended(attempts.begin(alice), 'succeeded')).to.equal(true);

    const guess = (index: number): AttemptAnswer =>
      attempts.begin({ address: `198.51.100.${index}`, name: 'alice' });
    expect(count(99, guess, 'failed')).to.equal(10);

    expect(attempts.begin(alice).allowed).to.equal(true);
    expect(attempts.begin({ ...alice, address: '192.0.2.2' }).allowed).to.equal(false);
  });

  it('bears ten from that address too', () => {
    const attempts = new PasswordAttempts({ clock: new ManualClock(START) });
    const begin = (): AttemptAnswer => attempts.begin({ address: HERE, name: 'alice' });
    ended(begin(), 'succeeded');

    expect(count(99, begin, 'failed')).to.equal(10);
  });

  it('gives nothing back for what is right, so that guesses between good sign-ins are not free', () => {
    const attempts = new PasswordAttempts({ clock: new ManualClock(START) });
    let guesses = 0;
    for (let index = 0; index < 100; index += 1) {
      ended(attempts.begin({ address: HERE, name: 'mallory' }), 'succeeded');
      if (ended(attempts.begin({ address: HERE, name: `victim-${index}` }), 'failed')) guesses += 1;
    }

    expect(guesses).to.equal(30);
  });

  it('counts no try that nobody could judge', () => {
    const attempts = new PasswordAttempts({ clock: new ManualClock(START) });

    expect(count(500, () => attempts.begin({ address: HERE, name: 'alice' }), 'unknown')).to.equal(
      500,
    );
  });

  it('lets no more through at once than in a row', () => {
    const attempts = new PasswordAttempts({ clock: new ManualClock(START) });
    const all = Array.from({ length: 100 }, () => attempts.begin({ address: HERE, name: 'alice' }));

    const open = all.filter(({ allowed }) => allowed);
    expect(open).to.have.length(10);
    for (const answer of open) {
      ended(answer, 'unknown');
      // A second end is none.
      ended(answer, 'failed');
    }
    expect(count(99, () => attempts.begin({ address: HERE, name: 'alice' }), 'failed')).to.equal(
      10,
    );
  });
});

describe('TokenAttempts', () => {
  it('bears 120 unknown tokens from an address, then one a second', () => {
    const clock = new ManualClock(START);
    const attempts = new TokenAttempts({ clock });
    const garbage = (index: number): AttemptAnswer =>
      attempts.begin({ address: HERE, credential: `garbage ${index}` });

    expect(count(1_000, garbage, 'failed')).to.equal(120);
    expect(garbage(0)).to.deep.equal({ allowed: false, retryAfterSeconds: 1 });
    expect(attempts.begin({ address: '192.0.2.2', credential: 'x' }).allowed).to.equal(true);
    clock.advance(3_000);
    expect(count(1_000, garbage, 'failed')).to.equal(3);
  });

  it('goes on with a token that was good, however much garbage comes from its address', () => {
    const attempts = new TokenAttempts({ clock: new ManualClock(START) });
    const good = { address: HERE, credential: 'good' };
    ended(attempts.begin(good), 'succeeded');
    count(1_000, (index) => attempts.begin({ address: HERE, credential: `g${index}` }), 'failed');

    expect(ended(attempts.begin(good), 'unknown')).to.equal(true);
    expect(ended(attempts.begin(good), 'failed')).to.equal(true);
    expect(attempts.begin(good).allowed).to.equal(false);
  });

  it('gives tokens that were good no room of the others', () => {
    const attempts = new TokenAttempts({ clock: new ManualClock(START) });
    const good = (index: number): AttemptAnswer =>
      attempts.begin({ address: HERE, credential: `good ${index}` });
    expect(count(500, good, 'succeeded')).to.equal(500);

    for (let index = 0; index < 500; index += 1) good(index);

    expect(attempts.begin({ address: HERE, credential: 'new' }).allowed).to.equal(true);
  });
});
