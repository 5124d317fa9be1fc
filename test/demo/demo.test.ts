import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile, readdir, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { expect } from 'chai';
import { notRun } from '../support/not-run.ts';
import { WebSocket } from 'ws';
import { callClearml, signIn } from '../../src/embedded/demo/clearml.ts';
import type { ReadyFacts } from '../../src/embedded/demo/ready-file.ts';
import { findSshd } from '../../src/embedded/workloads/ssh-server.ts';
import { kubectlBinary } from '../support/kubectl.ts';
import { lineWith, runShell, startDemo, waitForOutput } from '../support/demo-run.ts';
import type { DemoRun } from '../support/demo-run.ts';
import { eventually } from '../support/eventually.ts';
import { isAlive } from '../support/processes.ts';

const signal = new AbortController().signal;

function endpointOf(facts: ReadyFacts, protocol: 'http' | 'tcp'): string {
  const route = facts.routes.find((one) => one.protocol === protocol);
  if (route === undefined) throw new Error(`no ${protocol} route`);
  return route.endpoint;
}

async function tokenOf(facts: ReadyFacts, index: number): Promise<string> {
  const user = facts.users[index];
  if (user === undefined) throw new Error('no such user');
  return signIn({ apiHost: facts.apiHost, ...user }, signal);
}

/** The cookie that the sign-in link of this user sets, and where it leads. */
async function followSignIn(
  run: DemoRun,
  user: string,
): Promise<{ readonly cookie: string; readonly location: string }> {
  const link = /http\S+/u.exec(lineWith(run, `sign-in?user=${user}&`))?.[0] ?? '';
  const answer = await fetch(link, { redirect: 'manual' });
  const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? '';
  return { cookie, location: answer.headers.get('location') ?? '' };
}

