import { chmod, chown, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { notRun } from '../support/not-run.ts';
import { WebSocket, WebSocketServer } from 'ws';
import { anHttpEntry, ProxyHarness, type HarnessOptions } from '../support/proxy-harness.ts';
import { accepts, freePort } from '../support/free-ports.ts';
import { EchoApp } from '../support/echo-app.ts';
import { closeServer, rawRequest } from '../support/http-client.ts';
import { eventually } from '../support/eventually.ts';
import { childrenOf, isAlive } from '../support/processes.ts';

describe('the supervisor', function () {
  this.timeout(40_000);
  let proxy: ProxyHarness;
  const others: (() => Promise<void>)[] = [];

  const start = async (options: HarnessOptions = {}) => {
    proxy = await ProxyHarness.start(options);
  };

  afterEach(async () => {
    await proxy.stop();
    for (const stop of others.splice(0)) await stop();
  });

  async function startApp(): Promise<EchoApp> {
    const app = await EchoApp.start();
    others.push(() => app.stop());
    return app;
  }

  async function take(port: number, host = '0.0.0.0'): Promise<Server> {
    const server = createServer((socket) => socket.end('a stranger'));
    await new Promise<void>((done) => server.listen(port, host, done));
    others.push(() => closeServer(server));
    return server;
  }

  const ask = async (target: string) => (await rawRequest(proxy.port, { target })).status;

  it('waits for a configuration, and for one that is whole', async () => {
    await start({ router: false });
    const { nginxFolder } = proxy;
    await proxy.stopSupervisor();
    const environment = await readFile(join(nginxFolder, 'proxy.env'), 'utf8');
    await writeFile(
      join(nginxFolder, 'proxy.env'),
      environment.replace(/REVISION=./, 'REVISION=0'),
    );
    proxy.lines.length = 0;

    proxy.startSupervisor();

    await proxy.untilLine({ message: 'waiting for the configuration of the router' });
    await writeFile(join(nginxFolder, 'proxy.env'), environment);
    await proxy.untilLine({ message: 'nginx started' });
    expect(await ask('/_clearway/healthz')).to.equal(200);
    // No table was ever seen: unknown is not known.
    expect(await ask('/service/x/')).to.equal(503);
  });

  it('reloads for a new revision and keeps open websockets', async () => {
    await start();
    const app = await startApp();
    const sockets = new WebSocketServer({ server: app.server });
    sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
    await proxy.publish({ http: { app: anHttpEntry(app.port) } });
    const socket = new WebSocket(`ws://127.0.0.1:${proxy.port}/service/app/`);
    await new Promise((done) => socket.once('open', done));

    const revision = await proxy.render({ idleSeconds: 700 });
    await proxy.untilComplete(revision);

    await proxy.untilLine({ message: 'nginx reloaded', revision });
    const echo = new Promise((done) => socket.once('message', done));
    socket.send('hello');
    expect(String(await echo)).to.equal('hello');
    expect(await ask('/service/app/')).to.equal(200);
    socket.terminate();
  });

  it('keeps the running configuration when nginx refuses the new one, and says why', async () => {
    await start();
    await proxy.publish({ http: { app: anHttpEntry((await startApp()).port) } });
    const file = join(proxy.nginxFolder, 'nginx.conf');
    const good = await readFile(file, 'utf8');
    const broken = good
      .replace(/revision \w+/, 'revision 0123456789ab')
      .replace('http {', 'http { no_such_thing;');
    const environment = await readFile(join(proxy.nginxFolder, 'proxy.env'), 'utf8');
    await writeFile(
      join(proxy.nginxFolder, 'proxy.env'),
      environment.replace(/N=\w+/, 'N=0123456789ab'),
    );
    await writeFile(`${file}.new`, broken);
    await rename(`${file}.new`, file);

    const line = await proxy.untilLine({ message: 'nginx refuses the configuration' });

    expect(line['nginx']).to.contain('no_such_thing');
    expect(await ask('/service/app/')).to.equal(200);
    const revision = await proxy.render({ idleSeconds: 800 });
    await proxy.untilComplete(revision);
  });

  it('notices that a reload was not taken, because of a port, and tries until it is', async () => {
    await start();
    const app = await startApp();
    await proxy.publish({ http: { app: anHttpEntry(app.port) } });
    const stranger = await take(0);
    const address = stranger.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;

    const revision = await proxy.render({ listenPort: port });
    await proxy.untilLine(
      { message: 'nginx keeps the old configuration; a port may be taken' },
      20_000,
    );
    expect(await ask('/service/app/')).to.equal(200);
    await new Promise((done) => stranger.close(done));

    await eventually(() => expect(proxy.plane.proxies[0]?.configRevision).to.equal(revision), {
      timeoutMs: 15_000,
    });
    expect((await rawRequest(port, { target: '/service/app/' })).status).to.equal(200);
  });

  it('leaves a busy port out, and takes it when it is freed', async () => {
    await start({ tcpPorts: 5 });
    const { tcpStart } = proxy.config;
    await proxy.stopSupervisor();
    const stranger = await take(tcpStart + 2, '127.0.0.1');

    proxy.startSupervisor();

    await eventually(
      () => {
        expect(proxy.plane.heldPorts.has(tcpStart + 2)).to.equal(false);
        expect(proxy.plane.heldPorts.has(tcpStart + 1)).to.equal(true);
        expect(proxy.plane.heldPorts.has(tcpStart + 3)).to.equal(true);
      },
      { timeoutMs: 15_000 },
    );
    await new Promise((done) => stranger.close(done));
    await eventually(() => expect(proxy.plane.heldPorts.has(tcpStart + 2)).to.equal(true), {
      timeoutMs: 20_000,
    });
  });

  it('starts nginx again when it dies, and leaves no old worker on the ports', async () => {
    await start({ tcpPorts: 2 });
    await proxy.publish({ http: { app: anHttpEntry((await startApp()).port) } });
    const master = await proxy.nginxPid();
    const workers = await childrenOf(master);

    process.kill(master, 'SIGKILL');

    await eventually(async () => {
      expect(await proxy.nginxPid()).not.to.equal(master);
      expect(await ask('/service/app/')).to.equal(200);
    });
    for (const pid of workers) expect(await isAlive(pid), String(pid)).to.equal(false);
  });

  it('takes nginx with it when it is killed', async () => {
    await start();
    const pids = [await proxy.nginxPid(), ...(await childrenOf(await proxy.nginxPid()))];

    await proxy.stopSupervisor('SIGKILL');

    await eventually(async () => {
      for (const pid of pids) expect(await isAlive(pid)).to.equal(false);
    });
    expect(await accepts(proxy.port)).to.equal(false);
    proxy.startSupervisor();
    await proxy.untilComplete();
  });

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) {
    it(`ends gracefully and leaves nothing behind on ${signal}`, async () => {
      await start();
      const { port } = await startApp();
      await proxy.publish({ http: { app: anHttpEntry(port) } });
      const pids = [await proxy.nginxPid(), ...(await childrenOf(await proxy.nginxPid()))];

      await proxy.stopSupervisor(signal);

      for (const pid of pids) expect(await isAlive(pid)).to.equal(false);
      expect(proxy.lines.at(-1)?.['message']).to.equal('stopped');
    });
  }

  it('ends, with nginx, when its run folder is taken away', async () => {
    await start();
    const pids = [proxy.supervisorPid, await proxy.nginxPid()];

    await rm(proxy.runFolder, { recursive: true });

    await eventually(async () => {
      for (const pid of pids) expect(await isAlive(pid)).to.equal(false);
    });
  });

  it('gives root away when it is told to, and keeps only the right to take low ports', async function () {
    if (process.getuid?.() !== 0) notRun(this, 'root is needed');
    await start();
    await proxy.stopSupervisor();
    await chmod(proxy.folder, 0o755);
    for (const name of ['', 'nginx.conf', 'proxy.env', 'snapshot.json'])
      await chown(join(proxy.nginxFolder, name), 0, 65_532);
    proxy.lines.length = 0;

    proxy.startSupervisor({ CLEARWAY_DROP: '1' });
    await proxy.untilLine({ message: 'nginx started' });

    for (const pid of [proxy.supervisorPid, await proxy.nginxPid()]) {
      const status = await readFile(`/proc/${pid}/status`, 'utf8');
      expect(status).to.match(/^Uid:\s65533\s65533\s65533\s65533$/m);
      expect(status).to.match(/^Gid:\s65532\s65532\s65532\s65532$/m);
      expect(status)
        .to.match(/^Groups:\s*$/m)
        .and.to.match(/^NoNewPrivs:\s1$/m);
      expect(status).to.match(/^CapEff:\s0000000000000(400|000)$/m);
    }
  });

  it('forwards the metrics port to the socket of the router', async () => {
    const metricsPort = await freePort();
    await start({ config: { metricsPort } });
    const metrics = createHttpServer((_, response) => response.end('metrics\n'));
    await new Promise<void>((done) =>
      metrics.listen(join(proxy.nginxFolder, 'metrics.sock'), done),
    );
    others.push(() => closeServer(metrics));

    const answer = await rawRequest(metricsPort, { target: '/metrics' });

    expect(answer.body).to.equal('metrics\n');
  });
});
