import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect } from 'chai';
import { anHttpEntry, ProxyHarness } from '../support/proxy-harness.ts';
import { EchoApp } from '../support/echo-app.ts';
import { headerOf, rawRequest } from '../support/http-client.ts';

/** Answers with the headers that the request carries as JSON in `x-answer`. */
function answerAsTold(request: IncomingMessage, response: ServerResponse): void {
  const told = request.headers['x-answer'];
  const headers = typeof told === 'string' ? (JSON.parse(told) as Record<string, string>) : {};
  request.resume();
  response.writeHead(Number(request.headers['x-status'] ?? 200), headers);
  response.end('answer');
}

describe('headers through the proxy', function () {
  this.timeout(20_000);
  let proxy: ProxyHarness;
  let app: EchoApp;

  before(async () => {
    proxy = await ProxyHarness.start({ config: { routerScheme: 'https', routerPort: 443 } });
    app = await EchoApp.start(answerAsTold);
    await proxy.publish({
      http: { app: anHttpEntry(app.port), keep: anHttpEntry(app.port, { keep: true }) },
    });
  });

  after(async () => {
    await proxy.stop();
    await app.stop();
  });

  const ask = (headers: readonly (readonly [string, string])[], key = 'app', host?: string) =>
    rawRequest(proxy.port, {
      target: `/service/${key}/page`,
      headers,
      ...(host === undefined ? {} : { host }),
    });

  const tell = async (answer: Record<string, string | readonly string[]>, key = 'app') =>
    ask([['X-Answer', JSON.stringify(answer)]], key, 'Gateway.example:8010');

  it('overwrites what says who asks and where', async () => {
    await ask(
      [
        ['X-Forwarded-For', '6.6.6.6'],
        ['X-Forwarded-For', '7.7.7.7'],
        ['x-forwarded-host', 'evil.example'],
        ['X-FORWARDED-PROTO', 'gopher'],
        ['X-Forwarded-Port', '1'],
        ['X-Forwarded-Prefix', '/evil'],
        ['X-Real-IP', '6.6.6.6'],
        ['X-Request-ID', 'mine'],
      ],
      'app',
      'Gateway.example:8010',
    );

    expect(app.lastHeader('host')).to.deep.equal(['Gateway.example:8010']);
    expect(app.lastHeader('x-forwarded-host')).to.deep.equal(['Gateway.example:8010']);
    expect(app.lastHeader('x-forwarded-for')).to.deep.equal(['127.0.0.1']);
    expect(app.lastHeader('x-real-ip')).to.deep.equal(['127.0.0.1']);
    expect(app.lastHeader('x-forwarded-proto')).to.deep.equal(['https']);
    expect(app.lastHeader('x-forwarded-port')).to.deep.equal(['8010']);
    expect(app.lastHeader('x-forwarded-prefix')).to.deep.equal(['/service/app']);
    expect(app.lastHeader('x-request-id')[0]).to.match(/^[0-9a-f]{8}-\d+-1$/);
  });

  it('takes the port of the public address when Host names none', async () => {
    await ask([], 'app', 'gateway.example');

    expect(app.lastHeader('x-forwarded-port')).to.deep.equal(['443']);
  });

  it('drops headers that only a proxy may send, in every spelling', async () => {
    const names = ['Forwarded', 'Remote-User', 'X-Forwarded-User', 'X-Auth-Request-Email', 'Proxy']
      .concat(['X-Original-URL', 'X-Rewrite-URL', 'X-Remote-User', 'X-Forwarded-Uri'])
      .concat(['X_Forwarded_User', 'X-Forwarded.User', 'X_Auth_User', 'rEMOTE-uSER']);

    await ask(names.map((name) => [name, 'admin'] as const));

    expect(app.last.rawHeaders).not.to.include('admin');
  });

  it('leaves the application its own headers', async () => {
    await ask([
      ['Authorization', 'Basic YTpi'],
      ['X-Auth-Token', 'the-apps-own'],
      ['Origin', 'https://gateway.example'],
      ['Accept-Encoding', 'gzip'],
    ]);

    expect(app.lastHeader('authorization')).to.deep.equal(['Basic YTpi']);
    expect(app.lastHeader('x-auth-token')).to.deep.equal(['the-apps-own']);
    expect(app.lastHeader('origin')).to.deep.equal(['https://gateway.example']);
    expect(app.lastHeader('accept-encoding')).to.deep.equal(['gzip']);
  });

  it('takes the ClearML cookie out wherever it stands and leaves the others as they are', async () => {
    await ask([
      ['Cookie', 'a="x y\\073"; clearml_token=secret-1;b=%7B=; clearml_token2=kept'],
      ['Cookie', '_xsrf=2|3|4; clearml_token="secret-2"'],
    ]);

    expect(app.lastHeader('cookie').join('; ')).to.equal(
      'a="x y\\073";b=%7B=; clearml_token2=kept; _xsrf=2|3|4',
    );
  });

  it('sends no Cookie line when nothing else was in it', async () => {
    await ask([['Cookie', 'clearml_token=secret']]);

    expect(app.lastHeader('cookie')).to.deep.equal([]);
  });

  it('forwards only websocket upgrades', async () => {
    await ask([['Upgrade', 'h2c']]);

    expect(app.lastHeader('upgrade')).to.deep.equal([]);
    expect(app.lastHeader('connection')).to.deep.equal([]);
  });

  it('refuses requests that two servers may cut in different places', async () => {
    const seen = app.seen.length;
    const smuggle = [
      ['Transfer-Encoding', 'chunked'],
      ['Content-Length', '4'],
    ] as const;

    const answer = await rawRequest(proxy.port, { target: '/service/app/', headers: smuggle });

    expect(answer.status).to.equal(400);
    expect(app.seen.length).to.equal(seen);
  });

  const locations: readonly (readonly [given: string, expected: string])[] = [
    ['/login?next=%2F', '/service/app/login?next=%2F'],
    ['/', '/service/app/'],
    ['/service/app/x', '/service/app/x'],
    ['/service/app2', '/service/app/service/app2'],
    ['/_clearway/login', '/_clearway/login'],
    ['relative/x', 'relative/x'],
    ['?q', '?q'],
    ['http://gateway.example:8010/x', '/service/app/x'],
    ['https://GATEWAY.example:8010', '/service/app/'],
    ['//gateway.example:8010/x', '/service/app/x'],
    ['http://gateway.example:8010/service/app/x', 'http://gateway.example:8010/service/app/x'],
    ['http://UPSTREAM/x', '/service/app/x'],
    ['http://UPSTREAM/service/app/x', '/service/app/x'],
    ['http://gateway.example:8010.evil.example/x', 'http://gateway.example:8010.evil.example/x'],
    ['https://other.example/x', 'https://other.example/x'],
    ['//other.example/x', '//other.example/x'],
    ['mailto:a@b', 'mailto:a@b'],
  ];
  for (const [given, expected] of locations) {
    it(`turns Location ${given} into ${expected}`, async () => {
      const location = given.replace('UPSTREAM', `127.0.0.1:${app.port}`);

      expect(headerOf(await tell({ location }), 'location')).to.equal(expected);
    });
  }

  it('puts cookie paths under the prefix and drops the gateway cookie', async () => {
    const answer = await tell({
      'set-cookie': [
        'sid=a%2Fb; Path=/; HttpOnly',
        'x=1; path=/deep/er ;Secure',
        'y=1; Path=/service/app/z',
        'n=1; SameSite=Lax',
        '__Host-h=1; Path=/; Secure',
        'clearml_token=evil; Path=/; Domain=example',
        'clearml_token =evil',
      ],
    });

    const cookies = answer.headers.filter(([name]) => name === 'set-cookie').map(([, v]) => v);
    expect(cookies).to.deep.equal([
      'sid=a%2Fb; Path=/service/app/; HttpOnly',
      'x=1; path=/service/app/deep/er;Secure',
      'y=1; Path=/service/app/z',
      'n=1; SameSite=Lax',
      '__Host-h=1; Path=/; Secure',
    ]);
  });

  it('leaves answers of an application that keeps its prefix alone', async () => {
    const answer = await tell({ location: '/elsewhere', 'set-cookie': 'a=1; Path=/' }, 'keep');

    expect(headerOf(answer, 'location')).to.equal('/elsewhere');
    expect(headerOf(answer, 'set-cookie')).to.equal('a=1; Path=/');
  });

  it('does not act on what an application tells proxies, nor speak for the whole origin', async () => {
    const answer = await tell({
      'X-Accel-Redirect': '/_clearway/healthz',
      'X-Accel-Limit-Rate': '1',
      'Clear-Site-Data': '"*"',
      'Strict-Transport-Security': 'max-age=1',
      'Service-Worker-Allowed': '/',
    });

    expect(answer.body).to.contain('answer');
    const names = answer.headers.map(([name]) => name);
    for (const name of ['x-accel-redirect', 'x-accel-limit-rate', 'clear-site-data'])
      expect(names).not.to.include(name);
    expect(names).not.to.include('strict-transport-security');
    expect(names).not.to.include('service-worker-allowed');
  });

  it("passes the application's own errors on unchanged", async () => {
    for (const status of ['404', '500', '502', '503']) {
      const answer = await ask([['X-Status', status]]);

      expect(String(answer.status)).to.equal(status);
      expect(answer.body).to.contain('answer');
    }
  });
});
