import { expect } from 'chai';
import { generateKeyPairSync } from 'node:crypto';
import { AccessWorld, TASK, TOKEN_SECRET } from '../support/access-world.ts';
import { aSession } from '../support/sessions.ts';
import { byKey, bySecret, withSignature } from '../support/signed-tokens.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const PEM = rsa.publicKey.export({ type: 'spki', format: 'pem' });
const JWKS = Buffer.from(
  JSON.stringify({
    keys: [
      { kty: 'oct', k: Buffer.from(TOKEN_SECRET).toString('base64url'), alg: 'HS256' },
      { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'a' },
    ],
  }),
).toString('base64');

type Claims = Readonly<Record<string, unknown>>;

/** The claims of a good token of the user, as ClearML signs them. */
function claimsOf(world: AccessWorld, user: string): Claims {
  const payload = world.token(user).split('.')[1] ?? '';
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims;
}

interface Attack {
  readonly what: string;
  readonly token: (world: AccessWorld) => string;
  readonly verdict?: 'deny' | 'unavailable';
  /** Present where the token is signed with ClearML's own secret, so that only ClearML can tell. */
  readonly isSigned?: true;
  /** Present where a key of the set signed it that ClearML does not have. */
  readonly isSignedBySet?: true;
}

const now = Math.floor(Date.now() / 1_000);
const forAlice = (world: AccessWorld): Claims => claimsOf(world, 'alice');

// T28. The defence taken out: `isForged` that says false, `readClaims` that bears an empty signature, `judge` that asks for one call only.
const ATTACKS: readonly Attack[] = [
  {
    what: 'alg none, without a signature',
    token: (world) => withSignature({ alg: 'none', typ: 'JWT' }, forAlice(world), () => ''),
  },
  {
    what: 'alg none, with a signature',
    token: (world) => withSignature({ alg: 'none', typ: 'JWT' }, forAlice(world), () => 'AAAA'),
  },
  {
    what: 'alg nOnE',
    token: (world) => withSignature({ alg: 'nOnE', typ: 'JWT' }, forAlice(world), () => 'AAAA'),
  },
  {
    what: 'HS256 with a public key as the secret',
    token: (world) => bySecret(PEM, forAlice(world)),
  },
  {
    what: 'HS256 with the setting as the secret',
    token: (world) => bySecret(JWKS, forAlice(world)),
  },
  {
    what: 'RS256 with a key of the attacker',
    token: (world) =>
      byKey(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey, forAlice(world)),
  },
  {
    what: 'RS256 with a key that ClearML does not have',
    token: (world) => byKey(rsa.privateKey, forAlice(world)),
    isSignedBySet: true,
  },
  {
    what: 'kid that leads to a file',
    token: (world) => bySecret('', forAlice(world), { kid: '../../../../dev/null' }),
  },
  {
    what: 'kid that is SQL',
    token: (world) => bySecret('key', forAlice(world), { kid: "' UNION SELECT 'key" }),
  },
  {
    what: 'kid that is a URL',
    token: (world) => bySecret('key', forAlice(world), { kid: 'http://127.0.0.1:1/key' }),
  },
  {
    what: 'jku, x5u and jwk of the attacker',
    token: (world) =>
      byKey(rsa.privateKey, forAlice(world), {
        jku: 'http://127.0.0.1:1/',
        x5u: 'http://127.0.0.1:1/',
        jwk: rsa.publicKey.export({ format: 'jwk' }),
      }),
    isSignedBySet: true,
  },
  { what: 'an empty secret', token: (world) => bySecret('', forAlice(world)) },
  {
    what: 'the claims of somebody else under a good signature',
    token: (world) =>
      world.token('eve').replace(/\.[^.]+\./, `.${world.token('alice').split('.')[1] ?? ''}.`),
  },
  {
    what: 'an end that has passed',
    token: (world) => bySecret(TOKEN_SECRET, { ...forAlice(world), exp: now - 1 }),
  },
  {
    what: 'an end that is this second',
    token: (world) => bySecret(TOKEN_SECRET, { ...forAlice(world), exp: now }),
  },
  {
    what: 'a begin that is to come',
    token: (world) => bySecret(TOKEN_SECRET, { ...forAlice(world), nbf: now + 3_600 }),
  },
  {
    what: 'a size of 20 KB',
    token: (world) => bySecret(TOKEN_SECRET, { ...forAlice(world), padding: 'x'.repeat(20_000) }),
  },
  {
    what: 'no identity',
    token: () => bySecret(TOKEN_SECRET, { exp: now + 60 }),
    verdict: 'unavailable',
    isSigned: true,
  },
  {
    what: 'an identity that nobody is',
    token: (world) =>
      bySecret(TOKEN_SECRET, {
        ...forAlice(world),
        identity: { user: 'none', company: 'none', role: 'root' },
      }),
    isSigned: true,
  },
  {
    what: 'another company',
    token: (world) => world.token('eve'),
    verdict: 'deny',
    isSigned: true,
  },
  { what: 'a guest', token: (world) => world.token('guest'), verdict: 'deny', isSigned: true },
  {
    what: 'a token that was revoked',
    token: (world) => {
      const token = world.token('alice');
      world.api.revoke(token);
      return token;
    },
    isSigned: true,
  },
  {
    what: 'a user who is gone',
    token: (world) => {
      const token = world.token('bob');
      world.api.removeUser('bob');
      return token;
    },
    isSigned: true,
  },
  { what: 'garbage', token: () => 'eyJhbGciOiJIUzI1NiJ9.garbage.garbage' },
  {
    what: 'garbage with NUL and line ends',
    token: (world) => `${world.token('alice')}\r\n\u0000`.replace('.', '.\u0000'),
  },
];

for (const [name, jwks] of [
  ['without a key', undefined],
  ['with the secret', TOKEN_SECRET],
  ['with a key set', JWKS],
] as const) {
  describe(`T28: tokens of an attacker, ${name}`, () => {
    for (const { what, token, verdict = 'unauthenticated', isSigned, isSignedBySet } of ATTACKS) {
      it(`lets nobody in with ${what}`, async () => {
        await using world = await AccessWorld.start(jwks === undefined ? {} : { jwks });
        await world.signIn();
        const credential = token(world);

        for (const kind of ['bearer', 'cookie'] as const) {
          expect(await world.verdict(credential, { kind })).to.equal(verdict);
        }
        const session = aSession({ token: credential, user: 'id-of-alice' });
        const sealed = await world.sessions.seal(session).catch(() => '');
        expect(await world.verdict(sealed, { kind: 'session' })).to.be.oneOf([
          verdict,
          'unauthenticated',
        ]);
      });

      if (jwks === undefined || isSigned === true) continue;
      it(`asks ClearML nothing about ${what}`, async () => {
        await using world = await AccessWorld.start({ jwks });
        await world.signIn();
        await world.verdict(token(world));

        const asked = isSignedBySet === true && jwks === JWKS ? 1 : 0;
        expect(world.calls).to.deep.equal({ whoIs: asked, readTask: asked });
      });
    }

    for (const alg of ['HS256', 'HS512']) {
      it(`lets in who has a good token, signed by ${alg}`, async () => {
        await using world = await AccessWorld.start(jwks === undefined ? {} : { jwks });
        await world.signIn();
        const credential = bySecret(TOKEN_SECRET, forAlice(world), { alg });

        // The key set names the algorithm of its secret; ClearML takes each of the three.
        const isOther = jwks === JWKS && alg !== 'HS256';
        expect(await world.verdict(credential, { task: TASK })).to.equal(
          isOther ? 'unauthenticated' : 'allow',
        );
      });
    }
  });
}
