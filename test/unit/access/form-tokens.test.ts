import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { FORM_SECONDS, FormTokens, formKey } from '../../../src/access/pages/form-tokens.ts';
import { ManualClock } from '../../support/clocks.ts';

function aDesk(key = formKey(new Uint8Array(32))): {
  readonly tokens: FormTokens;
  readonly clock: ManualClock;
} {
  const clock = new ManualClock(1_700_000_000_000);
  return { clock, tokens: new FormTokens({ key, clock, randomBytes }) };
}

describe('FormTokens', () => {
  it('accepts a token in the browser that it was made for, again and again', () => {
    const { tokens } = aDesk();
    const nonce = tokens.nonceFor([]);
    const token = tokens.issue(nonce);

    expect(tokens.check(token, [nonce])).to.equal('valid');
    expect(tokens.check(token, ['planted', nonce])).to.equal('valid');
  });

  it('keeps the random value that a browser has, so that its tabs do not disturb each other', () => {
    const { tokens } = aDesk();
    const nonce = tokens.nonceFor([]);

    expect(tokens.nonceFor([nonce])).to.equal(nonce);
    expect(tokens.nonceFor([])).to.not.equal(nonce);
    expect(tokens.nonceFor(['too short'])).to.match(/^[\w-]{43}$/);
  });

  it('refuses a token in another browser, and in one without the cookie', () => {
    const { tokens } = aDesk();
    const token = tokens.issue(tokens.nonceFor([]));

    expect(tokens.check(token, [tokens.nonceFor([])])).to.equal('mismatched');
    expect(tokens.check(token, [])).to.equal('mismatched');
  });

  it('lets a token end after an hour', () => {
    const { tokens, clock } = aDesk();
    const nonce = tokens.nonceFor([]);
    const token = tokens.issue(nonce);

    clock.advance(FORM_SECONDS * 1_000 - 1);
    expect(tokens.check(token, [nonce])).to.equal('valid');
    clock.advance(1);
    expect(tokens.check(token, [nonce])).to.equal('expired');
    expect(tokens.check(token, []), 'the cookie has ended too').to.equal('expired');
  });

  it('refuses a token whose end was put off', () => {
    const { tokens } = aDesk();
    const nonce = tokens.nonceFor([]);
    const [ends = '', signature = ''] = tokens.issue(nonce).split('.');

    expect(tokens.check(`${Number(ends) + 1}.${signature}`, [nonce])).to.equal('mismatched');
  });

  it('refuses a token of another key', () => {
    const nonce = aDesk().tokens.nonceFor([]);
    const token = aDesk(formKey(randomBytes(32))).tokens.issue(nonce);

    expect(aDesk().tokens.check(token, [nonce])).to.equal('mismatched');
  });

  it('refuses what is no token', () => {
    const { tokens } = aDesk();
    const nonce = tokens.nonceFor([]);

    for (const text of [
      '',
      '.',
      'x',
      `0.${nonce}`,
      `1e3.${nonce}`,
      nonce,
      `${'9'.repeat(400)}.x`,
    ]) {
      expect(tokens.check(text, [nonce])).to.equal('mismatched');
    }
  });
});
