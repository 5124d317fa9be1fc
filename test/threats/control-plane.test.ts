import { readdir, readFile, readlink, stat, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { EmbeddedClearml } from '../../src/embedded/api/embedded-clearml.ts';
import { addTask, ALICE, anEndpoint, startClearml, tokenOf } from '../support/clearml-world.ts';
import { call, type ChannelAnswer } from '../support/channel-client.ts';
import { startApp, type TaskApp } from '../support/e2e-app.ts';
import { eventually } from '../support/eventually.ts';
import { Gateway } from '../support/gateway-harness.ts';

const SLOW = { timeoutMs: 15_000, everyMs: 50 };

/** Inodes of the TCP sockets on which something listens. */
async function listening(): Promise<ReadonlySet<string>> {
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((name) => readFile(`/proc/net/${name}`, 'utf8').catch(() => '')),
  );
  const lines = tables
    .flatMap((table) => table.split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/));
  return new Set(lines.filter(([, , , state]) => state === '0A').map((fields) => fields[9] ?? ''));
}

/** Inodes of the sockets of a process. */
async function socketsOf(pid: number): Promise<readonly string[]> {
  const folder = `/proc/${pid}/fd`;
  const links = await Promise.all(
    (await readdir(folder)).map((fd) => readlink(join(folder, fd)).catch(() => '')),
  );
  return links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []);
}