describe('clearway demo', function () {
  this.timeout(120_000);
  let run: DemoRun;
  let facts: ReadyFacts;
  let web: string;
  let token: string;

  before(async () => {
    run = await startDemo();
    facts = await run.ready();
    web = endpointOf(facts, 'http');
    token = await tokenOf(facts, 0);
  });

  after(async () => {
    await run[Symbol.asyncDispose]();
  });

  it('writes what runs where into the ready file', () => {
    expect(facts).to.have.all.keys('apiHost', 'users', 'router', 'routes', 'kubeconfig', 'pids');
    expect(facts.router).to.have.all.keys('name', 'url', 'tcpAddress', 'tcpPorts', 'metricsUrl');
    expect(facts.users.map(({ name }) => name)).to.deep.equal(['alice', 'bob']);
    expect(facts.routes.map(({ protocol }) => protocol)).to.include.members(['http', 'tcp']);
    expect(web).to.match(new RegExp(`^${facts.router.url}/service/[0-9a-f]{32}/$`, 'u'));
  });

  it('writes a kubeconfig beside it that nobody else can read, and that kubectl takes', async function () {
    const { mode } = await stat(facts.kubeconfig);
    expect(facts.kubeconfig).to.equal(run.readyFile.replace('.json', '.kubeconfig'));
    expect(mode & 0o777).to.equal(0o600);
    const without = lineWith(run, 'clearway get taskroutes').replace(
      ' clearway get',
      ' bin/clearway get',
    );
    expect(await runShell(without.replace(' -w', ' -o name'))).to.include(
      'taskroute.clearway.dev/',
    );
    const binary = kubectlBinary('1.35') ?? notRun(this, 'no kubectl');

    const line = lineWith(run, 'kubectl --kubeconfig').replace('kubectl', binary);

    expect(await runShell(line)).to.match(/^NAME +PROTOCOL +READY/);
  });

  it('serves a task at a static route that it asked for', () => {
    const endpoints = facts.routes.map(({ endpoint }) => endpoint);

    expect(endpoints).to.include(`${facts.router.url}/docs/`);
  });

  it('shows the same addresses to ClearML', async () => {
    for (const route of facts.routes.filter(({ protocol }) => protocol === 'http')) {
      const user = facts.users[1];
      if (user === undefined) throw new Error('no bob');
      const body = { task: route.task };
      const caller = { apiHost: facts.apiHost, ...user };
      const data = await callClearml(caller, { name: 'tasks.get_by_id', body }, signal);

      const { runtime } = data['task'] as { readonly runtime: Record<string, unknown> };
      const key = route.name === '' ? 'endpoint' : `endpoint__${route.name}`;
      expect(runtime[key]).to.equal(route.endpoint);
    }
  });

  it('lets in who has a token, and nobody else', async () => {
    const known = await fetch(web, { headers: { authorization: `Bearer ${token}` } });
    const unknown = await fetch(web);

    expect([known.status, unknown.status]).to.deep.equal([200, 401]);
    expect(await known.text()).to.include('Clearway demo task');
  });

  it('prints a link for each user that signs a browser in and leads to the application', async () => {
    for (const user of ['alice', 'bob']) {
      const { cookie, location } = await followSignIn(run, user);

      expect(location).to.equal(web);
      expect((await fetch(location, { headers: { cookie } })).status).to.equal(200);
    }
  });

  it('prints commands for a token, headers and an upload that work as they are', async () => {
    const login = lineWith(run, 'TOKEN=$(');

    const headers = await runShell(
      `${login}; ${lineWith(run, 'headers').replace('curl', 'curl -s')}`,
    );
    const upload = await runShell(
      `${login}; ${lineWith(run, 'curl -T').replace('curl', 'curl -s')}`,
    );

    expect(JSON.parse(headers)).to.include({
      'x-forwarded-prefix': new URL(web).pathname.slice(0, -1),
    });
    const services = await readFile('/etc/services');
    expect(JSON.parse(upload)).to.deep.equal({
      size: services.length,
      sha256: createHash('sha256').update(services).digest('hex'),
    });
  });

  it('carries the websocket and the stream of the application', async () => {
    const headers = { authorization: `Bearer ${token}` };
    const socket = new WebSocket(`${web.replace('http', 'ws')}ws`, { headers });
    // The application speaks of its own accord as well: every message counts, several may come at once.
    const heard = new Promise<void>((resolve) => {
      socket.on('message', (data: Buffer) => {
        if (data.toString().includes('through')) resolve();
      });
    });
    await once(socket, 'open');
    socket.send('through the gateway');
    await heard;
    socket.terminate();
    const stream = await fetch(`${web}events`, { headers });

    const begun = performance.now();
    const first = await stream.body?.getReader().read();

    expect(Buffer.from(first?.value ?? []).toString()).to.equal('id: 1\ndata: 1\n\n');
    expect(performance.now() - begun).to.be.below(900);
  });

  it('prints an ssh command that gives a shell, through which 10 MB pass unharmed', async function () {
    if ((await findSshd()) === undefined) notRun(this, 'no sshd here');
    const ssh = `${lineWith(run, 'ssh -i ')} -o BatchMode=yes`.replace('ssh ', 'ssh -F none ');

    const answer = await runShell(
      `head -c 10000000 /dev/zero | ${ssh} 'sha256sum; echo "$SSH_CONNECTION" | cut -d" " -f3'`,
    );

    const zeros = createHash('sha256').update(Buffer.alloc(10_000_000)).digest('hex');
    expect(answer).to.equal(`${zeros}  -\n127.0.0.1\n`);
  });

  it('offers metrics on their own port', async () => {
    const answer = await fetch(facts.router.metricsUrl);

    expect(answer.status).to.equal(200);
    expect(await answer.text()).to.include('# TYPE clearway_');
  });

  it('tells how routes come and go', async () => {
    for (const state of ['Waiting', 'Ready', 'Ended']) {
      const line = new RegExp(`${state} +http +training dashboard 1 \\(bob\\)`, 'u');
      await waitForOutput(run, line, 60_000);
    }
  });

  it('starts a killed router again while open websockets live on', async () => {
    const headers = { authorization: `Bearer ${token}` };
    const socket = new WebSocket(`${web.replace('http', 'ws')}ws`, { headers });
    await once(socket, 'open');

    process.kill(facts.pids.router, 'SIGKILL');

    await eventually(
      async () => {
        const { pids } = JSON.parse(await readFile(run.readyFile, 'utf8')) as ReadyFacts;
        expect(pids.router).not.to.equal(facts.pids.router);
        facts = { ...facts, pids };
      },
      { timeoutMs: 20_000 },
    );
    expect(run.output()).to.include('The router was ended by SIGKILL');
    expect((await fetch(web, { headers })).status).to.equal(200);
    expect(socket.readyState).to.equal(WebSocket.OPEN);
    socket.terminate();
  });

  it('cleans up everything on Ctrl-C', async () => {
    const folder = dirname(run.readyFile);
    expect((await readdir(folder)).filter((name) => name.startsWith('clearway-demo-'))).not.to.be
      .empty;

    run.process.kill('SIGINT');

    expect(await run.ended).to.equal(0);
    expect(await readdir(folder)).to.deep.equal(['ready.json']);
    for (const pid of Object.values(facts.pids)) expect(await isAlive(pid)).to.equal(false);
    for (const url of [web, facts.apiHost, facts.router.metricsUrl]) {
      const failure = await fetch(url).catch((error: unknown) => error);
      expect(failure).to.be.instanceOf(TypeError);
    }
  });
});

describe('clearway demo in trouble', function () {
  this.timeout(120_000);

  it('says which port is taken, leaves nothing behind and fails', async () => {
    const blocker = createServer().listen(0);
    await once(blocker, 'listening');
    const { port } = blocker.address() as AddressInfo;
    await using run = await startDemo('--port', String(port));

    expect(await run.ended).to.equal(1);

    expect(run.output()).to.include(`listen port: port ${String(port)} is taken`);
    expect(await readdir(dirname(run.readyFile))).to.deep.equal([]);
    blocker.close();
  });

  it('ends at once, and clean, on a second Ctrl-C', async () => {
    await using run = await startDemo('--no-churn');
    const { pids } = await run.ready();

    run.process.kill('SIGINT');
    run.process.kill('SIGTERM');

    expect(await run.ended).to.equal(0);
    for (const pid of Object.values(pids)) expect(await isAlive(pid)).to.equal(false);
    expect(await readdir(dirname(run.readyFile))).to.deep.equal(['ready.json']);
  });

  it('leaves no process behind when it is killed', async () => {
    await using run = await startDemo('--no-churn');
    const { pids, router } = await run.ready();

    run.process.kill('SIGKILL');
    await run.ended;

    await eventually(
      async () => {
        for (const pid of Object.values(pids)) expect(await isAlive(pid)).to.equal(false);
        const failure = await fetch(router.url).catch((error: unknown) => error);
        expect(failure).to.be.instanceOf(TypeError);
      },
      { timeoutMs: 15_000 },
    );
  });

  it('ends by itself after its time', async () => {
    await using run = await startDemo('--no-churn', '--duration', '1');
    await run.ready();

    expect(await run.ended).to.equal(0);
  });
});
