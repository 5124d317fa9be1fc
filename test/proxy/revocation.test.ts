import { request } from 'node:http';
import type { Socket } from 'node:net';
import { expect } from 'chai';
import { WebSocket, WebSocketServer } from 'ws';
import type { AccessAnswer, AccessQuestion } from '../../src/controllers/contracts.ts';
import { EchoApp } from '../support/echo-app.ts';
import { eventually } from '../support/eventually.ts';
import { ended, openSocket, rawRequest } from '../support/http-client.ts';
import { anHttpEntry, ProxyHarness, type Decide } from '../support/proxy-harness.ts';

const SOON_MS = 1_000;
const COOKIE = 'clearway-0a1b2c3d';

/** Sessions are called `<user>.<number>`; everybody has access until a test says otherwise. */
function letIn({ credential }: AccessQuestion): AccessAnswer {
  const [user = ''] = credential.split('.');
  return { verdict: 'allow', user, session: credential };
}

/** A router that has revoked these sessions. */
function without(...revoked: readonly string[]): Decide {
  return (question) =>
    revoked.includes(question.credential) ? { verdict: 'unauthenticated' } : letIn(question);
}

describe('access that ends', function () {
  this.timeout(30_000);
  let proxy: ProxyHarness;
  let app: EchoApp;
  let sockets: WebSocketServer;
  let decide: Decide;
  const opened: { close: () => void }[] = [];

  const start = async (times: { freshSeconds?: number; usableSeconds?: number } = {}) => {
    decide = letIn;
    app = await EchoApp.start((incoming, response) => {
      incoming.resume();
      response.writeHead(200).write('open\n');
    });
    sockets = new WebSocketServer({ server: app.server });
    proxy = await ProxyHarness.start({
      config: { authEnabled: true },
      decide: (question) => decide(question),
      ...times,
    });
    await proxy.publish({ http: { app: anHttpEntry(app.port, { answered: true }) } });
  };

  afterEach(async () => {
    for (const one of opened.splice(0)) one.close();
    sockets.close();
    await proxy.stop();
    await app.stop();
  });

  const cookie = (session: string): string => `${COOKIE}=${session}`;

  async function openWebsocket(session: string): Promise<WebSocket> {
    const socket = new WebSocket(proxy.url('/service/app/').replace('http', 'ws'), {
      headers: { Cookie: cookie(session), Origin: proxy.url('') },
    });
    opened.push({ close: () => socket.terminate() });
    await new Promise((done, failed) => socket.once('open', done).once('error', failed));
    return socket;
  }

  async function openStream(session: string): Promise<Socket> {
    const socket = await openSocket(proxy.port);
    opened.push({ close: () => socket.destroy() });
    socket.write(`GET /service/app/ HTTP/1.1\r\nHost: x\r\nCookie: ${cookie(session)}\r\n\r\n`);
    await new Promise((done) => socket.once('data', done));
    return socket;
  }

  /** An upload that never stops by itself. */
  async function openUpload(session: string): Promise<{ readonly over: Promise<unknown> }> {
    const headers = { Cookie: cookie(session), Origin: proxy.url('') };
    const upload = request(proxy.url('/service/app/'), { method: 'POST', headers });
    const over = new Promise((done) => upload.once('close', done).once('error', done));
    const timer = setInterval(() => upload.write('x'.repeat(1_000)), 20);
    opened.push({ close: () => upload.destroy() });
    void over.then(() => clearInterval(timer));
    await new Promise((done) => upload.once('response', done));
    return { over };
  }

  const statusOf = async (session: string): Promise<number> => {
    const headers = [['Cookie', cookie(session)]] as const;
    const socket = await rawRequest(proxy.port, {
      method: 'HEAD',
      target: '/service/app',
      headers,
    });
    return socket.status;
  };

  const closed = (socket: WebSocket): Promise<unknown> =>
    socket.readyState === WebSocket.CLOSED
      ? Promise.resolve()
      : new Promise((done) => socket.once('close', done));

  it('takes the connections of a revoked session with it, idle and busy ones, and nobody else', async () => {
    await start();
    const own = [
      closed(await openWebsocket('alice.1')),
      ended(await openStream('alice.1')),
      (await openUpload('alice.1')).over,
    ];
    const others = [await openWebsocket('alice.2'), await openWebsocket('bob.1')];

    decide = without('alice.1');
    const from = performance.now();
    await proxy.plane.revoke(['session:alice.1']);
    await Promise.all(own);

    expect(performance.now() - from).to.be.lessThan(SOON_MS);
    expect(await statusOf('alice.1')).to.equal(401);
    expect(await statusOf('alice.2')).to.equal(307);
    expect(others.map(({ readyState }) => readyState)).to.deep.equal([
      WebSocket.OPEN,
      WebSocket.OPEN,
    ]);
  });

  it('is known to every worker by the time that a revocation is done', async () => {
    await start();
    for (let index = 0; index < 20; index += 1) await statusOf('alice.1');
    decide = without('alice.1');

    await proxy.plane.revoke(['session:alice.1']);

    for (let index = 0; index < 20; index += 1) expect(await statusOf('alice.1')).to.equal(401);
  });

  it('does not come back by a decision that was under way', async () => {
    await start();
    const underWay = Promise.withResolvers<undefined>();
    const answer = Promise.withResolvers<undefined>();
    decide = async (question) => {
      underWay.resolve(undefined);
      await answer.promise;
      return letIn(question);
    };
    const asked = statusOf('alice.1');
    await underWay.promise;

    decide = without('alice.1');
    await proxy.plane.revoke(['session:alice.1']);
    answer.resolve(undefined);

    expect(await asked).to.equal(401);
    expect(app.seen).to.deep.equal([]);
  });

  it('ends for one user, whatever the credential, and for everybody', async () => {
    await start();
    const alice = [closed(await openWebsocket('alice.1')), closed(await openWebsocket('alice.2'))];
    const bob = await openWebsocket('bob.1');

    decide = without('alice.1', 'alice.2');
    await proxy.plane.revoke(['user:alice']);
    await Promise.all(alice);
    expect(bob.readyState).to.equal(WebSocket.OPEN);

    decide = () => ({ verdict: 'deny', user: 'bob' });
    const from = performance.now();
    await proxy.plane.revoke(['*']);
    await closed(bob);
    expect(performance.now() - from).to.be.lessThan(SOON_MS);
  });

  it('goes on for those who are let in anew', async () => {
    await start();
    const socket = await openWebsocket('alice.1');
    const asked = proxy.questions.length;

    await proxy.plane.revoke(['*']);

    await eventually(() => expect(proxy.questions.length).to.be.greaterThan(asked));
    expect(await statusOf('alice.1')).to.equal(307);
    expect(socket.readyState).to.equal(WebSocket.OPEN);
  });

  it('ends in time also when nobody can say who goes on', async () => {
    await start();
    const socket = await openWebsocket('alice.1');
    decide = () => new Promise(() => undefined);

    const from = performance.now();
    await proxy.plane.revoke(['user:alice']);
    await closed(socket);

    expect(performance.now() - from).to.be.lessThan(SOON_MS);
  });

  it('is not remembered by the workers of a new configuration either', async () => {
    await start();
    expect(await statusOf('alice.1')).to.equal(307);
    await proxy.plane.revoke(['session:alice.1']);
    decide = without('alice.1');

    const revision = await proxy.render({ idleSeconds: 601 });
    await proxy.untilComplete(revision);

    expect(await statusOf('alice.1')).to.equal(401);
  });

  it('ends a websocket within the time that a decision is fresh, without any revocation', async () => {
    await start({ freshSeconds: 1, usableSeconds: 60 });
    const socket = await openWebsocket('alice.1');
    const other = await openWebsocket('bob.1');

    decide = without('alice.1');
    await closed(socket);

    expect(other.readyState).to.equal(WebSocket.OPEN);
  });

  it('keeps a websocket for the time that a decision is usable while the router is away, and no longer', async () => {
    await start({ freshSeconds: 1, usableSeconds: 4 });
    const from = performance.now();
    const socket = await openWebsocket('alice.1');

    await proxy.stopRouter();
    await closed(socket);

    expect(performance.now() - from).to.be.within(3_500, 8_000);
  });

  it('ends a websocket with the token that opened it', async () => {
    await start();
    const expires = Date.now() + 2_000;
    decide = (question) =>
      Date.now() < expires ? { ...letIn(question), expires } : { verdict: 'unauthenticated' };
    const socket = await openWebsocket('alice.1');

    await closed(socket);

    expect(Date.now()).to.be.within(expires - 1_000, expires + 1_500);
  });
});
