import { join } from 'node:path';
import { expect } from 'chai';
import type { AccessAnswer, AccessQuestion } from '../../src/controllers/contracts.ts';
import { eventually } from '../support/eventually.ts';
import { rawRequest } from '../support/http-client.ts';
import { anHttpEntry, ProxyHarness, type HarnessOptions } from '../support/proxy-harness.ts';
import { changeConfiguration, changeLua } from './support/changed-proxy.ts';
import { FakeRouter, json, type FakeAnswer } from './support/fake-router.ts';
import { RecordingApp } from './support/recording-app.ts';

const ALLOW = { format: 1, verdict: 'allow', user: 'alice', generation: 1, fresh: 60, usable: 900 };
const NOBODY = { ...ALLOW, user: undefined };
const BODY = JSON.stringify(ALLOW);

/** Answers of a router that is ill, old, new, or somebody else, each of which has the word `allow` in it. */
const ANSWERS: readonly FakeAnswer[] = [
  ...[
    '500 Internal Server Error',
    '503 Service Unavailable',
    '403 Forbidden',
    '404 Not Found',
    '204 No Content',
  ].map((status) => json(ALLOW, status)),
  ...['100 Continue', '201 Created', '302 Found', '2000 OK', 'OK 200'].map((status) =>
    json(ALLOW, status),
  ),
  ...[
    'allow',
    '"allow"',
    '["allow"]',
    'null',
    'true',
    '',
    `${BODY}x`,
    BODY.slice(0, -1),
    BODY.slice(1),
  ].map((text) => json(text)),
  ...[
    `[${BODY}]`,
    `{"verdict":"deny"} ${BODY}`,
    `{"a":${'['.repeat(2_000)}${']'.repeat(2_000)},${BODY.slice(1)}`,
  ].map((text) => json(text)),
  ...[2, 0, '1', null, undefined].map((format) => json({ ...ALLOW, format })),
  ...[
    'Allow',
    'ALLOW',
    ' allow',
    'allow ',
    'allowed',
    'allow\n',
    '',
    null,
    true,
    1,
    ['allow'],
    { allow: true },
  ].map((verdict) => json({ ...ALLOW, verdict })),
  ...[
    '',
    ' ',
    'a b',
    'a\r\nX-Forwarded-User: root',
    'a\u0000',
    'ä',
    '*/',
    null,
    true,
    7,
    ['alice'],
    {},
  ].map((user) => json({ ...ALLOW, user })),
  json(NOBODY),
  json({ ...NOBODY, session: 'alice' }),
  { bytes: `HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n${BODY}`, then: 'cut' },
  { bytes: `HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n${BODY}`, then: 'cut' },
  { bytes: `HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n${BODY}`, then: 'cut' },
  {
    bytes: `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n${BODY}`,
    then: 'cut',
  },
  { bytes: `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n${BODY}`, then: 'cut' },
  { bytes: `HTTP/1.1 200 OK\r\n\r\n${BODY}`, then: 'cut' },
  { bytes: `HTTP/2 200\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`, then: 'cut' },
  { bytes: BODY, then: 'cut' },
  { bytes: '\0'.repeat(100), then: 'cut' },
  { bytes: '', then: 'cut' },
];

function decide({ credential }: AccessQuestion): AccessAnswer {
  if (credential.startsWith('alice')) return { verdict: 'allow', user: 'alice' };
  if (credential.startsWith('mallory')) return { verdict: 'deny', user: 'mallory' };
  return { verdict: 'unauthenticated' };
}

/** A request to a gateway whose router takes a question and never answers it, and whose patience is short. */
class Slow {
  readonly app: RecordingApp;
  readonly outcome: Promise<{ readonly status: number; readonly seconds: number }>;
  readonly #proxy: ProxyHarness;

  private constructor(app: RecordingApp, proxy: ProxyHarness) {
    this.app = app;
    this.#proxy = proxy;
    this.outcome = this.#ask();
  }

  static async start(): Promise<Slow> {
    const app = await RecordingApp.start();
    const config = { authEnabled: true };
    const proxy = await ProxyHarness.start({ config, decide: () => new Promise(() => undefined) });
    await proxy.publish({ http: { app: anHttpEntry(app.port) } });
    await changeLua(proxy, [
      { file: 'decisions.lua', from: 'ANSWER_SECONDS = 12, 3', to: 'ANSWER_SECONDS = 2, 1' },
    ]);
    return new Slow(app, proxy);
  }

  async stop(): Promise<void> {
    await this.#proxy.stop('SIGKILL');
    await this.app.stop();
  }

  async #ask(): Promise<{ readonly status: number; readonly seconds: number }> {
    const from = performance.now();
    const headers = [['Authorization', 'Bearer alice']] as const;
    const { status } = await rawRequest(this.#proxy.port, { target: '/service/app/x', headers });
    return { status, seconds: (performance.now() - from) / 1_000 };
  }
}

