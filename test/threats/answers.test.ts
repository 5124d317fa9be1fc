import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect } from 'chai';
import { EchoApp } from '../support/echo-app.ts';
import { rawRequest, type RawAnswer } from '../support/http-client.ts';
import { anHttpEntry, ProxyHarness } from '../support/proxy-harness.ts';

const OWN = 'clearway-0a1b2c3d';

/** Answers with the headers that the request carries as JSON. */
function answerAsTold(request: IncomingMessage, response: ServerResponse): void {
  const told = JSON.parse(String(request.headers['x-answer'] ?? '{}')) as Record<string, string>;
  request.resume();
  response.writeHead(200, told);
  response.end('answer');
}

describe('answers of applications', function () {
  this.timeout(20_000);
  let proxy: ProxyHarness;
  let own: ProxyHarness;
  let app: EchoApp;
  let neighbour: EchoApp;

  before(async () => {
    app = await EchoApp.start(answerAsTold);
    neighbour = await EchoApp.start();
    const table = {
      http: { app: anHttpEntry(app.port), kept: anHttpEntry(app.port, { keep: true }) },
    };
    proxy = await ProxyHarness.start({ config: { hosts: 'gw.example' } });
    own = await ProxyHarness.start({
      config: { hosts: 'gw.example', routeDomain: 'apps.example', routerUrl: 'http://gw.example' },
    });
    await Promise.all([proxy.publish(table), own.publish(table)]);
  });

  after(async () => {
    await Promise.all([proxy.stop('SIGKILL'), own.stop('SIGKILL')]);
    await Promise.all([app.stop(), neighbour.stop()]);
  });

  const tell = (
    answer: Record<string, string | readonly string[]>,
    key = 'app',
  ): Promise<RawAnswer> =>
    rawRequest(proxy.port, {
      target: `/service/${key}/x`,
      host: 'gw.example',
      headers: [['X-Answer', JSON.stringify(answer)]],
    });

  const valuesOf = ({ headers }: RawAnswer, name: string): readonly string[] =>
    headers.filter(([key]) => key === name.toLowerCase()).map(([, value]) => value);

  // Attack: an application tells the proxy in front of it to do something, or the browser something about the whole origin, on which
  // other applications and the sign-in page live.
  // Outcome: nothing of that arrives.
  it('T31: an application speaks for itself only', async () => {
    const { port } = neighbour;
    const answer = {
      'X-Accel-Redirect': '/_clearway/problem',
      'X-Accel-Limit-Rate': '1',
      'X-Accel-Buffering': 'yes',
      'X-Accel-Expires': '600',
      'X-Accel-Charset': 'utf-7',
      'Clear-Site-Data': '"*"',
      'Strict-Transport-Security': 'max-age=31536000; includeSubDomains',
      'Public-Key-Pins': 'pin-sha256="a"',
      'Public-Key-Pins-Report-Only': 'pin-sha256="a"; report-uri="https://evil.example/"',
      'Expect-CT': 'enforce, max-age=86400',
      'Alt-Svc': `h2="evil.example:443"; ma=2592000`,
      'Report-To': '{"group":"a","max_age":9999,"endpoints":[{"url":"https://evil.example/"}]}',
      NEL: '{"report_to":"a","max_age":9999,"success_fraction":1}',
      'Accept-CH': 'Sec-CH-UA-Model',
      'Critical-CH': 'Sec-CH-UA-Model',
      'Set-Login': 'logged-out',
      'Secure-Session-Registration': '(ES256);path="/service/app/register"',
      'Sec-Session-Registration': '(ES256);path="/service/app/register"',
      'Access-Control-Allow-Credentials': 'true',
    };
    for (const key of ['app', 'kept']) {
      const got = await tell(answer, key);
      expect([got.status, got.body.includes('answer')]).to.deep.equal([200, true]);
      const names = got.headers.map(([name]) => name);
      expect(names).not.to.include.members(Object.keys(answer).map((name) => name.toLowerCase()));
      for (const name of Object.keys(answer))
        expect(names, name).not.to.include(name.toLowerCase());
    }
    expect(neighbour.seen, String(port)).to.deep.equal([]);
  });

  // Attack: a service worker whose scope is the whole origin sees what the user does in every other application, and on the sign-in page.
  // Browsers resolve the header as a URL: dots, encoded dots and backslashes lead out of a prefix.
  it('T31 a service worker: its scope stays below the prefix', async () => {
    const wide = [
      '/',
      '/service/',
      '/service/app',
      '/service/app2/',
      '',
      'x',
      '../',
      '/service/app/..',
    ]
      .concat([
        '/service/app/../',
        '/service/app/../../',
        '/service/app/x/../../../',
        '/service/app/./../',
      ])
      .concat([
        '/service/app/%2e%2e/',
        '/service/app/.%2E/%2e./',
        '/service/app/..%2f',
        '/service/app/..\\',
      ])
      .concat([
        '/service/app/x\\..\\..\\..\\',
        '/service/app/\t../',
        '/service/app/.\t./',
        '//gw.example/',
      ])
      .concat([
        'http://gw.example/',
        '/service/app/..;/',
        '/service/app/..?x',
        '/service/app/..#x',
      ]);
    for (const scope of wide) {
      expect(
        valuesOf(await tell({ 'Service-Worker-Allowed': scope }), 'service-worker-allowed'),
        scope,
      ).to.deep.equal([]);
      expect(
        valuesOf(await tell({ 'Service-Worker-Allowed': scope }, 'kept'), 'service-worker-allowed'),
        scope,
      ).to.deep.equal([]);
    }
    const two = { 'Service-Worker-Allowed': ['/service/app/', '/'] };
    expect(valuesOf(await tell(two), 'service-worker-allowed')).to.deep.equal([]);
    for (const scope of ['/service/app/', '/service/app/static/js/'])
      expect(
        valuesOf(await tell({ 'Service-Worker-Allowed': scope }), 'service-worker-allowed'),
      ).to.deep.equal([scope]);
  });

  // Attack: an application sets, or throws away, the cookies that let people in, or sets its own for its neighbours.
  // Outcome: lines with such names are gone, however they are written; paths of others are below the prefix.
  it('T31 cookies: none of the gateway, and none for neighbours', async () => {
    const forbidden = [
      OWN,
      `__Host-${OWN}`,
      `__host-${OWN}`,
      `__HOST-${OWN}`,
      'clearway-ffffffff',
      'clearml_token',
    ];
    const shapes: readonly ((name: string) => string)[] = [
      (name) => `${name}=evil; Path=/; Domain=example`,
      (name) => ` ${name} = evil`,
      (name) => `=${name}=evil; Path=/`,
      (name) => ` = ${name}=evil`,
      (name) => `==${name}=evil`,
      (name) => name,
      (name) => `${name};Path=/`,
      (name) => `=${name}`,
      (name) => `\t${name}\t=evil`,
      (name) => `${name}="evil"; Max-Age=0`,
    ];
    const lines = forbidden.flatMap((name) => shapes.map((shape) => shape(name)));
    for (const key of ['app', 'kept'])
      expect(
        valuesOf(await tell({ 'Set-Cookie': ['a=1', ...lines] }, key), 'set-cookie'),
      ).to.deep.equal(['a=1']);

    const paths = [
      '/',
      '/_clearway/',
      '/_clearway/sign-in',
      '/service/other/',
      '/service',
      '/service/app2',
      '/x/../..',
    ];
    const got = valuesOf(
      await tell({ 'Set-Cookie': paths.map((path) => `a=1; Path=${path}`) }),
      'set-cookie',
    );
    expect(got).to.deep.equal(paths.map((path) => `a=1; Path=/service/app${path}`));
    const twice = await tell({ 'Set-Cookie': 'a=1; Path=/service/app/; path = /; PATH=/other' });
    expect(valuesOf(twice, 'set-cookie')).to.deep.equal([
      'a=1; Path=/service/app/; path = /service/app/; PATH=/service/app/other',
    ]);
  });

  // Attack: a Location that tells the address of the application in its network, or leads to a neighbour by a relative path.
  it('T31 Location: leads to the application by its public address', async () => {
    const upstream = `127.0.0.1:${app.port}`;
    const cases: readonly (readonly [string, string])[] = [
      [`http://${upstream}/x?y#z`, '/service/app/x?y#z'],
      [`HTTPS://${upstream}`, '/service/app/'],
      [`//${upstream}/service/other/x`, '/service/app/service/other/x'],
      [`http://${upstream}\\@gw.example/x`, '/service/app/\\@gw.example/x'],
      ['/service/other/x', '/service/app/service/other/x'],
      ['/service/app2', '/service/app/service/app2'],
      ['//gw.example/x', '/service/app/x'],
      ['/\\evil.example/x', '/service/app/\\evil.example/x'],
    ];
    for (const [location, expected] of cases)
      expect(valuesOf(await tell({ Location: location }), 'location'), location).to.deep.equal([
        expected,
      ]);
  });

  // Attack: on hosts of their own, an application sets a cookie for all of them.
  it('T31 on a host of its own: cookies of the gateway are as forbidden', async () => {
    const answer = await rawRequest(own.port, {
      target: '/x',
      host: 'app.apps.example',
      headers: [
        ['X-Answer', JSON.stringify({ 'Set-Cookie': [`${OWN}=evil; Domain=apps.example`, 'a=1'] })],
      ],
    });

    expect(valuesOf(answer, 'set-cookie')).to.deep.equal(['a=1']);
  });
});