describe('the control plane', function () {
  this.timeout(40_000);
  let clearml: EmbeddedClearml;
  let gateway: Gateway;
  let app: TaskApp;
  let task: string;
  let engine: ReturnType<typeof createServer>;
  const engineCalls: string[] = [];

  before(async () => {
    clearml = await startClearml();
    app = await startApp('the application');
    engine = createServer((request: IncomingMessage, response) => {
      engineCalls.push(`${request.method ?? ''} ${request.url ?? ''}`);
      const body =
        (request.url ?? '').startsWith('/networks') ||
        (request.url ?? '').includes('/containers/json')
          ? '[]'
          : '{}';
      if ((request.url ?? '').includes('/events')) {
        response.flushHeaders();
        return;
      }
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(body);
    });
    gateway = await Gateway.start({
      clearml,
      tcpPorts: 2,
      environment: { CLEARWAY_DOCKER_SOCKET: await engineSocket() },
    });
    task = addTask(clearml, [anEndpoint('http', app.port)]);
    await untilServed(task);
  });

  after(async () => {
    await gateway.stop();
    engine.closeAllConnections();
    await new Promise((done) => engine.close(done));
    await app[Symbol.asyncDispose]();
    await clearml.close();
  });

  async function engineSocket(): Promise<string> {
    const path = join(tmpdir(), `clearway-engine-${process.pid}.sock`);
    await new Promise<void>((done) => engine.listen(path, done));
    return path;
  }

  const untilServed = (id: string): Promise<void> =>
    eventually(async () => {
      const headers = { authorization: `Bearer ${tokenOf(clearml, ALICE)}` };
      expect((await gateway.get(`/service/${id}/`, headers)).status).to.equal(200);
    }, SLOW);

  const path = (name: string): string => join(gateway.folder, 'nginx', name);

  const modeOf = async (name: string): Promise<number> => (await stat(path(name))).mode & 0o777;

  const generation = async (): Promise<number> =>
    (JSON.parse(await readFile(path('snapshot.json'), 'utf8')) as { readonly generation: number })
      .generation;

  const poll = (more: object): Promise<ChannelAnswer> =>
    call({
      socketPath: path('router.sock'),
      path: '/proxy/poll',
      body: {
        format: 1,
        proxy: 'stranger',
        pid: 1,
        worker: 0,
        workers: 1,
        revision: 'a',
        generation: 0,
        ports: [],
        exiting: true,
        ...more,
      },
    });

  // Attack: reach what rules the gateway from where applications and users are: a port of the router, a socket that everybody may use, a file
  // that everybody may change.
  // Outcome: the router listens on no port; sockets and files are for its user and one group; its state for its user alone.
  it('T33: nobody reaches the control plane over a network, or as another user', async () => {
    const listeners = await listening();
    expect(
      (await socketsOf(gateway.router.pid)).filter((inode) => listeners.has(inode)),
    ).to.deep.equal([]);

    for (const name of ['router.sock', 'metrics.sock', 'pages.sock'])
      expect(await modeOf(name), name).to.equal(0o660);
    for (const name of ['nginx.conf', 'proxy.env', 'snapshot.json'])
      expect(await modeOf(name), name).to.equal(0o640);
    expect(await modeOf('.clearway-state')).to.equal(0o700);
    expect((await modeOf('.')) & 0o027, 'the folder').to.equal(0);
    for (const name of await readdir(path('.clearway-state')))
      expect((await modeOf(`.clearway-state/${name}`)) & 0o077, name).to.equal(0);
  });

  // Attack: whoever has got to a socket nevertheless asks for more than a proxy needs, or sends what is none of its words.
  // Outcome: polls, decisions and observations only; nothing there changes what is served or gives a secret away.
  it('T33 the channel: a proxy can ask, and not order', async () => {
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])
      expect(
        (await call({ socketPath: path('router.sock'), path: '/proxy/poll', method })).status,
        method,
      ).to.be.oneOf([404, 405]);
    for (const name of [
      '/',
      '/proxy',
      '/proxy/revoke',
      '/proxy/apply',
      '/proxy/../poll',
      '/metrics',
      '/apis',
      '/_clearway/sign-in',
    ])
      expect(
        (await call({ socketPath: path('router.sock'), path: name, body: {} })).status,
        name,
      ).to.equal(404);
    for (const body of [
      '',
      'x',
      '[]',
      'null',
      '{"format":1}',
      '{"format":"1"}',
      `{"format":1,"a":"${'x'.repeat(2_000_000)}"}`,
    ])
      for (const name of ['/proxy/poll', '/proxy/decide', '/proxy/observe']) {
        // Who sends too much may be cut off before the answer has been read.
        const { status } = await call({
          socketPath: path('router.sock'),
          path: name,
          body,
        }).catch(() => ({ status: 413 }));
        expect(status, body.slice(0, 20)).to.be.oneOf([400, 413]);
      }
    for (const name of ['/metrics', '/healthz', '/readyz'])
      expect(
        (await call({ socketPath: path('metrics.sock'), path: name, body: {} })).status,
      ).to.equal(405);
    expect(
      (await call({ socketPath: path('metrics.sock'), path: '/apis', method: 'GET' })).status,
    ).to.equal(404);
    const question = { format: 1, kind: 'bearer', credential: 'x.y.z', task };
    const answer = await call({
      socketPath: path('router.sock'),
      path: '/proxy/decide',
      body: question,
    });
    expect(JSON.parse(answer.text)).to.include({ verdict: 'unauthenticated' });
  });

  // Attack: bring an older table back, or a state in which everybody is let in: by a worker that lies about what it has, or by a changed snapshot.
  // Outcome: generations grow only, also over a restart; a snapshot that was changed is put right by the first pass.
  it('T33 generations: nothing older comes back', async () => {
    const before = await generation();
    const lie = before + 1_000_000;
    await poll({ generation: lie });
    expect((await poll({ generation: -1 })).status).to.equal(400);
    expect((await poll({ generation: 2 ** 46 })).status).to.equal(400);
    const next = addTask(clearml, [anEndpoint('http', app.port)]);
    await untilServed(next);
    expect(await generation()).to.be.greaterThan(lie);

    const last = await generation();
    await gateway.router.kill();
    const snapshot = JSON.parse(await readFile(path('snapshot.json'), 'utf8')) as {
      readonly http: object;
    };
    const planted = {
      ...snapshot.http,
      planted: { route: 'x.http', task: 'x', host: '127.0.0.1', port: app.port, since: 1 },
    };
    await writeFile(
      path('snapshot.json'),
      JSON.stringify({ ...snapshot, generation: 5, http: planted }),
    );
    await gateway.router.start();
    await gateway.untilReady();
    await untilServed(next);
    await eventually(async () => {
      const text = await readFile(path('snapshot.json'), 'utf8');
      expect(text).not.to.contain('planted');
      expect((JSON.parse(text) as { readonly generation: number }).generation).to.be.greaterThan(
        last,
      );
    }, SLOW);
  });

  // Attack: use the engine's socket, which is as good as root, by way of the router.
  // Outcome: the router reads: lists, events and single containers, and nothing else.
  it('T33 the engine: is read, and nothing more', async () => {
    await eventually(() => expect(engineCalls.length).to.be.greaterThan(2));
    for (const call of engineCalls)
      expect(call).to.match(
        /^GET \/(?:v[\d.]+\/)?(?:_ping|version|info|events|networks|containers\/(?:json|\w+\/json))(?:\?|$)/,
      );
  });
});
