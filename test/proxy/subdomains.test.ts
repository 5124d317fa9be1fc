import { once } from 'node:events';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { expect } from 'chai';
import { WebSocket, WebSocketServer } from 'ws';
import type { AccessAnswer, AccessQuestion } from '../../src/controllers/contracts.ts';
import { EchoApp } from '../support/echo-app.ts';
import { headerOf, rawRequest, type RawAnswer } from '../support/http-client.ts';
import { anHttpEntry, ProxyHarness } from '../support/proxy-harness.ts';

const DOMAIN = 'apps.test';
const KEY = 'a'.repeat(32);
/** Of a task that has ended. */
const GONE = 'f'.repeat(32);
const KEPT = `${KEY}--keep`;
const HOST = `${KEY}.${DOMAIN}`;
const SESSION: readonly [string, string] = ['Cookie', 'clearway-0a1b2c3d=ann; theirs=1'];

/** Sessions are bound to the host that they were made for. */
function decide({ credential, host }: AccessQuestion): AccessAnswer {
  if (credential === 'ann' && host === KEY) return { verdict: 'allow', user: 'ann' };
  if (credential === 'bob' && host === KEPT) return { verdict: 'allow', user: 'bob' };
  if (credential === 'cat' && host === GONE) return { verdict: 'deny', user: 'cat' };
  return { verdict: 'unauthenticated' };
}

/** Answers with the headers that the request carries as JSON. */
function answerAsTold(request: IncomingMessage, response: ServerResponse): void {
  const told = request.headers['x-answer'];
  response.writeHead(
    200,
    typeof told === 'string' ? (JSON.parse(told) as OutgoingHttpHeaders) : {},
  );
  request.resume();
  response.end('answer');
}

