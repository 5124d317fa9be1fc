import { expect } from 'chai';
import { EchoApp } from '../support/echo-app.ts';
import { headerOf, rawRequest } from '../support/http-client.ts';
import { anHttpEntry, ProxyHarness } from '../support/proxy-harness.ts';

type Headers = readonly (readonly [string, string])[];

const SESSION: Headers = [['Cookie', 'clearway-0a1b2c3d=alice']];
const CLEARML: Headers = [['Cookie', 'clearml_token=alice']];
const BEARER: Headers = [['Authorization', 'Bearer alice']];
const BASIC: Headers = [['Authorization', 'Basic YWxpY2U6YQ==']];
const WEBSOCKET: Headers = [
  ['Connection', 'Upgrade'],
  ['Upgrade', 'websocket'],
  ['Sec-WebSocket-Key', 'AAAAAAAAAAAAAAAAAAAAAA=='],
  ['Sec-WebSocket-Version', '13'],
];

/** What a browser sends as Origin for a page that is not of `https://app.apps.example`, or what passes for one somewhere. */
const FOREIGN = [
  ...['https://evil.example', 'null', '', 'https://other.apps.example', 'https://apps.example'],
  ...['http://app.apps.example', 'https://app.apps.example:444', 'https://gw.example'],
  ...['https://app.apps.example.evil.example', 'https://evilapp.apps.example', 'app.apps.example'],
  ...['https://app.apps.example/', 'https://app.apps.example@evil.example', '//app.apps.example'],
  ...[
    'https://app.apps.example https://evil.example',
    'https://evil.example, https://app.apps.example',
  ],
  ...['https://app.apps.example\thttps://evil.example', 'javascript://app.apps.example', 'file://'],
  ...[
    'https://app%2eapps.example',
    'https://app.apps.example:443:443',
    'https://[::1]',
    'https://',
  ],
];

describe('requests that other sites cause', function () {
  this.timeout(20_000);
  let proxy: ProxyHarness;
  let app: EchoApp;

  before(async () => {
    app = await EchoApp.start((request, response) => {
      request.resume();
      response.writeHead(200, {
        'Access-Control-Allow-Origin': request.headers.origin ?? '*',
        'Access-Control-Allow-Credentials': 'true',
      });
      response.end('answer');
    });
    proxy = await ProxyHarness.start({
      config: {
        authEnabled: true,
        hosts: 'gw.example',
        routeDomain: 'apps.example',
        routerScheme: 'https',
        routerPort: 443,
        routerUrl: 'https://gw.example',
      },
      decide: () => ({ verdict: 'allow', user: 'alice' }),
    });
    await proxy.publish({ http: { app: anHttpEntry(app.port) } });
  });

  after(async () => {
    await proxy.stop('SIGKILL');
    await app.stop();
  });

  const statusOf = async (method: string, ...headers: readonly Headers[]): Promise<number> => {
    const request = { method, target: '/x', host: 'app.apps.example', headers: headers.flat() };
    return (await rawRequest(proxy.port, request)).status;
  };

  const from = (origin: string): Headers => [['Origin', origin]];

  // Attack: a page of another site opens a websocket, or posts a form, with the cookies of the user who looks at it.
  // Outcome: 403, and nothing reaches the application; programs with a token, which no page can send, need no Origin.
  it('T21: a page of another site does nothing with the cookies of a user', async () => {
    for (const cookie of [SESSION, CLEARML]) {
      for (const origin of FOREIGN) {
        expect(await statusOf('GET', cookie, WEBSOCKET, from(origin)), origin).to.equal(403);
        for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND', 'LINK'])
          expect(await statusOf(method, cookie, from(origin)), `${method} ${origin}`).to.equal(403);
      }
      expect(await statusOf('GET', cookie, WEBSOCKET)).to.equal(403);
      for (const site of ['cross-site', 'same-site', 'none, same-origin', '', 'Same-Origin']) {
        const said: Headers = [['Sec-Fetch-Site', site]];
        expect(await statusOf('POST', cookie, said), site).to.equal(403);
        expect(await statusOf('GET', cookie, WEBSOCKET, said), site).to.equal(403);
        expect(await statusOf('POST', cookie, from('null'), said), site).to.equal(403);
      }
    }
    expect(app.seen).to.deep.equal([]);
  });

  // Attack: an upgrade in other words, which is a websocket to an application all the same, or a read that is none.
  it('T21 whatever the upgrade is called: judged as a websocket', async () => {
    for (const upgrade of ['websocket', 'WebSocket', 'WEBSOCKET', 'websocket, x', 'h2c', '', 'x'])
      for (const method of ['GET', 'HEAD', 'OPTIONS'])
        expect(
          await statusOf(method, SESSION, [['Upgrade', upgrade]], from('https://evil.example')),
          upgrade,
        ).to.equal(403);
    const two: Headers = [
      ['Upgrade', 'x'],
      ['Upgrade', 'websocket'],
    ];
    expect(await statusOf('GET', SESSION, two, from('https://evil.example'))).to.equal(403);
  });

  it('T21 the own site, and programs with a token: let in, and Origin arrives as it was sent', async () => {
    for (const origin of ['https://app.apps.example', 'https://app.apps.example:443']) {
      for (const headers of [[], WEBSOCKET])
        expect(
          await statusOf(headers.length === 0 ? 'POST' : 'GET', SESSION, headers, from(origin)),
        ).to.equal(200);
      expect(app.lastHeader('origin')).to.deep.equal([origin]);
    }
    for (const token of [BEARER, BASIC])
      expect(await statusOf('GET', token, WEBSOCKET)).to.equal(200);
    expect(await statusOf('POST', BEARER, from('https://evil.example'))).to.equal(200);
    expect(app.lastHeader('origin')).to.deep.equal(['https://evil.example']);
    // A browser sends along what somebody once typed into its own window.
    for (const headers of [
      from('https://evil.example'),
      [['Sec-Fetch-Site', 'cross-site']] as const,
    ])
      expect(await statusOf('POST', BASIC, headers)).to.equal(403);
  });

  // Attack: a page of another site reads answers with the cookies of a user, as an application allows it to.
  it('T21 reading: no page of another site reads what a cookie let in', async () => {
    const request = { target: '/x', host: 'app.apps.example' };
    const answer = await rawRequest(proxy.port, {
      ...request,
      headers: [...SESSION, ...from('https://evil.example')],
    });

    expect(answer.status).to.equal(200);
    expect(headerOf(answer, 'access-control-allow-credentials')).to.equal(undefined);
  });
});
