import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { WebSocket, WebSocketServer } from 'ws';
import type { AccessAnswer, AccessQuestion } from '../../src/controllers/contracts.ts';
import { EchoApp } from '../support/echo-app.ts';
import { eventually } from '../support/eventually.ts';
import { rawRequest, type RawAnswer, type RawRequest } from '../support/http-client.ts';
import { childrenOf } from '../support/processes.ts';
import { anHttpEntry, ProxyHarness, type Decide } from '../support/proxy-harness.ts';

const SESSION = 'clearway-0a1b2c3d';
const NEIGHBOUR = '127.0.0.2';

function letIn({ credential }: AccessQuestion): AccessAnswer {
  return { verdict: 'allow', user: credential, session: credential };
}

/** What one caller does must not be felt by the others. */
describe('callers beside each other', function () {
  this.timeout(30_000);
  let proxy: ProxyHarness;
  let app: EchoApp;
  let sockets: WebSocketServer;
  let decide: Decide;
  const opened: WebSocket[] = [];

  const start = async (times: { freshSeconds?: number; usableSeconds?: number } = {}) => {
    decide = letIn;
    app = await EchoApp.start();
    sockets = new WebSocketServer({ server: app.server });
    proxy = await ProxyHarness.start({
      config: { authEnabled: true },
      decide: (question) => decide(question),
      ...times,
    });
    await proxy.publish({ http: { app: anHttpEntry(app.port, { answered: true }) } });
  };

  afterEach(async () => {
    for (const socket of opened.splice(0)) socket.terminate();
    sockets.close();
    await proxy.stop();
    await app.stop();
  });

  const ask = (cookie: string, more: Partial<RawRequest> = {}): Promise<RawAnswer> =>
    rawRequest(proxy.port, { target: '/service/app/', headers: [['Cookie', cookie]], ...more });

  async function openWebsocket(session: string): Promise<WebSocket> {
    const socket = new WebSocket(proxy.url('/service/app/').replace('http', 'ws'), {
      headers: { Cookie: `${SESSION}=${session}`, Origin: proxy.url('') },
    });
    opened.push(socket);
    await new Promise((done, failed) => socket.once('open', done).once('error', failed));
    return socket;
  }

  const closed = (socket: WebSocket): Promise<unknown> =>
    new Promise((done) => socket.once('close', done));

  it("keep their connections when somebody else's access is revoked while nobody can be asked", async () => {
    await start({ freshSeconds: 1, usableSeconds: 600 });
    const staying = await Promise.all(['a', 'b', 'c', 'd'].map(openWebsocket));
    const going = await openWebsocket('going');
    decide = () => new Promise(() => undefined);
    const asked = proxy.questions.length;
    await eventually(() => expect(proxy.questions.length).to.be.greaterThan(asked));

    const gone = closed(going);
    await proxy.plane.revoke(['session:going']);
    await gone;
    const settled = closed(await openWebsocketAndRevoke());
    await settled;

    expect(staying.map(({ readyState }) => readyState)).to.deep.equal(
      staying.map(() => WebSocket.OPEN),
    );
  });

  /** One more round, so that a connection that was wrongly marked would be closed by now. */
  async function openWebsocketAndRevoke(): Promise<WebSocket> {
    const hanging = decide;
    decide = letIn;
    const socket = await openWebsocket('last');
    decide = hanging;
    void proxy.plane.revoke(['session:last']);
    return socket;
  }

  it('are not shut out by the wrong passwords of others', async () => {
    await start({ freshSeconds: 1, usableSeconds: 600 });
    const socket = await openWebsocket('alice');
    decide = () => ({ verdict: 'throttled' });
    const asked = proxy.questions.length;

    await eventually(() => expect(proxy.questions.length).to.be.greaterThan(asked + 1));

    expect((await ask(`${SESSION}=alice`)).status).to.equal(200);
    expect(socket.readyState).to.equal(WebSocket.OPEN);
    expect((await ask(`${SESSION}=bob`)).status).to.equal(429);
  });

  it('are judged anew under their own address', async () => {
    await start({ freshSeconds: 1, usableSeconds: 600 });
    await openWebsocket('alice');
    const asked = proxy.questions.length;

    await eventually(() => expect(proxy.questions.length).to.be.greaterThan(asked));

    expect(proxy.questions.at(-1)?.client).to.equal('127.0.0.1');
  });

  it('do not wait behind the rubbish of another address', async () => {
    await start();
    decide = (question) =>
      question.credential.startsWith('rubbish') ? new Promise(() => undefined) : letIn(question);
    const rubbish = Array.from({ length: 120 }, (_, index) => ask(`${SESSION}=rubbish-${index}`));
    void Promise.allSettled(rubbish);
    await eventually(() => expect(proxy.questions.length).to.be.greaterThan(20));

    const from = performance.now();
    expect((await ask(`${SESSION}=alice`, { from: NEIGHBOUR })).status).to.equal(200);
    expect(performance.now() - from).to.be.lessThan(1_000);
    // A few at a time for each worker: the rest waits in its own line.
    expect(proxy.questions.length).to.be.lessThan(2 * 16 + 2);
  });

  it('cost no memory when they are nobody, whatever they send', async () => {
    await start();
    decide = () => ({ verdict: 'unauthenticated' });
    const workers = await childrenOf(await proxy.nginxPid());
    const before = await residentMiB(workers);
    const padding = 'x'.repeat(15_000);

    for (let index = 0; index < 100; index += 1)
      await Promise.all(
        Array.from({ length: 20 }, (_, part) => ask(`clearway-q=1; a=${index}-${part}${padding}`)),
      );

    expect((await residentMiB(workers)) - before).to.be.lessThan(60);
  });
});

async function residentMiB(pids: readonly number[]): Promise<number> {
  const texts = await Promise.all(
    pids.map((pid) => readFile(`/proc/${String(pid)}/status`, 'utf8')),
  );
  return texts.reduce((sum, text) => sum + Number(/VmRSS:\s+(\d+)/.exec(text)?.[1]) / 1_024, 0);
}