// Attack: make that fail which decides, and come in meanwhile.
// Outcome: 401 or 503, whatever fails; never an answer of the application.
describe('failures of what decides', function () {
  this.timeout(30_000);
  let proxy: ProxyHarness;
  let app: RecordingApp;

  let slow: Slow;

  before(async () => {
    slow = await Slow.start();
  });

  after(() => slow.stop());

  async function start(options: HarnessOptions = {}): Promise<void> {
    app = await RecordingApp.start();
    proxy = await ProxyHarness.start({
      config: { authEnabled: true, hosts: 'gw.example' },
      decide,
      ...options,
    });
    if (options.router !== false) await proxy.publish({ http: { app: anHttpEntry(app.port) } });
  }

  afterEach(async () => {
    await proxy.stop('SIGKILL');
    await app.stop();
  });

  const statusOf = async (token: string): Promise<number> => {
    const headers = token === '' ? [] : ([['Authorization', `Bearer ${token}`]] as const);
    return (await rawRequest(proxy.port, { target: '/service/app/x', host: 'gw.example', headers }))
      .status;
  };

  it('T25: no answer of the router but a whole and clear one lets anybody in', async () => {
    await start();
    await proxy.stopRouter();
    expect([await statusOf('alice'), await statusOf('')]).to.deep.equal([503, 401]);
    const router = await FakeRouter.start(join(proxy.nginxFolder, 'router.sock'));
    try {
      for (const [index, answer] of ANSWERS.entries()) {
        router.answer = answer;
        expect(await statusOf(`alice-${index}`), JSON.stringify(answer)).to.equal(503);
      }
      expect(router.asked).to.be.at.least(ANSWERS.length);
      expect(app.seen()).to.deep.equal([]);
      router.answer = json(ALLOW);
      expect(await statusOf('alice')).to.equal(200);
    } finally {
      await router.stop();
    }
  });

  // Attack: start the proxy before there is any table, or restart it while the router is away.
  it('T25 no table: nobody is let in', async () => {
    await start({ router: false });
    await eventually(async () => expect(await statusOf('')).to.equal(401), { timeoutMs: 10_000 });

    expect([await statusOf('alice'), await statusOf('mallory')]).to.deep.equal([503, 503]);
  });

  // Attack: fill the memory that decisions are kept in.
  it('T25 memory full of decisions: judged all the same', async () => {
    await start();
    await changeConfiguration(proxy, (text) =>
      text.replaceAll(/(lua_shared_dict clearway_\w+) \d+m/g, '$1 12k'),
    );
    for (let index = 0; index < 300; index += 1) {
      const [name, status] = [
        ['alice', 200],
        ['mallory', 404],
        ['nobody', 401],
      ][index % 3] as [string, number];
      expect(await statusOf(`${name}-${index}-${'x'.repeat(1_000)}`)).to.equal(status);
    }
    expect([await statusOf('mallory'), await statusOf('nobody'), await statusOf('')]).to.deep.equal(
      [404, 401, 401],
    );
  });

  // Attack: any request on which the code fails that decides.
  it('T25 an error in the code: 500, and the application hears nothing', async () => {
    await start();
    const cookie = ['Cookie', 'clearml_token=alice'] as const;
    const bearer = ['Authorization', 'Bearer alice'] as const;
    const faults = [
      ['decisions.lua', 'function decisions.of(jar, route, var)\n', bearer],
      ['credentials.lua', 'function credentials.header(text)\n', bearer],
      ['credentials.lua', 'function credentials.cookies(text)\n', cookie],
      ['origin.lua', 'function origin.is_foreign(var, method, upgrade, ambient)\n', cookie],
      ['live.lua', 'function live.enter(var, entry, jar)\n', bearer],
      ['pages.lua', 'function pages.sign_in(target)\n', ['Accept', 'text/html']],
    ] as const;
    await changeLua(
      proxy,
      faults.map(([file, from], index) => ({
        file,
        from,
        to: `${from}  if ngx.var.http_x_fault == "${index}" then error("planted") end\n`,
      })),
    );
    const statusWith = async (
      ...headers: readonly (readonly [string, string])[]
    ): Promise<number> => {
      const request = { method: 'POST', target: '/service/app/x', host: 'gw.example' };
      return (await rawRequest(proxy.port, { ...request, headers })).status;
    };
    for (const [index, [, begins, header]] of faults.entries())
      expect(await statusWith(header, ['X-Fault', String(index)]), begins).to.equal(500);
    expect(app.seen()).to.deep.equal([]);
    expect(await statusWith(bearer)).to.equal(200);
  });

  // Attack: a router that never answers.
  it('T25 a router that does not answer: nobody is let in, and nobody waits for ever', async () => {
    const { status, seconds } = await slow.outcome;

    expect(status).to.equal(503);
    expect(seconds).to.be.within(1.5, 6);
    expect(slow.app.seen()).to.deep.equal([]);
  });
});
