import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import { EmbeddedClearml } from '../../src/embedded/api/embedded-clearml.ts';
import {
  addTask,
  ALICE,
  anEndpoint,
  BOB,
  EVE,
  SERVICE,
  tokenOf,
} from '../support/clearml-world.ts';
import { startApp, type TaskApp } from '../support/e2e-app.ts';
import { eventually } from '../support/eventually.ts';
import { Gateway } from '../support/gateway-harness.ts';
import { rawRequest, type RawAnswer } from '../support/http-client.ts';
import { byKey, bySecret, withSignature } from '../support/signed-tokens.ts';

const TOKEN_SECRET = 'the-token-secret-of-the-server';
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const PEM = rsa.publicKey.export({ type: 'spki', format: 'pem' });

type Headers = readonly (readonly [string, string])[];
type Claims = Readonly<Record<string, unknown>>;

const bearer = (token: string): Headers => [['Authorization', `Bearer ${token}`]];

/** Everything of an answer but the time at which it was given. */
const comparable = ({ status, headers, body }: RawAnswer): string =>
  JSON.stringify([status, headers.filter(([name]) => name !== 'date'), body]);

describe('people of elsewhere and forged tokens', function () {
  this.timeout(40_000);
  let clearml: EmbeddedClearml;
  let gateway: Gateway;
  let app: TaskApp;
  let task: string;

  before(async () => {
    const guest = { name: 'guest', role: 'guest', company: 'tenant' };
    clearml = new EmbeddedClearml({
      seed: {
        users: [ALICE, BOB, EVE, guest, { ...SERVICE, service: true }],
        queues: [{ name: 'default' }],
      },
      featureSet: 'advanced',
      tokenSecret: TOKEN_SECRET,
    });
    await clearml.start();
    app = await startApp('the application');
    gateway = await Gateway.start({
      clearml,
      tcpPorts: 2,
      environment: { AUTH_BASE64_JWKS_KEY: TOKEN_SECRET },
    });
    task = addTask(clearml, [anEndpoint('http', app.port), anEndpoint('http', app.port, 'api')]);
    await eventually(async () =>
      expect((await ask(`/service/${task}/`, bearer(tokenOf(clearml, ALICE)))).status).to.equal(
        200,
      ),
    );
  });

  after(async () => {
    await gateway.stop();
    await app[Symbol.asyncDispose]();
    await clearml.close();
  });

  const ask = (target: string, headers: Headers): Promise<RawAnswer> =>
    rawRequest(gateway.port, { target, headers });

  const claimsOf = (token: string): Claims =>
    JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Claims;

  function forged(): readonly (readonly [what: string, token: string])[] {
    const good = tokenOf(clearml, ALICE);
    const claims = claimsOf(good);
    const [head = '', body = '', signature = ''] = good.split('.');
    const now = Math.floor(Date.now() / 1_000);
    const none = (alg: string, mark: string): string =>
      withSignature({ alg, typ: 'JWT' }, claims, () => mark);
    return [
      ['alg none', none('none', '')],
      ['alg none with a signature', none('none', 'AAAA')],
      ['alg NONE', none('NONE', 'AAAA')],
      ['no alg', withSignature({ typ: 'JWT' }, claims, () => 'AAAA')],
      ['no signature', `${head}.${body}.`],
      ['two parts', `${head}.${body}`],
      [
        'a signature of another token',
        `${head}.${body}.${tokenOf(clearml, EVE).split('.')[2] ?? ''}`,
      ],
      ['a changed signature', `${head}.${body}.${signature.slice(0, -2)}xx`],
      [
        'claims of somebody else',
        `${head}.${tokenOf(clearml, BOB).split('.')[1] ?? ''}.${signature}`,
      ],
      ['an empty secret', bySecret('', claims)],
      ['another secret', bySecret('secret', claims)],
      ['a public key as the secret', bySecret(PEM, claims)],
      [
        'the setting, decoded, as the secret',
        bySecret(Buffer.from(TOKEN_SECRET, 'base64'), claims),
      ],
      ['RS256 of the attacker', byKey(rsa.privateKey, claims)],
      [
        'a key in the header',
        byKey(rsa.privateKey, claims, { jwk: rsa.publicKey.export({ format: 'jwk' }) }),
      ],
      [
        'an address of a key',
        byKey(rsa.privateKey, claims, { jku: `${gateway.url}/`, x5u: `${gateway.url}/` }),
      ],
      ['a kid that is a path', bySecret('', claims, { kid: '../../../../dev/null' })],
      ['a kid that is SQL', bySecret('x', claims, { kid: "' UNION SELECT 'x" })],
      ['an end that has passed', bySecret(TOKEN_SECRET, { ...claims, exp: now - 1 })],
      ['a begin that is to come', bySecret(TOKEN_SECRET, { ...claims, nbf: now + 3_600 })],
      [
        'nobody',
        bySecret(TOKEN_SECRET, {
          ...claims,
          identity: { user: 'none', company: 'none', role: 'root' },
        }),
      ],
      ['an encrypted token', `${head}..${body}.${body}.${signature}`],
      ['a size of 30 KB', bySecret(TOKEN_SECRET, { ...claims, padding: 'x'.repeat(11_000) })],
      ['a list of claims', bySecret(TOKEN_SECRET, [claims] as unknown as Claims)],
    ];
  }

  // Attack: make a token, or change one: without a signature, with one of another kind or key, for somebody else, beyond its time.
  // Outcome: 401 for each, as a bearer token and as a cookie, with or without the key for looking beforehand; the application hears nothing.
  it('T28: no token counts but one that ClearML made and stands by', async () => {
    const seen = app.http.seen.length;
    const tokens = forged();
    for (const [what, token] of tokens) {
      expect((await ask(`/service/${task}/`, bearer(token))).status, what).to.equal(401);
      const cookie = [['Cookie', `${clearml.cookieName}=${token}`]] as const;
      expect((await ask(`/service/${task}/`, cookie)).status, what).to.equal(401);
    }
    expect(app.http.seen.length).to.equal(seen);

    const revoked = tokenOf(clearml, BOB);
    expect((await ask(`/service/${task}--api/`, bearer(tokenOf(clearml, BOB)))).status).to.equal(
      200,
    );
    clearml.revoke(revoked);
    expect((await ask(`/service/${task}/`, bearer(revoked))).status).to.equal(401);
    expect((await ask(`/service/${task}/`, bearer(tokenOf(clearml, ALICE)))).status).to.equal(200);
  });

  // Attack: a session of the gateway that one made oneself, or that another gateway made.
  it('T28 sessions: no session counts but one that this gateway sealed', async () => {
    const name = /sessionCookie = "([^"]+)"/.exec(await gateway.nginxConf())?.[1] ?? '';
    const header = Buffer.from('{"alg":"dir","enc":"A256GCM"}').toString('base64url');
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    const session = {
      id: 'x',
      user: ALICE.name,
      name: 'x',
      token: tokenOf(clearml, ALICE),
      issued: Date.now(),
      expires: Date.now() + 1e6,
    };
    const body = Buffer.from(JSON.stringify(session)).toString('base64url');
    for (const value of [
      body,
      `${header}..AAAA.${body}.AAAA`,
      `${none}..AAAA.${body}.AAAA`,
      `${header}.${body}.AAAA`,
      JSON.stringify(session),
      session.token,
    ])
      expect(
        (await ask(`/service/${task}/`, [['Cookie', `${name}=${value}`]])).status,
        value,
      ).to.equal(401);
  });

  // Attack: find out, or use, what belongs to another company, by guessing ids and comparing answers.
  // Outcome: who is of elsewhere gets what a wrong id gets, to the byte; so does who is nobody, whatever the address.
  it('T29: nobody of elsewhere gets in, or learns that there is anything', async () => {
    const unknown = 'f'.repeat(32);
    const addresses = [task, `${task}--api`, unknown, `${task}--other`, 'x'].flatMap((key) => [
      `/service/${key}/`,
      `/service/${key}/a/b?c`,
      `/service/${key}`,
    ]);
    const people: readonly Headers[] = [
      bearer(tokenOf(clearml, EVE)),
      [['Cookie', `${clearml.cookieName}=${tokenOf(clearml, EVE)}`]],
      [
        [
          'Authorization',
          `Basic ${Buffer.from(`${EVE.accessKey}:${EVE.secretKey}`).toString('base64')}`,
        ],
      ],
      bearer(clearml.token('guest') ?? ''),
    ];
    for (const headers of people) {
      const answers = await Promise.all(addresses.map((target) => ask(target, headers)));
      expect(new Set(answers.map(comparable)).size).to.equal(1);
      expect(answers[0]?.status).to.equal(404);
    }
    for (const accept of ['application/json', 'text/html']) {
      const answers = await Promise.all(
        addresses.map((target) => ask(target, [['Accept', accept]])),
      );
      const texts = answers.map((answer, index) =>
        comparable(answer).replaceAll(encodeURIComponent(addresses[index] ?? ''), 'ADDRESS'),
      );
      expect(new Set(texts).size).to.equal(1);
    }
    const service = `Basic ${Buffer.from(`${SERVICE.accessKey}:${SERVICE.secretKey}`).toString('base64')}`;
    expect((await ask(`/service/${task}/`, [['Authorization', service]])).status).to.equal(401);
    expect(app.http.seen.every(({ rawHeaders }) => !rawHeaders.includes(EVE.name))).to.equal(true);
  });

  // Attack: one's own credentials beside somebody else's address: a user of one company cannot have another one's decision.
  it('T29 beside each other: every caller is decided about alone', async () => {
    for (let round = 0; round < 3; round += 1) {
      expect((await ask(`/service/${task}/`, bearer(tokenOf(clearml, ALICE)))).status).to.equal(
        200,
      );
      expect((await ask(`/service/${task}/`, bearer(tokenOf(clearml, EVE)))).status).to.equal(404);
      expect((await ask(`/service/${task}/`, [])).status).to.equal(401);
    }
  });
});
