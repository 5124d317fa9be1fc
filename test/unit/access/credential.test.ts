import { expect } from 'chai';
import fc from 'fast-check';
import { readBasic, readSession, readToken } from '../../../src/access/credential.ts';
import { aToken } from '../../clearml/support/stub-server.ts';
import { aSession } from '../../support/sessions.ts';

const NOW = 1_700_000_000_000;
const NOW_SECONDS = NOW / 1_000;

function base64(text: string, encoding: BufferEncoding = 'utf8'): string {
  return Buffer.from(text, encoding).toString('base64');
}

describe('readToken', () => {
  it('takes the value of a cookie, quoted or not, and of a bearer credential', () => {
    const token = aToken({ exp: NOW_SECONDS + 5 });
    const claim = { credential: { scheme: 'Bearer', token }, expires: NOW + 5_000 };

    expect(readToken({ kind: 'cookie', credential: token }, NOW)).to.deep.equal(claim);
    expect(readToken({ kind: 'cookie', credential: `"${token}"` }, NOW)).to.deep.equal(claim);
    expect(readToken({ kind: 'bearer', credential: ` ${token} ` }, NOW)).to.deep.equal(claim);
    expect(readToken({ kind: 'bearer', credential: `"${token}"` }, NOW)).to.equal(undefined);
  });

  it('takes a token without an end for one', () => {
    const token = aToken({ identity: {} });

    expect(readToken({ kind: 'bearer', credential: token }, NOW)).to.deep.equal({
      credential: { scheme: 'Bearer', token },
    });
  });

  for (const [what, credential] of [
    ['nothing', ''],
    ['garbage', 'garbage'],
    ['two parts', 'e30.e30'],
    ['no signature', aToken().replace(/[^.]*$/, '')],
    ['claims that are a list', `e30.${Buffer.from('[]').toString('base64url')}.c2ln`],
    ['claims that are no JSON', 'e30.e3.c2ln'],
    ['more than 8 KiB', aToken({ padding: 'x'.repeat(8_192) })],
    ['another token in it', `${aToken()}.${aToken()}`],
    ['a space', `${aToken()} x`],
    ['the end reached', aToken({ exp: NOW_SECONDS })],
    ['the end long past', aToken({ exp: 1 })],
    ['the begin a minute ahead', aToken({ nbf: NOW_SECONDS + 60 })],
  ] as const) {
    it(`takes a token with ${what} for none`, () => {
      expect(readToken({ kind: 'bearer', credential }, NOW)).to.equal(undefined);
      expect(readToken({ kind: 'cookie', credential }, NOW)).to.equal(undefined);
    });
  }

  it('bears a clock of ClearML that is some seconds ahead', () => {
    const credential = aToken({ nbf: NOW_SECONDS + 10 });

    expect(readToken({ kind: 'bearer', credential }, NOW)).not.to.equal(undefined);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (credential) => {
        readToken({ kind: 'cookie', credential }, NOW);
        readBasic(credential);
      }),
    );
  });
});

describe('readBasic', () => {
  it('splits at the first colon', () => {
    expect(readBasic(base64('key:se:cret'))?.credential).to.deep.equal({
      scheme: 'Basic',
      name: 'key',
      secret: 'se:cret',
    });
    expect(readBasic(` ${base64('zoë:')} `)?.credential).to.include({ name: 'zoë', secret: '' });
  });

  for (const [what, text] of [
    ['nothing', ''],
    ['no colon', base64('key')],
    ['no name', base64(':secret')],
    ['bytes that are no UTF-8', base64('k\xff:s', 'latin1')],
    ['a second spelling', base64('key:s').replace(/=+$/, '')],
    ['other characters', `${base64('key:secret')}!`],
    ['a line break', `${base64('key:secret')}\n x`],
    ['the URL alphabet', Buffer.from('k:\u{ff}\u{ff}\u{fb}?>', 'utf8').toString('base64url')],
  ] as const) {
    it(`takes base64 with ${what} for none`, () => {
      expect(readBasic(text)).to.equal(undefined);
    });
  }

  it('reads back what was written', () => {
    const name = fc.string({ minLength: 1 }).filter((text) => !text.includes(':'));
    fc.assert(
      fc.property(name, fc.string({ unit: 'grapheme' }), (given, secret) => {
        expect(readBasic(base64(`${given}:${secret}`))?.credential).to.deep.equal({
          scheme: 'Basic',
          name: given,
          secret,
        });
      }),
    );
  });
});

describe('readSession', () => {
  it('ends with the session or its token, whichever is first', () => {
    const token = aToken({ exp: NOW_SECONDS + 100 });

    const short = readSession(aSession({ token, expires: NOW + 50_000 }), NOW);
    const long = readSession(aSession({ token, expires: NOW + 200_000 }), NOW);

    expect([short?.expires, long?.expires]).to.deep.equal([NOW + 50_000, NOW + 100_000]);
    expect(short?.credential).to.deep.equal({ scheme: 'Bearer', token });
  });

  it('is none once either has ended', () => {
    const session = aSession({ token: aToken({ exp: NOW_SECONDS }), expires: NOW + 1 });

    expect(readSession(session, NOW)).to.equal(undefined);
    expect(readSession(aSession({ token: aToken(), expires: NOW }), NOW)).to.equal(undefined);
    expect(readSession(aSession({ token: 'x', expires: NOW + 1 }), NOW)).to.equal(undefined);
  });
});