describe('a route with a host of its own', function () {
  this.timeout(20_000);
  let proxy: ProxyHarness;
  let app: EchoApp;

  before(async () => {
    app = await EchoApp.start(answerAsTold);
    proxy = await ProxyHarness.start({
      config: {
        authEnabled: true,
        hosts: 'gw.test',
        routerUrl: 'https://gw.test:8443',
        routerScheme: 'https',
        routerPort: 8443,
        routeDomain: DOMAIN,
      },
      decide,
    });
    await proxy.publish({
      http: {
        [KEY]: anHttpEntry(app.port),
        [KEPT]: anHttpEntry(app.port, { keep: true }),
      },
    });
  });

  after(async () => {
    await proxy.stop();
    await app.stop();
  });

  const ask = (
    target: string,
    headers: readonly (readonly [string, string])[] = [SESSION],
    host = HOST,
  ): Promise<RawAnswer> => rawRequest(proxy.port, { target, headers, host });

  const tell = (answer: Record<string, string | readonly string[]>): Promise<RawAnswer> =>
    ask('/', [SESSION, ['X-Answer', JSON.stringify(answer)]]);

  it('gets the path as it was written, and no prefix', async () => {
    for (const target of ['/', '/a%2Fb//c/./d?x=%2F', `/service/${KEY}/x`, '/%C3%A4;b=c', '/?']) {
      expect((await ask(target)).status, target).to.equal(200);
      expect(app.last.url).to.equal(target);
      expect(app.lastHeader('x-forwarded-prefix')).to.deep.equal([]);
      expect(app.lastHeader('host')).to.deep.equal([HOST]);
      expect(app.lastHeader('x-forwarded-host')).to.deep.equal([HOST]);
      expect(app.lastHeader('cookie')).to.deep.equal(['theirs=1']);
    }
  });

  it('keeps its addresses and cookies as the application writes them', async () => {
    const cookies = ['sid=1; Path=/', 'other=2; Path=/deep; HttpOnly', 'plain=3'];
    const answer = await tell({ Location: '/login', 'Set-Cookie': cookies });

    expect(headerOf(answer, 'location')).to.equal('/login');
    expect(
      answer.headers.filter(([name]) => name === 'set-cookie').map(([, value]) => value),
    ).to.deep.equal(cookies);
  });

  it('is not led away to the address of the application', async () => {
    const answer = await tell({ Location: `http://127.0.0.1:${app.port}/login?next=/` });

    expect(headerOf(answer, 'location')).to.equal('/login?next=/');
  });

  it('has its own service workers, and cookies of the gateway it has not', async () => {
    const answer = await tell({
      'Service-Worker-Allowed': '/',
      'Set-Cookie': ['clearway-0a1b2c3d=x', '__Host-clearway-0a1b2c3d=x; Path=/; Secure'],
    });

    expect(headerOf(answer, 'service-worker-allowed')).to.equal('/');
    expect(headerOf(answer, 'set-cookie')).to.equal(undefined);
  });

  it('has no prefix to keep', async () => {
    const headers = [
      ['Cookie', 'clearway-0a1b2c3d=bob'],
      ['X-Answer', JSON.stringify({ Location: `http://127.0.0.1:${app.port}/login` })],
    ] as const;
    const answer = await ask('/x?y', headers, `${KEPT}.${DOMAIN}`);

    expect([answer.status, app.last.url]).to.deep.equal([200, '/x?y']);
    expect(headerOf(answer, 'location')).to.equal('/login');
  });

  it('lets nobody in with a session of another host of the same task', async () => {
    await ask('/');
    const asked = proxy.questions.length;

    expect((await ask('/', [SESSION], `${KEPT}.${DOMAIN}`)).status).to.equal(401);
    expect(proxy.questions.slice(asked).map(({ host }) => host)).to.deep.equal([KEPT]);
  });

  it('lets nobody in with a session of the main host', async () => {
    const answer = await ask(`/service/${KEY}/x`, [SESSION], 'gw.test');

    expect(answer.status).to.equal(308);
    expect(headerOf(answer, 'location')).to.equal(`https://${HOST}:8443/x`);
  });

  it('is where the path of the main host leads, for every key and method alike', async () => {
    const unknown = await ask('/service/nobody?a=b%20c', [], 'gw.test');
    const posted = await rawRequest(proxy.port, {
      ...{ method: 'POST', target: `/service/${KEY}/form`, host: 'gw.test', body: 'x=1' },
    });

    expect(unknown.status).to.equal(308);
    expect(headerOf(unknown, 'location')).to.equal(`https://nobody.${DOMAIN}:8443/?a=b%20c`);
    expect(headerOf(unknown, 'cache-control')).to.equal('no-store');
    expect(posted.status).to.equal(308);
    expect(headerOf(posted, 'location')).to.equal(`https://${HOST}:8443/form`);
  });

  it('never leads out of the domain of routes', async () => {
    for (const key of ['evil.test', 'u@evil', 'a:b', 'a_b', 'A', '-a', 'x'.repeat(64), 'a%2fb']) {
      const answer = await ask(`/service/${key}/x`, [], 'gw.test');

      expect(answer.status, key).to.be.oneOf([400, 401]);
      expect(headerOf(answer, 'location'), key).to.equal(undefined);
    }
  });

  it('says that it is gone to who is signed in there, and sends nobody round in circles', async () => {
    const cookie = ['Cookie', 'clearway-0a1b2c3d=cat'] as const;

    expect((await ask('/', [cookie], `${GONE}.${DOMAIN}`)).status).to.equal(404);
    expect((await ask('/', [SESSION], `${GONE}.${DOMAIN}`)).status).to.equal(401);
  });

  it('answers anonymous callers as a host of no route does', async () => {
    const html = [['Accept', 'text/html']] as const;
    for (const host of [HOST, `${'b'.repeat(32)}.${DOMAIN}`]) {
      const page = await ask('/a?b=c', html, host);

      expect(page.status).to.equal(302);
      expect(headerOf(page, 'location')).to.equal('/_clearway/sign-in?to=%2Fa%3Fb%3Dc');
      expect((await ask('/a', [], host)).status).to.equal(401);
    }
  });

  it('has the pages of the gateway, which hear whose host was asked', async () => {
    await ask('/_clearway/sign-in?to=%2Fa', [['X-Clearway-Host-Key', 'forged']]);
    const { url, rawHeaders } = proxy.pages.last;

    expect(url).to.equal('/_clearway/sign-in?to=%2Fa');
    expect(proxy.pages.lastHeader('x-clearway-host-key')).to.deep.equal([KEY]);
    expect(rawHeaders).not.to.contain('forged');
    await ask('/_clearway/sign-in', [['X-Clearway-Host-Key', 'forged']], 'gw.test');
    expect(proxy.pages.lastHeader('x-clearway-host-key')).to.deep.equal([]);
    expect((await ask('/_clearway/healthz', [])).body).to.equal('ok\n');
  });

  it('carries websockets of its own origin, and of no neighbour', async () => {
    const server = new WebSocketServer({ server: app.server });
    const open = (origin: string): Promise<string> => {
      const socket = new WebSocket(`ws://127.0.0.1:${proxy.port}/socket`, {
        origin,
        headers: { Host: HOST, Cookie: SESSION[1] },
      });
      const refused = once(socket, 'unexpected-response').then(([, answer]) => {
        socket.terminate();
        return String((answer as IncomingMessage).statusCode);
      });
      const opened = once(socket, 'open').then(() => 'open');
      return Promise.race([refused, opened]).finally(() => socket.terminate());
    };

    expect(await open(`https://${HOST}`)).to.equal('open');
    expect(await open(`https://${KEY}--b.${DOMAIN}`)).to.equal('403');
    expect(await open('https://gw.test:8443')).to.equal('403');
    server.close();
  });
});
