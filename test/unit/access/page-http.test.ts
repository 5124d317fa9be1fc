import { expect } from 'chai';
import { gatewayCookies, keepCookie, valuesOf } from '../../../src/access/pages/gateway-cookies.ts';
import { readCookies, readFields, type PageRequest } from '../../../src/access/pages/page-http.ts';
import { someSettings } from '../../support/some-settings.ts';

describe('readCookies', () => {
  it('reads every cookie as it stands there', () => {
    expect(readCookies('a=1; b="x y"; a=2;c = 3 ;d=e=f')).to.deep.equal([
      ['a', '1'],
      ['b', '"x y"'],
      ['a', '2'],
      ['c', '3'],
      ['d', 'e=f'],
    ]);
  });

  it('passes over what is no cookie', () => {
    expect(readCookies('')).to.deep.equal([]);
    expect(readCookies('; =x;;lonely; a=')).to.deep.equal([['a', '']]);
  });
});

describe('readFields', () => {
  it('decodes, and lets the first of two values count', () => {
    const fields = readFields('to=%2Fservice%2Fx%3Fy%3D1&name=a+b&to=%2F%2Fevil');

    expect([...fields]).to.deep.equal([
      ['to', '/service/x?y=1'],
      ['name', 'a b'],
    ]);
  });

  it('stops at a bound', () => {
    const text = Array.from({ length: 1_000 }, (_, index) => `f${index}=x`).join('&');

    expect(readFields(text).size).to.equal(32);
  });

  it('has no fields that nobody sent', () => {
    expect(readFields('').get('__proto__')).to.equal(undefined);
    expect(readFields('').get('constructor')).to.equal(undefined);
  });
});

describe('valuesOf', () => {
  const request = (cookies: PageRequest['cookies']): PageRequest => ({
    method: 'GET',
    name: '',
    query: new Map(),
    form: new Map(),
    cookies,
    scheme: 'https',
    host: 'gateway.example.com',
  });

  it('gives every value of a name without its quotes', () => {
    const cookies = readCookies('a=1; A=2; b=3; a="4"');

    expect(valuesOf(request(cookies), 'a')).to.deep.equal(['1', '4']);
  });

  it('gives a few of many', () => {
    const cookies = readCookies('a=1; '.repeat(50));

    expect(valuesOf(request(cookies), 'a')).to.have.length(4);
  });
});

describe('keepCookie', () => {
  const cookiesOf = (auth: Partial<ReturnType<typeof someSettings>['auth']>) =>
    gatewayCookies({ ...someSettings(), auth: { ...someSettings().auth, ...auth } });

  it('makes a cookie of this host alone, out of reach of scripts', () => {
    const cookies = cookiesOf({});

    expect(keepCookie(cookies, 'session', 'value', 60.9)).to.equal(
      `${cookies.names.session}=value; Max-Age=60; Path=/; HttpOnly; Secure; SameSite=Lax`,
    );
    expect(cookies.names.session).to.match(/^__Host-clearway-[0-9a-f]{8}$/);
  });

  it('leaves Secure and the prefix out where the setting says so', () => {
    const cookies = cookiesOf({ secureCookies: false });

    expect(keepCookie(cookies, 'form', 'value', 1)).to.match(
      /^clearway-[0-9a-f]{8}-form=value; Max-Age=1; Path=\/; HttpOnly; SameSite=Lax$/,
    );
  });

  it('makes cookies of a hand-over Lax where others are Strict: another host sends the browser back', () => {
    const cookies = cookiesOf({ sameSite: 'strict' });

    for (const role of ['session', 'form'] as const)
      expect(keepCookie(cookies, role, 'x', 1)).to.match(/SameSite=Strict$/);
    for (const role of ['state', 'sent'] as const)
      expect(keepCookie(cookies, role, 'x', 1)).to.match(/SameSite=Lax$/);
  });

  it('makes all of them None where frames of other sites are wanted', () => {
    const cookies = cookiesOf({ sameSite: 'none' });

    for (const role of ['session', 'form', 'state', 'sent'] as const)
      expect(keepCookie(cookies, role, 'x', 1)).to.match(/Secure; SameSite=None; Partitioned$/);
  });

  it('gives every cookie a name that the proxy keeps from applications', () => {
    for (const secureCookies of [true, false]) {
      for (const name of Object.values(cookiesOf({ secureCookies }).names))
        expect(name).to.match(/^(?:__Host-)?clearway-/);
    }
  });
});
