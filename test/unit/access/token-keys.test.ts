import { expect } from 'chai';
import { generateKeyPairSync, randomBytes, type JsonWebKey, type KeyObject } from 'node:crypto';
import { readKeyForms, signed, type KeyForm } from '../../../src/access/token-keys.ts';
import { byKey, bySecret, withSignature } from '../../support/signed-tokens.ts';

const CLAIMS = { identity: { user: 'alice' } };
const SECRET = 'Zq9-the_token-secret';
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const otherRsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ed = generateKeyPairSync('ed25519');

function jwk(key: KeyObject, more: Readonly<Record<string, unknown>> = {}): JsonWebKey {
  return { ...key.export({ format: 'jwk' }), ...more };
}

function setting(...keys: readonly JsonWebKey[]): string {
  return Buffer.from(JSON.stringify({ keys })).toString('base64');
}

/** The form of this name. */
function form(text: string, name: KeyForm['name']): KeyForm {
  const found = readKeyForms(text).find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

const secretKey = (text: string | Uint8Array): JsonWebKey => ({
  kty: 'oct',
  k: Buffer.from(text).toString('base64url'),
});

describe('readKeyForms', () => {
  it('reads a secret as itself, and as base64 where it could be that', async () => {
    const bytes = randomBytes(33);
    const text = bytes.toString('base64');

    expect(await signed(form(text, 'secret'), bySecret(text, CLAIMS))).to.equal(true);
    expect(await signed(form(text, 'secret in base64'), bySecret(bytes, CLAIMS))).to.equal(true);
    expect(await signed(form(text, 'secret'), bySecret(bytes, CLAIMS))).to.equal(false);
    expect(readKeyForms('a secret, with more').map(({ name }) => name)).to.deep.equal(['secret']);
  });

  it('reads base64 of a set, in both alphabets, and of a single key', async () => {
    const token = byKey(rsa.privateKey, CLAIMS);
    const set = JSON.stringify({ keys: [jwk(rsa.publicKey, { note: '???>>>' })] });

    for (const text of [
      Buffer.from(set).toString('base64'),
      Buffer.from(set).toString('base64url'),
      Buffer.from(JSON.stringify(jwk(rsa.publicKey))).toString('base64'),
    ]) {
      expect(await signed(form(text, 'JWKS in base64'), token)).to.equal(true);
    }
  });

  it('leaves out keys that cannot be used, and takes the public part of a private one', () => {
    const text = setting(
      { kty: 'RSA', e: 'AQAB' },
      { kty: 'new' },
      jwk(rsa.publicKey, { use: 'enc' }),
      jwk(ec.publicKey, { alg: 'ES512' }),
      jwk(ed.privateKey),
    );

    expect(form(text, 'JWKS in base64').keys).to.have.length(1);
    const none = Buffer.from('{"keys":[null,7,"x",{}]}').toString('base64');
    expect(readKeyForms(none).map(({ name }) => name)).not.to.include('JWKS in base64');
  });

  it('uses no more than 16 keys of a set', () => {
    const keys = Array.from({ length: 40 }, () => secretKey(randomBytes(32)));

    expect(form(setting(...keys), 'JWKS in base64').keys).to.have.length(16);
  });
});

describe('signed', () => {
  it('takes what a key of the form signed, with the algorithms of that key', async () => {
    const set = form(
      setting(secretKey(SECRET), jwk(rsa.publicKey), jwk(ec.publicKey)),
      'JWKS in base64',
    );

    for (const token of [
      bySecret(SECRET, CLAIMS),
      bySecret(SECRET, CLAIMS, { alg: 'HS384' }),
      bySecret(SECRET, CLAIMS, { alg: 'HS512' }),
      byKey(rsa.privateKey, CLAIMS),
      byKey(ec.privateKey, CLAIMS),
      // Words of the sender that change nothing.
      byKey(rsa.privateKey, CLAIMS, { kid: '../../dev/null', jku: 'http://127.0.0.1:1/' }),
    ]) {
      expect(await signed(set, token), token).to.equal(true);
    }
  });

  const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' });
  const pkcs1 = rsa.publicKey.export({ type: 'pkcs1', format: 'pem' });
  const modulus = Buffer.from(jwk(rsa.publicKey).n ?? '', 'base64url');
  const publicSet = setting(jwk(rsa.publicKey), jwk(ec.publicKey));
  const none = (alg: string) => withSignature({ alg, typ: 'JWT' }, CLAIMS, () => 'AA');
  const byOther = byKey(otherRsa.privateKey, CLAIMS);
  for (const [attack, token] of [
    ['alg none', none('none')],
    ['alg None', none('None')],
    ['no alg', withSignature({ typ: 'JWT' }, CLAIMS, () => 'AA')],
    ['an alg that is no text', withSignature({ alg: ['HS256'] }, CLAIMS, () => 'AA')],
    ['an empty signature', none('RS256').replace(/AA$/, '')],
    ['the public key in PEM as a secret', bySecret(pem, CLAIMS)],
    ['the public key in PKCS #1 as a secret', bySecret(pkcs1, CLAIMS)],
    ['the modulus as a secret', bySecret(modulus, CLAIMS)],
    ['the setting itself as a secret', bySecret(publicSet, CLAIMS)],
    ['the decoded setting as a secret', bySecret(Buffer.from(publicSet, 'base64'), CLAIMS)],
    ['an empty secret', bySecret('', CLAIMS)],
    ['an empty secret under kid /dev/null', bySecret('', CLAIMS, { kid: '/dev/null' })],
    ['kid with SQL', bySecret('x', CLAIMS, { kid: "x' UNION SELECT 'x" })],
    ['another key', byOther],
    ['another key in jwk', byKey(otherRsa.privateKey, CLAIMS, { jwk: jwk(otherRsa.publicKey) })],
    ['another key under jku', byKey(otherRsa.privateKey, CLAIMS, { jku: 'http://127.0.0.1:1/' })],
    ['another key under x5u', byKey(otherRsa.privateKey, CLAIMS, { x5u: 'file:///etc/passwd' })],
    ['crit that nobody knows', byKey(rsa.privateKey, CLAIMS, { crit: ['exp'] })],
    ['the alg of another type of key', byKey(ec.privateKey, CLAIMS, { alg: 'RS256' })],
    ['a signature of other claims', byKey(rsa.privateKey, CLAIMS).replace(/\.[^.]+\./, '.e30.')],
    ['two tokens', `${byKey(rsa.privateKey, CLAIMS)}.x`],
    ['garbage', 'garbage'],
    ['nothing', ''],
  ] as const) {
    it(`refuses ${attack} where the key is a public one`, async () => {
      expect(await signed(form(publicSet, 'JWKS in base64'), token)).to.equal(false);
    });
  }

  for (const [attack, token] of [
    ['alg none', none('none')],
    ['another secret', bySecret('another secret', CLAIMS)],
    ['a secret that is cut', bySecret(SECRET.slice(0, -1), CLAIMS)],
    ['an asymmetric signature', byOther],
    [
      'the alg of another digest',
      bySecret(SECRET, CLAIMS, { alg: 'HS256' }).replace(
        /^[^.]+/,
        Buffer.from('{"alg":"HS512"}').toString('base64url'),
      ),
    ],
  ] as const) {
    it(`refuses ${attack} where the key is a secret`, async () => {
      expect(await signed(form(SECRET, 'secret'), token)).to.equal(false);
    });
  }

  it('keeps a key to the algorithm that it is meant for', async () => {
    const set = form(setting({ ...secretKey(SECRET), alg: 'HS512' }), 'JWKS in base64');

    expect(await signed(set, bySecret(SECRET, CLAIMS, { alg: 'HS512' }))).to.equal(true);
    expect(await signed(set, bySecret(SECRET, CLAIMS))).to.equal(false);
  });
});
