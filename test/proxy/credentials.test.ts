import { expect } from 'chai';
import type { AccessAnswer, AccessQuestion } from '../../src/controllers/contracts.ts';
import { EchoApp } from '../support/echo-app.ts';
import { headerOf, rawRequest, sendRaw, type RawAnswer } from '../support/http-client.ts';
import { anHttpEntry, ProxyHarness } from '../support/proxy-harness.ts';

const SESSION = 'clearway-0a1b2c3d';
const TOKEN = 'clearml_token';

type Headers = readonly (readonly [string, string])[];

/** Who is called `good…` is let in as a user of this name, `known…` is not let in, everybody else is nobody. */
function decide({ credential }: AccessQuestion): AccessAnswer {
  if (credential.startsWith('good')) return { verdict: 'allow', user: credential };
  if (credential.startsWith('known')) return { verdict: 'deny', user: credential };
  if (credential.startsWith('often')) return { verdict: 'throttled' };
  return { verdict: 'unauthenticated' };
}

describe('credentials of a request', function () {
  this.timeout(20_000);
  let proxy: ProxyHarness;
  let app: EchoApp;

  before(async () => {
    app = await EchoApp.start();
    proxy = await ProxyHarness.start({ config: { authEnabled: true }, decide });
    await proxy.publish({ http: { app: anHttpEntry(app.port) } });
  });

  after(async () => {
    await proxy.stop();
    await app.stop();
  });

  const ask = (headers: Headers, target = '/service/app/'): Promise<RawAnswer> =>
    rawRequest(proxy.port, { target, headers });

  async function questionsOf(headers: Headers): Promise<readonly string[]> {
    const before = proxy.questions.length;
    await ask(headers);
    return proxy.questions.slice(before).map(({ kind, credential }) => `${kind} ${credential}`);
  }

  it('count in one order: session, cookie of ClearML, Authorization', async () => {
    const basic = Buffer.from('key-1:secret').toString('base64');
    const asked = await questionsOf([
      ['Authorization', `Basic ${basic}`],
      ['Cookie', `${TOKEN}=t-1; ${SESSION}=s-1; ${TOKEN}=t-2`],
    ]);

    expect(asked).to.deep.equal(['session s-1', 'cookie t-1', 'cookie t-2', `basic ${basic}`]);
  });

  it('are not looked at behind the first one that is let in', async () => {
    const asked = await questionsOf([
      ['Authorization', 'Bearer b-1'],
      ['Cookie', `${TOKEN}=good-1; ${SESSION}=s-2`],
    ]);

    expect(asked).to.deep.equal(['session s-2', 'cookie good-1']);
    expect(app.lastHeader('authorization')).to.deep.equal(['Bearer b-1']);
  });

  it('are passed over when they are known but not let in, where another one is', async () => {
    const answer = await ask([['Cookie', `${SESSION}=known-1; ${TOKEN}=good-2`]]);

    expect(answer.status).to.equal(200);
    expect(app.lastHeader('x-forwarded-user')).to.deep.equal(['good-2']);
    expect((await ask([['Cookie', `${SESSION}=known-1; ${TOKEN}=bad`]])).status).to.equal(404);
  });

  it('tell the router from which address they come', async () => {
    await ask([['Authorization', 'Bearer b-2']]);

    expect(proxy.questions.at(-1)?.client).to.equal('127.0.0.1');
    expect(proxy.questions.at(-1)).not.to.have.property('host');
  });

  it('are not tried any more after too many wrong ones', async () => {
    const answer = await ask([['Authorization', 'Basic often']]);

    expect(answer.status).to.equal(429);
    expect(headerOf(answer, 'retry-after')).to.equal('60');
  });

  it('make the user known to the application, and nobody else does', async () => {
    const forged: Headers = [
      ['X-Forwarded-User', 'root'],
      ['X_Forwarded_User', 'root'],
      ['X-Forwarded.User', 'root'],
      ['x-forwarded-USER', 'root'],
    ];
    await ask([...forged, ['Authorization', 'Bearer good-3']]);

    expect(app.lastHeader('x-forwarded-user')).to.deep.equal(['good-3']);
    expect(app.last.rawHeaders).not.to.include('root');
  });

  it('of every gateway on the host stay away from applications', async () => {
    await ask([
      ['Cookie', `a=1; ${SESSION}=good-4;clearway-ffffffff="x"; __Host-clearway-1=y ; b="2;`],
      ['Cookie', `clearwayish=kept; ${TOKEN}=t; c==3=; ; clearway-2`],
    ]);

    expect(app.lastHeader('cookie').join('; ')).to.equal(
      'a=1; b="2;; clearwayish=kept; c==3=; ; clearway-2',
    );
  });

  it('lead browsers without one to the sign-in page and back, others to a 401', async () => {
    const html: Headers = [['Accept', 'text/html,*/*;q=0.8']];
    const answer = await ask(html, '/service/app/a%20b?x=1&y=%2F');

    expect(answer.status).to.equal(302);
    expect(headerOf(answer, 'location')).to.equal(
      `/_clearway/sign-in?to=${encodeURIComponent('/service/app/a%20b?x=1&y=%2F')}`,
    );
    expect(headerOf(answer, 'cache-control')).to.equal('no-store');
    const other = await ask([['Accept', 'application/json']]);
    expect([other.status, headerOf(other, 'www-authenticate')]).to.deep.equal([
      401,
      'Bearer realm="clearway"',
    ]);
    const post = await rawRequest(proxy.port, {
      method: 'POST',
      target: '/service/app/',
      headers: html,
    });
    expect(post.status).to.equal(401);
  });

  it('and everything else of a request for a page of the gateway go to the router', async () => {
    const answer = await rawRequest(proxy.port, {
      method: 'POST',
      target: '/_clearway/sign-in?to=%2Fx',
      host: 'gateway.example:8010',
      headers: [
        ['Cookie', `${SESSION}=s; other=1`],
        ['X-Real-IP', '6.6.6.6'],
        ['X-Forwarded-Proto', 'gopher'],
        ['X-Clearway-Host-Key', 'evil'],
        ['Origin', 'https://gateway.example'],
        ['Content-Type', 'application/x-www-form-urlencoded'],
      ],
      body: 'name=a&secret=b',
    });

    expect(answer.status).to.equal(404);
    const { pages } = proxy;
    expect([pages.last.method, pages.last.url]).to.deep.equal([
      'POST',
      '/_clearway/sign-in?to=%2Fx',
    ]);
    expect(pages.lastHeader('host')).to.deep.equal(['gateway.example:8010']);
    expect(pages.lastHeader('cookie')).to.deep.equal([`${SESSION}=s; other=1`]);
    expect(pages.lastHeader('x-real-ip')).to.deep.equal(['127.0.0.1']);
    expect(pages.lastHeader('x-forwarded-proto')).to.deep.equal(['http']);
    expect(pages.lastHeader('x-clearway-host-key')).to.deep.equal([]);
    expect(pages.lastHeader('origin')).to.deep.equal(['https://gateway.example']);
  });

  it('reach the router in small forms only', async () => {
    const { length } = proxy.pages.seen;
    const large = { method: 'POST', target: '/_clearway/sign-in', body: 'x'.repeat(17_000) };

    expect((await rawRequest(proxy.port, large)).status).to.equal(413);
    const chunk = `4268\r\n${'x'.repeat(0x4268)}\r\n0\r\n\r\n`;
    const head =
      'POST /_clearway/sign-in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n';
    expect(await sendRaw(proxy.port, head + chunk)).to.match(/^HTTP\/1.1 413 /);
    expect(proxy.pages.seen.length).to.equal(length);
  });
});
