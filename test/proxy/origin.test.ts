import { expect } from 'chai';
import { EchoApp } from '../support/echo-app.ts';
import { headerOf, rawRequest, type RawAnswer } from '../support/http-client.ts';
import { anHttpEntry, ProxyHarness } from '../support/proxy-harness.ts';

type Headers = readonly (readonly [string, string])[];

const HOST = 'gateway.example';
const LISTED = 'https://dashboard.example';
const COOKIE: Headers = [['Cookie', 'clearml_token=alice']];
const TOKEN: Headers = [['Authorization', 'Bearer alice']];
const WEBSOCKET: Headers = [
  ['Upgrade', 'websocket'],
  ['Sec-WebSocket-Key', 'AAAAAAAAAAAAAAAAAAAAAA=='],
  ['Sec-WebSocket-Version', '13'],
];

describe('requests of other sites', function () {
  this.timeout(20_000);
  let proxy: ProxyHarness;
  let app: EchoApp;

  before(async () => {
    app = await EchoApp.start((request, response) => {
      request.resume();
      response.writeHead(200, {
        'Access-Control-Allow-Origin': request.headers.origin ?? '*',
        'Access-Control-Allow-Credentials': 'true',
        Vary: 'Accept',
      });
      response.end('answer');
    });
    proxy = await ProxyHarness.start({
      config: { authEnabled: true, routerScheme: 'https', routerPort: 443, corsOrigins: LISTED },
      decide: () => ({ verdict: 'allow', user: 'alice' }),
    });
    await proxy.publish({ http: { app: anHttpEntry(app.port) } });
  });

  after(async () => {
    await proxy.stop();
    await app.stop();
  });

  const ask = (method: string, headers: Headers, target = '/service/app/'): Promise<RawAnswer> =>
    rawRequest(proxy.port, { method, target, headers, host: HOST });

  const statusOf = async (method: string, ...headers: Headers[]): Promise<number> =>
    (await ask(method, headers.flat())).status;

  const from = (origin: string): Headers => [['Origin', origin]];

  const foreign = [
    ...['https://evil.example', 'null', '', 'http://gateway.example', `https://a.${HOST}`],
    ...[`https://${HOST}:444`, `https://${HOST}.evil.example`, `https://${HOST}/`, 'https://'],
  ];

  for (const origin of foreign) {
    it(`may not act with a user's cookie: Origin ${JSON.stringify(origin)}`, async () => {
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'PURGE'])
        expect(await statusOf(method, COOKIE, from(origin)), method).to.equal(403);
      expect(await statusOf('GET', COOKIE, WEBSOCKET, from(origin))).to.equal(403);
    });
  }

  it('may not open a websocket by leaving Origin out, nor act where the browser says whose doing it is', async () => {
    expect(await statusOf('GET', COOKIE, WEBSOCKET)).to.equal(403);
    for (const site of ['cross-site', 'same-site'])
      expect(await statusOf('POST', COOKIE, [['Sec-Fetch-Site', site]]), site).to.equal(403);
  });

  it('are told from those of the own site', async () => {
    for (const origin of [
      `https://${HOST}`,
      `https://${HOST}:443`,
      `HTTPS://Gateway.Example`,
      LISTED,
    ]) {
      expect(await statusOf('POST', COOKIE, from(origin)), origin).to.equal(200);
      expect(await statusOf('GET', COOKIE, WEBSOCKET, from(origin)), origin).to.equal(200);
    }
    expect(await statusOf('POST', COOKIE)).to.equal(200);
    const sameOrigin: Headers = [['Sec-Fetch-Site', 'same-origin']];
    expect(await statusOf('POST', COOKIE, from('null'), sameOrigin)).to.equal(200);
    expect(await statusOf('POST', COOKIE, [['Sec-Fetch-Site', 'same-origin']])).to.equal(200);
  });

  it('may not act with a key and secret that a browser remembers, which programs send without Origin', async () => {
    const basic: Headers = [
      ['Authorization', `Basic ${Buffer.from('key:secret').toString('base64')}`],
    ];

    expect(await statusOf('POST', basic, from('https://evil.example'))).to.equal(403);
    expect(await statusOf('POST', basic, [['Sec-Fetch-Site', 'cross-site']])).to.equal(403);
    expect(await statusOf('GET', basic, WEBSOCKET, from('https://evil.example'))).to.equal(403);
    expect(await statusOf('POST', basic)).to.equal(200);
    expect(await statusOf('GET', basic, WEBSOCKET)).to.equal(200);
  });

  it('may lead a user to an application, and programs with a token need no Origin', async () => {
    expect(await statusOf('GET', COOKIE, from('https://evil.example'))).to.equal(200);
    expect(await statusOf('POST', TOKEN)).to.equal(200);
    expect(await statusOf('GET', TOKEN, WEBSOCKET)).to.equal(200);
    expect(await statusOf('POST', TOKEN, from('https://evil.example'))).to.equal(200);
  });

  it('leave Origin as it is for the application', async () => {
    await ask('POST', [...COOKIE, ...from(LISTED)]);

    expect(app.lastHeader('origin')).to.deep.equal([LISTED]);
  });

  const preflight = (origin: string): Headers => [
    ['Origin', origin],
    ['Access-Control-Request-Method', 'PUT'],
    ['Access-Control-Request-Headers', 'authorization, x-a'],
  ];

  it('of a listed origin may ask before they send, which reaches no application and tells nothing', async () => {
    const seen = app.seen.length;
    for (const target of ['/service/app/', '/service/unknown/', '/elsewhere']) {
      const answer = await ask('OPTIONS', preflight(LISTED), target);

      expect(answer.status).to.equal(204);
      expect(headerOf(answer, 'access-control-allow-origin')).to.equal(LISTED);
      expect(headerOf(answer, 'access-control-allow-methods')).to.contain('PUT');
      expect(headerOf(answer, 'access-control-allow-headers')).to.equal('authorization, x-a');
      expect(headerOf(answer, 'vary')).to.equal('Origin');
    }
    expect(app.seen.length).to.equal(seen);
  });

  it('of other origins get no answer to that question', async () => {
    const answer = await ask('OPTIONS', preflight('https://evil.example'));

    expect(answer.status).to.equal(401);
    expect(headerOf(answer, 'access-control-allow-origin')).to.equal(undefined);
  });

  it('of a listed origin may read answers, and others not with the cookies of a user', async () => {
    const listed = await ask('GET', [...TOKEN, ...from(LISTED)]);
    const other = await ask('GET', [...COOKIE, ...from('https://evil.example')]);

    expect(headerOf(listed, 'access-control-allow-origin')).to.equal(LISTED);
    expect(headerOf(listed, 'access-control-allow-credentials')).to.equal('true');
    expect(headerOf(listed, 'vary')).to.equal('Accept, Origin');
    expect(headerOf(other, 'access-control-allow-credentials')).to.equal(undefined);
  });
});
