import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { expect } from 'chai';
import { WebSocket, WebSocketServer } from 'ws';
import { aTcpEntry, anHttpEntry, ProxyHarness } from '../support/proxy-harness.ts';
import { EchoApp } from '../support/echo-app.ts';
import { ended, openSocket } from '../support/http-client.ts';
import { eventually } from '../support/eventually.ts';
import { childrenOf, connectionsTo, isShuttingDown } from '../support/processes.ts';

const SOON_MS = 1_000;

/** A service that says nothing by itself, never hangs up, and remembers its connections. */
interface Quiet {
  readonly server: Server;
  readonly sockets: Set<Socket>;
  readonly port: number;
}

async function startQuiet(): Promise<Quiet> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('data', (data) => socket.write(data));
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { server, sockets, port: (server.address() as AddressInfo).port };
}

describe('live connections of a route', function () {
  this.timeout(30_000);
  let proxy: ProxyHarness;
  let app: EchoApp;
  let quiet: Quiet;
  let sockets: WebSocketServer;

  before(async () => {
    proxy = await ProxyHarness.start({ tcpPorts: 4 });
    app = await EchoApp.start((_, response) => response.writeHead(200).write('open\n'));
    sockets = new WebSocketServer({ server: app.server });
    quiet = await startQuiet();
  });

  after(async () => {
    for (const client of sockets.clients) client.terminate();
    sockets.close();
    for (const socket of quiet.sockets) socket.destroy();
    quiet.server.close();
    await proxy.stop();
    await app.stop();
  });

  const http = (key: string, overrides = {}) => ({
    [key]: anHttpEntry(app.port, { route: `${key}.http`, answered: true, ...overrides }),
  });

  const tcp = (index: number) => ({
    [String(proxy.config.tcpStart + index)]: aTcpEntry(quiet.port, `t${index}`),
  });

  async function openStream(key: string): Promise<Socket> {
    const socket = await openSocket(proxy.port);
    socket.write(`GET /service/${key}/ HTTP/1.1\r\nHost: x\r\n\r\n`);
    await new Promise((done) => socket.once('data', done));
    return socket;
  }

  async function openWebSocket(key: string): Promise<WebSocket> {
    const socket = new WebSocket(`ws://127.0.0.1:${proxy.port}/service/${key}/`);
    await new Promise((done) => socket.once('open', done));
    return socket;
  }

  async function openTcp(index: number): Promise<Socket> {
    const socket = await openSocket(proxy.config.tcpStart + index);
    socket.write('hello');
    await new Promise((done) => socket.once('data', done));
    return socket;
  }

  async function openAll(key: string, index: number) {
    const webSocket = await openWebSocket(key);
    return { webSocket, stream: await openStream(key), tcp: await openTcp(index) };
  }

  type Opened = Awaited<ReturnType<typeof openAll>>;

  function close(opened: Opened): void {
    opened.webSocket.terminate();
    opened.stream.destroy();
    opened.tcp.destroy();
  }

  async function endedAll(opened: Opened): Promise<number> {
    const from = performance.now();
    await Promise.all([
      new Promise((done) => opened.webSocket.once('close', done)),
      ended(opened.stream),
      ended(opened.tcp),
    ]);
    return performance.now() - from;
  }

  async function stillServes(opened: Opened): Promise<void> {
    expect(opened.webSocket.readyState).to.equal(WebSocket.OPEN);
    expect(opened.stream.readableEnded).to.equal(false);
    const echo = new Promise((done) => opened.tcp.once('data', done));
    opened.tcp.write('still there');
    expect(String(await echo)).to.equal('still there');
  }

  it('end within a second when it goes, and those of its neighbours do not', async () => {
    await proxy.publish({
      http: { ...http('going'), ...http('staying') },
      tcp: { ...tcp(0), ...tcp(1) },
    });
    const going = await Promise.all([0, 1, 2].map(() => openAll('going', 0)));
    const staying = await openAll('staying', 1);
    const all = Promise.all(going.map(endedAll));

    await proxy.publish({ http: http('staying'), tcp: tcp(1) });

    expect(Math.max(...(await all))).to.be.lessThan(SOON_MS);
    await stillServes(staying);
    await eventually(async () => expect(await connectionsTo(quiet.port)).to.equal(1), {
      timeoutMs: SOON_MS,
    });
    await eventually(() => expect(sockets.clients.size).to.equal(1), { timeoutMs: SOON_MS });
    going.forEach(close);
    close(staying);
  });

  it('end for their own client only, also when another one has the same port', async () => {
    await proxy.publish({ http: { ...http('going'), ...http('staying') } });
    const going = await openStream('going');
    const staying = connect({
      ...{ port: proxy.port, host: '127.0.0.1' },
      ...{ localAddress: '127.0.0.2', localPort: going.localPort ?? 0 },
    });
    staying.write('GET /service/staying/ HTTP/1.1\r\nHost: x\r\n\r\n');
    await new Promise((done) => staying.once('data', done));
    const goingEnded = ended(going);

    await proxy.publish({ http: http('staying') });

    await goingEnded;
    expect(staying.readableEnded).to.equal(false);
    going.destroy();
    staying.destroy();
  });

  it('end when the upstream or the task changes, and not when only other fields do', async () => {
    await proxy.publish({ http: { ...http('a', { answered: false }), ...http('b') }, tcp: tcp(0) });
    const a = await openAll('a', 0);
    const b = await openStream('b');
    const bGone = ended(b);

    await proxy.publish({
      http: { ...http('a', { since: 1 }), ...http('b', { task: 'c' }) },
      tcp: tcp(0),
    });

    await bGone;
    await stillServes(a);
    close(a);
  });

  it('end in a worker that is exiting after a reload, which then ends itself', async () => {
    await proxy.publish({ http: { ...http('a'), ...http('b') }, tcp: { ...tcp(0), ...tcp(1) } });
    const a = await openAll('a', 0);
    const b = await openAll('b', 1);
    const workers = await childrenOf(await proxy.nginxPid());
    await proxy.untilComplete(await proxy.render({ idleSeconds: 601 }));
    await eventually(async () => {
      const exiting = await Promise.all(workers.map(isShuttingDown));
      expect(exiting).not.to.include(false);
    });
    await stillServes(a);

    const gone = endedAll(a);
    await proxy.publish({ http: http('b'), tcp: tcp(1) });

    expect(await gone).to.be.lessThan(SOON_MS);
    await stillServes(b);
    const bGone = endedAll(b);
    await proxy.publish({});
    expect(await bGone).to.be.lessThan(SOON_MS);
    close(a);
    close(b);
    await eventually(async () =>
      expect(await childrenOf(await proxy.nginxPid())).to.have.length(2),
    );
  });
});
