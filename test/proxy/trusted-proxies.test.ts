import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { putPair, TestAuthority } from '../support/certificates.ts';
import { EchoApp } from '../support/echo-app.ts';
import { ended, headerOf, openSocket, rawRequest } from '../support/http-client.ts';
import { anHttpEntry, ProxyHarness } from '../support/proxy-harness.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** Addresses of this machine: one of a load balancer that is believed, and one of somebody else. */
const BALANCER = '127.0.0.2';
const STRANGER = '127.0.0.3';
const TRUST = { trustedProxies: ['127.0.0.2/32', '10.1.0.0/16', 'fd00::/8'], trusts: true };

type Headers = readonly (readonly [name: string, value: string])[];

// T9: who says for whom somebody asks. T10: nothing is chosen by X-Forwarded-Host.
describe('behind load balancers that are believed', function () {
  this.timeout(30_000);
  let proxy: ProxyHarness;
  let app: EchoApp;

  before(async () => {
    proxy = await ProxyHarness.start({
      config: { ...TRUST, routerScheme: 'https', routerPort: 8443 },
    });
    app = await EchoApp.start((request, response) => {
      response.writeHead(200).write('open\n');
      if (!request.url?.endsWith('/hang')) response.end();
    });
    await publish('app');
  });

  after(async () => {
    await proxy.stop();
    await app.stop();
  });

  const publish = (...keys: readonly string[]): Promise<void> =>
    proxy.publish({
      http: Object.fromEntries(
        keys.map((key) => [key, anHttpEntry(app.port, { route: `${key}.http`, answered: true })]),
      ),
    });

  async function seenBy(from: string, headers: Headers, host = 'gateway.example') {
    await rawRequest(proxy.port, { target: '/service/app/', headers, host, from });
    const of = (name: string): string => app.lastHeader(name).join('|');
    return { client: of('x-forwarded-for'), scheme: of('x-forwarded-proto'), of };
  }

  const chains: readonly (readonly [told: Headers, client: string])[] = [
    [[['X-Forwarded-For', '192.0.2.7']], '192.0.2.7'],
    [[['X-Forwarded-For', '6.6.6.6, 192.0.2.7']], '192.0.2.7'],
    [[['X-Forwarded-For', '6.6.6.6, 192.0.2.7, 10.1.2.3, 127.0.0.2']], '192.0.2.7'],
    [
      [
        ['X-Forwarded-For', '6.6.6.6'],
        ['x-forwarded-for', '192.0.2.7'],
      ],
      '192.0.2.7',
    ],
    [[['X-Forwarded-For', '192.0.2.7:4711']], '192.0.2.7'],
    [[['X-Forwarded-For', '[2001:db8::1]:4711']], '2001:db8::1'],
    [[['X-Forwarded-For', '6.6.6.6, fd00::7']], '6.6.6.6'],
    [[['X-Forwarded-For', 'nobody']], BALANCER],
    [[['X-Forwarded-For', '"><script>, 10.1.2.3']], '10.1.2.3'],
    [[['X-Forwarded-For', '']], BALANCER],
    [[], BALANCER],
  ];
  for (const [told, client] of chains) {
    it(`takes ${client} for the client when they say ${JSON.stringify(told)}`, async () => {
      const seen = await seenBy(BALANCER, told);

      expect(seen.client).to.equal(client);
      expect(seen.of('x-real-ip')).to.equal(client);
    });
  }

  const schemes: readonly (readonly [told: Headers, scheme: string])[] = [
    [[['X-Forwarded-Proto', 'http']], 'http'],
    [[['X-Forwarded-Proto', 'https']], 'https'],
    [[['X-Forwarded-Proto', 'gopher']], 'https'],
    [[['X-Forwarded-Proto', '']], 'https'],
    [[], 'https'],
    [[['X-Forwarded-Proto', 'https, http']], 'http'],
    [[['X-Forwarded-Proto', 'http,https']], 'https'],
    [
      [
        ['X-Forwarded-Proto', 'https'],
        ['x-forwarded-proto', 'http'],
      ],
      'http',
    ],
    [
      [
        ['X-Forwarded-Proto', 'http'],
        ['X-Forwarded-Proto', 'https'],
      ],
      'https',
    ],
    [[['X_Forwarded_Proto', 'http']], 'https'],
  ];
  for (const [told, scheme] of schemes) {
    it(`takes ${scheme} for the scheme when they say ${JSON.stringify(told)}`, async () => {
      expect((await seenBy(BALANCER, told)).scheme).to.equal(scheme);
    });
  }

  it('tells the usual port of the scheme, that of the URL, or that of Host', async () => {
    const port = async (scheme: string, host: string): Promise<string> =>
      (await seenBy(BALANCER, [['X-Forwarded-Proto', scheme]], host)).of('x-forwarded-port');

    expect(await port('http', 'gateway.example')).to.equal('80');
    expect(await port('https', 'gateway.example')).to.equal('8443');
    expect(await port('http', 'gateway.example:81')).to.equal('81');
  });

  it('believes nobody else a word', async () => {
    const { client, scheme, of } = await seenBy(STRANGER, [
      ['X-Forwarded-For', '6.6.6.6'],
      ['X-Forwarded-Proto', 'http'],
      ['X-Real-IP', '6.6.6.6'],
      ['Forwarded', 'for=6.6.6.6;proto=http'],
    ]);

    expect([client, scheme, of('x-real-ip')]).to.deep.equal([STRANGER, 'https', STRANGER]);
    expect(of('forwarded')).to.equal('');
  });

  it('takes no host, prefix or user from anybody', async () => {
    const { of } = await seenBy(BALANCER, [
      ['X-Forwarded-Host', 'evil.example'],
      ['X-Forwarded-Prefix', '/evil'],
      ['X-Forwarded-Port', '1'],
      ['X-Forwarded-User', 'admin'],
    ]);

    expect(of('x-forwarded-host')).to.equal('gateway.example');
    expect(of('x-forwarded-prefix')).to.equal('/service/app');
    expect(of('x-forwarded-port')).to.equal('8443');
    expect(app.last.rawHeaders).not.to.include('admin');
  });

  it('logs the client and not the load balancer', async () => {
    await seenBy(BALANCER, [['X-Forwarded-For', '192.0.2.77']]);

    await proxy.untilLine({ message: 'request', client: '192.0.2.77' });
  });

  it('ends the connections of a route that goes, and none of its neighbours', async () => {
    await publish('app', 'going', 'staying');
    const open = async (key: string, client: string): Promise<Socket> => {
      const socket = await openSocket(proxy.port, BALANCER);
      socket.write(
        `GET /service/${key}/hang HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ${client}\r\n\r\n`,
      );
      await new Promise((done) => socket.once('data', done));
      return socket;
    };
    const going = await Promise.all(['192.0.2.7', '192.0.2.8:99'].map((one) => open('going', one)));
    const staying = await open('staying', '192.0.2.7');

    const all = Promise.all(going.map(ended));
    await publish('app', 'staying');

    await all;
    expect(staying.readableEnded || staying.destroyed).to.equal(false);
    staying.destroy();
  });
});

