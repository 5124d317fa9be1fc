import { connect } from 'node:net';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { EmbeddedClearml } from '../../src/embedded/api/embedded-clearml.ts';
import { startTcpEcho } from '../../src/embedded/workloads/tcp-echo.ts';
import type { Workload } from '../../src/embedded/workloads/workload.ts';
import { MARK_KEY } from '../../src/domain/marks.ts';
import { planLeases } from '../../src/domain/port-lease.ts';
import { getCondition } from '../../src/resources/conditions.ts';
import {
  addTask,
  ALICE,
  anEndpoint,
  BOB,
  startClearml,
  tokenOf,
} from '../support/clearml-world.ts';
import { startApp, type TaskApp } from '../support/e2e-app.ts';
import { eventually } from '../support/eventually.ts';
import { Gateway } from '../support/gateway-harness.ts';

const SLOW = { timeoutMs: 15_000, everyMs: 50 };
const REST_SECONDS = 3;

/** What a port greets with; empty when it is closed at once. */
async function greeting(port: number): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('error', () => undefined);
  const heard = await new Promise<string>((done) => {
    socket.once('data', (data) => done(data.toString())).once('close', () => done(''));
  });
  socket.destroy();
  return heard.trim();
}

describe('what belongs to another task', function () {
  this.timeout(40_000);
  let clearml: EmbeddedClearml;
  let gateway: Gateway;
  let alices: TaskApp;
  let bobs: TaskApp;
  let alicesTcp: Workload;
  let bobsTcp: Workload;
  let alicesTask: string;

  before(async () => {
    clearml = await startClearml();
    alices = await startApp("alice's");
    bobs = await startApp("bob's");
    alicesTcp = await startTcpEcho({ address: '127.0.0.1', port: 0, greeting: "alice's" });
    bobsTcp = await startTcpEcho({ address: '127.0.0.1', port: 0, greeting: "bob's" });
    gateway = await Gateway.start({
      clearml,
      tcpPorts: 3,
      environment: { CLEARWAY_PORT_REST_SECONDS: String(REST_SECONDS) },
    });
    alicesTask = addTask(clearml, [
      anEndpoint('http', alices.port),
      anEndpoint('tcp', alicesTcp.port),
    ]);
    await eventually(() => expect(portOf(alicesTask)).to.be.a('number'), SLOW);
  });

  after(async () => {
    await gateway.stop();
    await Promise.all([alicesTcp.close(), bobsTcp.close()]);
    await Promise.all([alices[Symbol.asyncDispose](), bobs[Symbol.asyncDispose]()]);
    await clearml.close();
  });

  const portOf = (task: string): unknown => {
    const runtime = clearml.tasks.runtime(task);
    return runtime['external_address'] === '127.0.0.1' && MARK_KEY in runtime
      ? runtime['external_tcp_port']
      : undefined;
  };

  const text = async (path: string): Promise<string> => {
    const headers = { authorization: `Bearer ${tokenOf(clearml, ALICE)}` };
    const answer = await gateway.get(path, headers);
    return answer.status === 200 ? answer.text : String(answer.status);
  };

  function plant(runtime: Readonly<Record<string, unknown>>, tags: readonly string[] = []): string {
    const [systemTags, status] = [['external_service'], 'in_progress'];
    const id = clearml.tasks.create({
      name: "bob's",
      status,
      systemTags,
      tags: [...tags],
      user: BOB.name,
    });
    clearml.tasks.setRuntime(id, runtime);
    return id;
  }

  // Attack: a task claims addresses that are another task's, the gateway's own, or everybody's, by all that it can write: names of
  // endpoints, addresses that it says it has already, another task's mark, tags.
  // Outcome: an address is the id of the task that has it. Nothing that a task writes makes it one of another task.
  it('T3: no task gets an address but below its own id', async () => {
    const alicesRuntime = clearml.tasks.runtime(alicesTask);
    const names = [
      alicesTask,
      `../${alicesTask}`,
      `/service/${alicesTask}`,
      '/',
      '',
      '..',
      '_clearway',
      '../../_clearway/sign-in',
    ].concat([
      'auth',
      'healthz',
      'sign-in',
      alicesTask.toUpperCase(),
      `x/../../${alicesTask}`,
      `--${alicesTask}`,
    ]);
    const planted = names.map((name) =>
      plant(
        {
          ...alicesRuntime,
          _PORT: bobs.port,
          _ADDRESS: '127.0.0.1',
          [`_PORT__${name}`]: bobs.port,
          [`_ADDRESS__${name}`]: '127.0.0.1',
          [`endpoint__${name}`]: `${gateway.url}/service/${alicesTask}/`,
          endpoint: `${gateway.url}/service/${alicesTask}/`,
          external_tcp_port: undefined,
        },
        [`clearway.keep-prefix`, `clearway.route:/service/${alicesTask}/`, name],
      ),
    );
    await eventually(async () => {
      for (const task of planted) expect(await text(`/service/${task}/`)).to.equal("bob's");
    }, SLOW);

    const snapshot = JSON.parse(
      await readFile(join(gateway.folder, 'nginx', 'snapshot.json'), 'utf8'),
    ) as {
      readonly http: Readonly<Record<string, { readonly task: string; readonly port: number }>>;
    };
    for (const [key, { task, port }] of Object.entries(snapshot.http)) {
      expect(key.split('--')[0]).to.equal(task);
      expect(port).to.equal(task === alicesTask ? alices.port : bobs.port);
    }
    expect(await text(`/service/${alicesTask}/`)).to.equal("alice's");
    for (const path of [
      `/service/${alicesTask.toUpperCase()}/`,
      `/service/${alicesTask.slice(0, -1)}/`,
      `/service/${alicesTask}0/`,
    ])
      expect(await text(path), path).to.equal('404');
    for (const path of [
      '/auth',
      '/healthz',
      '/service/auth/',
      '/service/_clearway/',
      '/service/sign-in/',
    ])
      expect(await text(path), path).to.equal('404');
    expect(await text('/_clearway/healthz')).to.equal('ok\n');
    for (const task of planted) clearml.tasks.setStatus(task, 'stopped');
  });

  // Attack: a task says that it has a port which is another task's, the host's or the gateway's, with the mark that the gateway
  // writes on those it serves.
  // Outcome: it gets a free port of the range, or none; every port stays whose it was.
  it('T4: no task gets a port that is not free in the range', async () => {
    const alicesRuntime = clearml.tasks.runtime(alicesTask);
    const taken = portOf(alicesTask) as number;
    const wanted = [
      taken,
      22,
      443,
      80,
      gateway.port,
      Number(new URL(gateway.metricsUrl).port),
      gateway.tcpPorts.end + 1,
      65_535,
      -1,
      1.5,
    ];
    const planted = wanted.map((port) =>
      plant({
        ...alicesRuntime,
        external_tcp_port: port,
        [MARK_KEY]: JSON.stringify({
          ...(JSON.parse(String(alicesRuntime[MARK_KEY])) as object),
          upstreams: { 'tcp:': `127.0.0.1:${bobsTcp.port}` },
        }),
      }),
    );
    const leased = await eventually(async () => {
      const routes = await gateway.routes();
      const decided = planted.map((task) => {
        const { conditions = [] } =
          routes.find(({ metadata }) => metadata.name === `${task}.tcp`)?.status ?? {};
        return getCondition(conditions, 'Programmed')?.reason ?? 'Pending';
      });
      expect(decided).not.to.include('Pending');
      expect(decided).to.include('PortRangeExhausted');
      return readdir(join(gateway.folder, 'nginx', 'tcp'));
    }, SLOW);

    const { start, end } = gateway.tcpPorts;
    for (const port of leased) expect(Number(port)).to.be.within(start, end);
    expect(leased).to.include(String(taken));
    expect(portOf(alicesTask)).to.equal(taken);
    for (const port of leased)
      expect(await greeting(Number(port))).to.equal(Number(port) === taken ? "alice's" : "bob's");
    for (const task of planted) clearml.tasks.setStatus(task, 'stopped');
    await eventually(
      async () => expect(await readdir(join(gateway.folder, 'nginx', 'tcp'))).to.have.length(1),
      SLOW,
    );
  });

  // Attack: take over a port the moment its task ends, while people still connect to it, and type their passwords.
  // Outcome: it leads nowhere for as long as it rests, whoever wants it, by whatever mark.
  it('T5: a freed port leads nowhere before anybody else gets it', async () => {
    const runtime = clearml.tasks.runtime(alicesTask);
    const port = portOf(alicesTask) as number;
    clearml.tasks.setStatus(alicesTask, 'stopped');
    await eventually(async () => expect(await greeting(port)).to.equal(''), SLOW);
    const freed = performance.now();
    const forged = {
      ...runtime,
      [MARK_KEY]: String(runtime[MARK_KEY]).replace(`:${alicesTcp.port}`, `:${bobsTcp.port}`),
    };
    // More than there are ports.
    for (let index = 0; index < 4; index += 1) plant(forged);
    const heard = await eventually(
      async () => {
        const text = await greeting(port);
        expect(text).not.to.equal('');
        return text;
      },
      { timeoutMs: 20_000, everyMs: 50 },
    );

    expect(heard).to.equal("bob's");
    expect(performance.now() - freed).to.be.greaterThan((REST_SECONDS - 1) * 1_000);
  });

  // Attack: after the router has lost its state, say that one had a port which is somebody else's, as they say too.
  // Outcome: nobody can tell who is right, so neither gets it.
  it('T5 after a loss of state: a port that two claim goes to neither', () => {
    const claims = [
      { route: 'a'.repeat(32), wish: 30_000 },
      { route: 'b'.repeat(32), wish: 30_000 },
      { route: 'c'.repeat(32), wish: 30_002 },
    ];
    const leasable = new Set([30_000, 30_001, 30_002, 30_003]);
    const resting = [...leasable].map((port) => ({ port, until: 2_000 }));
    const plan = planLeases({ leases: [], resting, claims, leasable, now: 1_000, restMs: 1_000 });

    expect(plan.leases).to.deep.equal([{ port: 30_002, route: 'c'.repeat(32) }]);
  });
});
