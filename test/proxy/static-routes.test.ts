import { expect } from 'chai';
import { EchoApp } from '../support/echo-app.ts';
import { freePort } from '../support/free-ports.ts';
import { headerOf, rawRequest, type RawAnswer, type RawRequest } from '../support/http-client.ts';
import { anHttpEntry, ProxyHarness } from '../support/proxy-harness.ts';

type Headers = readonly (readonly [string, string])[];

const TASK = 'a'.repeat(32);
const ALICE: Headers = [['Cookie', 'clearml_token=alice']];
describe('a static route in the proxy', function () {
  this.timeout(30_000);
  let proxy: ProxyHarness;
  let app: EchoApp;
  /** Happens while the router is asked about Bob. */
  let whileAsked: () => Promise<void>;
  let answerWith: Readonly<Record<string, string | string[]>>;

  before(async () => {
    app = await EchoApp.start((request, response) => {
      request.resume();
      const body = request.url ?? '';
      response.writeHead(200, { 'Content-Length': body.length, ...answerWith }).end(body);
    });
    proxy = await ProxyHarness.start({
      config: { authEnabled: true, workers: 1 },
      decide: async ({ credential, task }) => {
        if (credential === 'bob') await whileAsked();
        if (credential === 'bob') return { verdict: 'allow', user: 'bob' };
        if (credential !== 'alice') return { verdict: 'unauthenticated' };
        return { verdict: task === TASK ? 'allow' : 'deny', user: 'alice' };
      },
    });
  });

  beforeEach(async () => {
    answerWith = {};
    app.seen.length = 0;
    proxy.questions.length = 0;
    await proxy.publish({
      http: {
        '/chat': anHttpEntry(app.port, { answered: true }),
        '/open': anHttpEntry(app.port, { answered: true, open: true }),
        '/kept': anHttpEntry(app.port, { answered: true, open: true, keep: true }),
        '/starting': { route: 'r', task: TASK, since: Date.now(), open: true },
      },
    });
  });

  after(async () => {
    await proxy.stop('SIGKILL');
    await app.stop();
  });

  const ask = (
    target: string,
    headers: Headers = [],
    more: Partial<RawRequest> = {},
  ): Promise<RawAnswer> => rawRequest(proxy.port, { target, headers, ...more });

  it('hands on what is below its path, with the path as the prefix', async () => {
    expect((await ask('/chat/a/b?c=%2f', ALICE)).body).to.equal('/a/b?c=%2f');
    expect(app.lastHeader('x-forwarded-prefix')).to.deep.equal(['/chat']);
    expect(app.lastHeader('x-forwarded-user')).to.deep.equal(['alice']);
    expect(app.lastHeader('cookie')).to.deep.equal([]);
    expect((await ask('/kept/a')).body).to.equal('/kept/a');
    expect(app.lastHeader('x-forwarded-prefix')).to.deep.equal([]);
  });

  it('sends who forgot the slash to the address with it', async () => {
    const answer = await ask('/chat?x=1', ALICE);

    expect([answer.status, headerOf(answer, 'location')]).to.deep.equal([307, '/chat/?x=1']);
    expect(headerOf(await ask('/open'), 'location')).to.equal('/open/');
  });

  it('puts its path in front of Location and cookie paths of an application that knows nothing of it', async () => {
    answerWith = { Location: '/login?next=/', 'Set-Cookie': ['a=b; Path=/', 'clearml_token=x'] };
    const answer = await ask('/open/');

    expect(headerOf(answer, 'location')).to.equal('/open/login?next=/');
    expect(answer.headers.filter(([name]) => name === 'set-cookie')).to.deep.equal([
      ['set-cookie', 'a=b; Path=/open/'],
    ]);
  });

  it('lets everybody in where it is open, without a question, and says nothing of anybody', async () => {
    const answer = await ask('/open/a', [
      ['Cookie', 'theme=dark; clearml_token=alice; clearway-0a1b2c3d=s; __Host-clearway-1=t'],
      ['Authorization', 'Bearer of-the-application'],
      ['X-Forwarded-User', 'admin'],
      ['Remote-User', 'admin'],
    ]);

    expect(answer.status).to.equal(200);
    expect(proxy.questions).to.deep.equal([]);
    expect(app.lastHeader('cookie')).to.deep.equal(['theme=dark']);
    expect(app.lastHeader('authorization')).to.deep.equal(['Bearer of-the-application']);
    expect(app.lastHeader('x-forwarded-user')).to.deep.equal([]);
    expect(app.lastHeader('remote-user')).to.deep.equal([]);
  });

  it('lets other sites post where it is open, and nowhere else: there is nothing of a user in it', async () => {
    const foreign: Headers = [...ALICE, ['Origin', 'https://evil.example']];

    expect((await ask('/open/', foreign, { method: 'POST' })).status).to.equal(200);
    expect(app.lastHeader('cookie')).to.deep.equal([]);
    expect((await ask('/chat/', foreign, { method: 'POST' })).status).to.equal(403);
  });

  it('says 508 to a loop, open or not, there or not', async () => {
    const loop: Headers = [['X-Clearway-Via', 'x'.repeat(300)]];

    for (const target of ['/open/', '/chat/', '/none/'])
      expect((await ask(target, loop)).status, target).to.equal(508);
  });

  it('shows the waiting page to everybody where it is open, and no address of the inside', async () => {
    const answer = await ask('/starting/', [['Accept', 'text/html']]);

    expect([answer.status, headerOf(answer, 'retry-after')]).to.deep.equal([503, '3']);

    const entry = anHttpEntry(await freePort(), { since: 1 });
    await proxy.publish({ http: { '/open': { ...entry, open: true }, '/chat': entry } });
    expect((await ask('/open/')).body)
      .to.include('Waiting')
      .and.not.include('127.0.0.1');
    expect((await ask('/chat/', ALICE)).body).to.include(`127.0.0.1:${String(entry.port)}`);
  });

  it('says nothing of a caller who was asked about before it was open', async () => {
    const entry = anHttpEntry(app.port, { answered: true });
    whileAsked = () => proxy.publish({ http: { '/turns': { ...entry, open: true } } });
    const credentials: readonly Headers[] = [
      [['Cookie', 'clearml_token=bob']],
      [['Authorization', 'Bearer bob']],
    ];
    for (const headers of credentials) {
      await proxy.publish({ http: { '/turns': entry } });
      proxy.questions.length = 0;

      expect((await ask('/turns/', headers)).status).to.equal(200);

      expect(proxy.questions).to.have.length(1);
      for (const name of ['x-forwarded-user', 'authorization', 'cookie'])
        expect(app.lastHeader(name), name).to.deep.equal([]);
    }
  });

  it('is named in the log of requests', async () => {
    await ask('/open/logged');

    const line = await proxy.untilLine({ message: 'request', path: '/open/logged' });
    expect(line).to.include({ task: TASK, user: '', status: 200 });
  });

  it('does not exist where every endpoint has a host of its own', async () => {
    const own = await ProxyHarness.start({
      config: { authEnabled: true, workers: 1, hosts: 'gw.example', routeDomain: 'apps.example' },
      decide: () => ({ verdict: 'allow', user: 'alice' }),
    });
    try {
      await own.publish({ http: { '/open': anHttpEntry(app.port, { open: true }) } });
      for (const host of ['gw.example', 'open.apps.example']) {
        const request = { target: '/open/', host };
        expect((await rawRequest(own.port, request)).status, host).to.equal(401);
      }
    } finally {
      await own.stop('SIGKILL');
    }
  });
});