describe('behind a load balancer, with a certificate', function () {
  this.timeout(30_000);
  let proxy: ProxyHarness;

  before(async () => {
    await using folder = await tempFolder();
    const pair = await (await TestAuthority.make(folder.path)).issue();
    proxy = await ProxyHarness.start({
      prepare: (path) => putPair(join(path, 'tls'), pair),
      config: { ...TRUST, hosts: 'gateway.example' },
    });
  });
  after(() => proxy.stop());

  it('speaks https, whatever they say', async () => {
    const app = await EchoApp.start();
    await proxy.publish({ http: { app: anHttpEntry(app.port) } });
    const path = `https://127.0.0.1:${proxy.port}/service/app/`;
    const headers = { host: 'gateway.example', 'x-forwarded-proto': 'http' };
    const options = { headers, localAddress: BALANCER, rejectUnauthorized: false };

    const answer = await new Promise<IncomingMessage>((done, failed) =>
      get(path, options, done).once('error', failed),
    );
    answer.resume();

    expect(answer.statusCode).to.equal(200);
    expect(app.lastHeader('x-forwarded-proto')).to.deep.equal(['https']);
    await app.stop();
  });

  it('sends them to https, but not in circles', async () => {
    const ask = (from: string, headers: Headers) =>
      rawRequest(proxy.port, { target: '/x', host: 'gateway.example', from, headers });

    const told = await ask(BALANCER, [['X-Forwarded-Proto', 'https']]);

    expect(told.status).to.equal(400);
    await proxy.untilLine({ component: 'nginx', level: 'warn' });
    for (const [from, headers] of [
      [BALANCER, []],
      [STRANGER, [['X-Forwarded-Proto', 'https']]],
    ] as const) {
      const answer = await ask(from, headers);
      expect(answer.status).to.equal(308);
      expect(headerOf(answer, 'location')).to.equal('https://gateway.example/x');
    }
  });
});
