import { connect, type Socket } from 'node:net';
import { expect } from 'chai';
import { WebSocket, WebSocketServer } from 'ws';
import type { EmbeddedClearml } from '../../src/embedded/api/embedded-clearml.ts';
import { startTcpEcho } from '../../src/embedded/workloads/tcp-echo.ts';
import type { Workload } from '../../src/embedded/workloads/workload.ts';
import {
  addTask,
  ALICE,
  anEndpoint,
  BOB,
  startClearml,
  tokenOf,
} from '../support/clearml-world.ts';
import { EchoApp } from '../support/echo-app.ts';
import { eventually } from '../support/eventually.ts';
import { Gateway } from '../support/gateway-harness.ts';
import { ended, openSocket } from '../support/http-client.ts';
import { Visitor } from './support/visitor.ts';

/** Within this time an open connection ends when its access does. */
const SOON_MS = 1_500;
const FRESH_SECONDS = 1;

/** Connections that last, of one caller. */
interface Lasting {
  /** Resolves when all of them have ended. */
  readonly over: Promise<unknown>;
  readonly areOpen: () => boolean;
}

describe('connections that last', function () {
  this.timeout(40_000);
  let clearml: EmbeddedClearml;
  let gateway: Gateway;
  let app: EchoApp;
  let sockets: WebSocketServer;
  let echo: Workload;
  let task: string;

  before(async () => {
    clearml = await startClearml();
    app = await EchoApp.start((request, response) => {
      // One stream that says something now and then, one that says nothing more, and uploads that never end.
      response.write('data: one\n\n');
      const timer =
        request.url === '/busy' ? setInterval(() => response.write('data: x\n\n'), 50) : undefined;
      response.once('close', () => clearInterval(timer));
      if (request.url === '/') response.end();
      request.resume();
    });
    sockets = new WebSocketServer({ server: app.server });
    echo = await startTcpEcho({ address: '127.0.0.1', port: 0, greeting: 'hello' });
    gateway = await Gateway.start({
      clearml,
      environment: {
        CLEARWAY_ACCESS_FRESH_SECONDS: String(FRESH_SECONDS),
        CLEARWAY_FULL_PASS_SECONDS: '2',
      },
    });
    task = addTask(clearml, [anEndpoint('http', app.port), anEndpoint('tcp', echo.port)]);
    await eventually(async () =>
      expect((await gateway.get(`/service/${task}/`, bearer(BOB))).status).to.equal(200),
    );
    await eventually(() =>
      expect(clearml.tasks.runtime(task)['external_address']).to.equal('127.0.0.1'),
    );
  });

  after(async () => {
    sockets.close();
    await gateway.stop();
    await Promise.all([app.stop(), echo.close()]);
    await clearml.close();
  });

  const bearer = (account: typeof ALICE): Record<string, string> => ({
    authorization: `Bearer ${tokenOf(clearml, account)}`,
  });

  async function openStream(
    path: string,
    headers: Record<string, string>,
    method = 'GET',
  ): Promise<Socket> {
    const socket = await openSocket(gateway.port);
    const lines = Object.entries({
      host: new URL(gateway.url).host,
      origin: gateway.url,
      ...headers,
    });
    const length = method === 'POST' ? 'Content-Length: 1000000\r\n' : '';
    socket.write(
      `${method} /service/${task}${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}${length}\r\n`,
    );
    const first = await new Promise<string>((done) =>
      socket.once('data', (data) => done(String(data))),
    );
    expect(first).to.match(/^HTTP\/1\.1 200 /);
    socket.resume();
    return socket;
  }

  async function openAll(headers: Record<string, string>): Promise<Lasting> {
    const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/service/${task}/ws`, {
      headers: { origin: gateway.url, ...headers },
    });
    await new Promise((done, failed) => socket.once('open', done).once('error', failed));
    socket.on('error', () => undefined);
    const streams = await Promise.all([
      openStream('/idle', headers),
      openStream('/busy', headers),
      openStream('/upload', headers, 'POST'),
    ]);
    const closed = new Promise((done) => socket.once('close', done));
    return {
      over: Promise.all([closed, ...streams.map(ended)]),
      areOpen: () =>
        socket.readyState === WebSocket.OPEN &&
        streams.every((one) => !one.destroyed && !one.readableEnded),
    };
  }

  async function expectOver(
    { over }: Lasting,
    withinMs: number,
    begin: () => unknown,
  ): Promise<void> {
    const from = performance.now();
    await begin();
    await over;
    expect(performance.now() - from).to.be.lessThan(withinMs);
  }

  // Attack: go on using what was opened while one was let in: a websocket, a stream of events, an upload, a TCP connection, idle or busy.
  // Outcome: it ends with the access: at once where the gateway knows, else when the decision is no longer fresh. Others go on.
  it('T23: what is open ends when access ends', async () => {
    const bobs = await openAll(bearer(BOB));
    const visitor = new Visitor({ port: gateway.port, origin: gateway.url });
    expect(
      (await visitor.signIn(ALICE.accessKey, ALICE.secretKey, `/service/${task}/`)).status,
    ).to.equal(200);
    const { cookie } = visitor;
    const own = await openAll({ cookie });

    await visitor.get('/_clearway/sign-out');
    await expectOver(own, SOON_MS, () => visitor.submit('/_clearway/sign-out', {}));
    expect((await gateway.get(`/service/${task}/`, { cookie })).status).to.equal(401);

    const token = tokenOf(clearml, ALICE);
    const alices = await openAll({ authorization: `Bearer ${token}` });
    await expectOver(alices, FRESH_SECONDS * 1_000 + 3_000, () => clearml.revoke(token));
    expect(bobs.areOpen()).to.equal(true);

    const { external_tcp_port: port } = clearml.tasks.runtime(task);
    const tcp = connect({ host: '127.0.0.1', port: Number(port) });
    await new Promise((done) => tcp.once('data', done));
    const from = performance.now();
    clearml.tasks.setStatus(task, 'stopped');
    await eventually(async () =>
      expect((await gateway.get(`/service/${task}/`, bearer(BOB))).status).to.equal(404),
    );
    await Promise.all([bobs.over, ended(tcp)]);
    // The gateway asks ClearML every 0.2 s here.
    expect(performance.now() - from).to.be.lessThan(SOON_MS + 1_000);
  });
});
