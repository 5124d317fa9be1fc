import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import type { AccessAnswer, AccessQuestion } from '../../src/controllers/contracts.ts';
import { EchoApp } from '../support/echo-app.ts';
import { headerOf, rawRequest, sendRaw } from '../support/http-client.ts';
import { anHttpEntry, ProxyHarness } from '../support/proxy-harness.ts';

type Headers = readonly (readonly [string, string])[];

const WEBSOCKET: Headers = [
  ['Connection', 'Upgrade'],
  ['Upgrade', 'websocket'],
  ['Sec-WebSocket-Key', 'AAAAAAAAAAAAAAAAAAAAAA=='],
  ['Sec-WebSocket-Version', '13'],
];

function decide({ credential }: AccessQuestion): AccessAnswer {
  if (credential === 'alice') return { verdict: 'allow', user: 'alice' };
  if (credential === 'mallory') return { verdict: 'deny', user: 'mallory' };
  return { verdict: 'unauthenticated' };
}

describe('doors beside the door', function () {
  this.timeout(20_000);
  let proxy: ProxyHarness;
  let app: EchoApp;

  before(async () => {
    app = await EchoApp.start();
    proxy = await ProxyHarness.start({
      config: { authEnabled: true, hosts: 'gw.example', corsOrigins: 'https://listed.example' },
      decide,
    });
    await proxy.publish({ http: { app: anHttpEntry(app.port) } });
  });

  afterEach('the application has seen nothing', () => {
    expect(app.seen).to.deep.equal([]);
  });

  after(async () => {
    await proxy.stop('SIGKILL');
    await app.stop();
  });

  const statusOf = async (
    method: string,
    target: string,
    headers: Headers = [],
    host = 'gw.example',
  ): Promise<number> => (await rawRequest(proxy.port, { method, target, headers, host })).status;

  // Attack: a websocket without a credential, with a wrong one, or with an upgrade that is none.
  // Outcome: the same 401 or 404 as any other request; the application hears nothing.
  it('T22: a websocket needs a credential like everything else', async () => {
    const credentials: readonly (readonly [number, Headers])[] = [
      [401, []],
      [401, [['Cookie', 'clearml_token=nobody; clearway-0a1b2c3d=nobody']]],
      [401, [['Authorization', 'Bearer nobody']]],
      [401, [['Sec-WebSocket-Protocol', 'bearer, alice']]],
      [404, [['Authorization', 'Bearer mallory']]],
    ];
    const upgrades: readonly Headers[] = [
      WEBSOCKET,
      [['Upgrade', 'h2c']],
      [
        ['Upgrade', 'foo'],
        ['Connection', 'upgrade, foo'],
      ],
      [
        ['Upgrade', 'WebSocket'],
        ['Origin', 'http://gw.example'],
      ],
    ];
    for (const [status, credential] of credentials)
      for (const upgrade of upgrades)
        for (const target of [
          '/service/app/ws',
          '/service/app/?token=alice',
          '/service/app/api/kernels/x/channels',
        ])
          expect(
            await statusOf('GET', target, [...credential, ...upgrade]),
            JSON.stringify([credential, upgrade]),
          ).to.equal(status);
  });

  // Attack: what health checks, monitoring and proxies are sometimes let in for without a credential: where they come from, what
  // they call themselves, which path or method they use.
  // Outcome: one answer for all of them.
  it('T26: nobody is let in for where they come from or what they call themselves', async () => {
    const disguises: readonly Headers[] = [
      ...[
        'kube-probe/1.29',
        'GoogleHC/1.0',
        'ELB-HealthChecker/2.0',
        'Prometheus/2.45',
        'Consul Health Check',
      ].map((agent): Headers => [['User-Agent', agent]]),
      [
        ['X-Forwarded-For', '127.0.0.1'],
        ['X-Real-IP', '127.0.0.1'],
        ['Forwarded', 'for=127.0.0.1'],
      ],
      [
        ['X-Original-URL', '/_clearway/healthz'],
        ['X-Rewrite-URL', '/_clearway/healthz'],
      ],
      [
        ['X-Original-Method', 'OPTIONS'],
        ['X-HTTP-Method-Override', 'OPTIONS'],
      ],
      [
        ['X-Forwarded-User', 'alice'],
        ['Remote-User', 'alice'],
      ],
      [
        ['Origin', 'https://listed.example'],
        ['Access-Control-Request-Method', 'PUT'],
      ],
      [['Authorization', 'Basic Og==']],
      [['Authorization', 'Negotiate alice']],
      [['Proxy-Authorization', 'Bearer alice']],
      [['X-Middleware-Subrequest', 'middleware']],
    ];
    const targets = [
      '/service/app/',
      '/service/app/healthz',
      '/service/app/metrics',
      '/service/app/_clearway/healthz',
    ]
      .concat([
        '/service/app/favicon.ico',
        '/service/app/robots.txt',
        '/service/app/x?healthz',
        '/',
        '/healthz',
      ])
      .concat([
        '/metrics',
        '/status',
        '/.well-known/acme-challenge/x',
        '/service/app/?/_clearway/healthz',
      ]);
    for (const headers of disguises)
      for (const target of targets)
        expect(
          await statusOf('GET', target, headers),
          `${target} ${JSON.stringify(headers)}`,
        ).to.equal(401);
  });

  it('T26 by its method: no method is let in', async () => {
    for (const method of ['HEAD', 'OPTIONS', 'POST', 'PUT', 'PROPFIND', 'PURGE', 'DEBUG', 'X'])
      expect(await statusOf(method, '/service/app/x'), method).to.equal(401);
    expect(await statusOf('TRACE', '/service/app/x', [['Authorization', 'Bearer alice']])).to.equal(
      405,
    );
    for (const line of [
      'CONNECT 127.0.0.1:80 HTTP/1.1',
      'OPTIONS * HTTP/1.1',
      'GET http://127.0.0.1/ HTTP/1.1',
    ])
      expect(await sendRaw(proxy.port, `${line}\r\nHost: gw.example\r\n\r\n`), line).to.match(
        /^HTTP\/1\.1 400 /,
      );
  });

  // Attack: what a listed origin may ask beforehand is answered without a credential; it must tell nothing, and lead nowhere.
  it('T26 a preflight: says the same of every address', async () => {
    const headers: Headers = [
      ['Origin', 'https://listed.example'],
      ['Access-Control-Request-Method', 'PUT'],
    ];
    const answers = await Promise.all(
      ['/service/app/', '/service/unknown/', '/x'].map((target) =>
        rawRequest(proxy.port, { method: 'OPTIONS', target, headers, host: 'gw.example' }),
      ),
    );

    const texts = answers.map((answer) =>
      JSON.stringify([
        answer.status,
        answer.headers.filter(([name]) => name !== 'date'),
        answer.body,
      ]),
    );
    expect([answers[0]?.status, new Set(texts).size]).to.deep.equal([204, 1]);
  });

  // Attack: names inside nginx's own configuration, the sockets beside it, and the one answer that needs no credential.
  it('T26 inside names: nothing answers but health, which tells nothing', async () => {
    for (const target of ['/_clearway/problem', '/_clearway/variables'])
      expect(await statusOf('GET', target), target).to.equal(404);
    for (const target of [
      '/@pages',
      '/@unreachable',
      '/proxy/decide',
      '/proxy/poll',
      '/snapshot.json',
      '/nginx.conf',
      '/router.sock',
    ])
      expect(await statusOf('GET', target), target).to.equal(401);
    for (const target of ['/_clearway/metrics', '/_clearway/readyz', '/_clearway/proxy'])
      expect(await statusOf('GET', target), target).to.equal(404);
    for (const host of ['gw.example', '127.0.0.1', 'evil.example']) {
      const answer = await rawRequest(proxy.port, { target: '/_clearway/healthz', host });
      expect([answer.status, answer.body, headerOf(answer, 'server')]).to.deep.equal([
        200,
        'ok\n',
        'nginx',
      ]);
    }
    expect(await statusOf('GET', '/_clearway/healthz', [], '')).to.equal(400);
  });

  // Attack: metrics and the channel on the port of everybody.
  it('T26 other listeners: metrics and the channel are sockets, not ports', async () => {
    const conf = await readFile(`${proxy.runFolder}/nginx.conf`, 'utf8');
    const listen = await readFile(`${proxy.runFolder}/http-listen.conf`, 'utf8');

    expect(conf).not.to.match(/stub_status|status_zone|^\s*api\b/m);
    expect(
      listen.match(/^listen \S+:(\d+) /gm)?.every((line) => line.includes(`:${proxy.port} `)),
    ).to.equal(true);
  });
});
