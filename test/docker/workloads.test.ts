import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { completeTask } from '../../src/embedded/demo/clearml.ts';
import {
  DockerScope,
  addressOf,
  buildImages,
  engineOrSkip,
  hostPidOf,
  restartEngine,
  stopEngine,
  uniqueName,
} from '../support/docker-harness.ts';
import {
  freePort,
  get,
  makeProject,
  runtimeOf,
  startClearml,
  type ComposeProject,
  type StackClearml,
  type TaskContainer,
} from '../support/docker-stack.ts';
import {
  TASK_PORTS,
  buildTaskImage,
  printed,
  startClaimant,
  startWorkload,
  type WorkloadPlace,
} from '../support/docker-task.ts';
import { eventually } from '../support/eventually.ts';
import {
  holdSsh,
  holdStream,
  holdWebsocket,
  type HeldConnection,
} from '../support/held-connections.ts';
import { notRun } from '../support/not-run.ts';
import { makeSshKey, ssh, type SshKey } from '../support/ssh.ts';
import { tempFolder } from '../support/temp-folder.ts';

const SLOW = { timeoutMs: 60_000, everyMs: 100 };
const MIB = 1_048_576;

/** Where ClearML says that a task is reached. */
interface Reached extends TaskContainer {
  readonly url: string;
  readonly tcpPort: number;
}

describe('containers of tasks behind compose/docker-compose.yml', function () {
  this.timeout(180_000);
  const scope = new DockerScope();
  const held: HeldConnection[] = [];
  let folder: Awaited<ReturnType<typeof tempFolder>> | undefined;
  let ours = false;
  let clearml: StackClearml;
  let project: ComposeProject | undefined;
  let key: SshKey;
  let place: Pick<WorkloadPlace, 'image' | 'publicKey'>;
  let network = '';
  let onBridge: Reached;
  let onOwn: Reached;

  before(async function () {
    ({ ours } = await engineOrSkip(this));
    await buildImages();
    folder = await tempFolder();
    key = await makeSshKey(folder.path);
    place = { image: await buildTaskImage(), publicKey: key.publicKey };
    clearml = await startClearml();
    const port = await freePort();
    project = await makeProject('compose/docker-compose.yml', uniqueName('clearway-test'), {
      ROUTER_NAME: 'workloads',
      ROUTER_URL: `http://127.0.0.1:${port}`,
      ROUTER__WEBSERVER__SERVER_PORT: String(port),
      CLEARML_API_HOST: clearml.caller.apiHost,
      CLEARML_API_ACCESS_KEY: clearml.caller.accessKey,
      CLEARML_API_SECRET_KEY: clearml.caller.secretKey,
      AUTH_COOKIE_NAME: 'clearml_token_basic',
      AUTH_SECURE_ENABLED: 'false',
      TCP_ROUTER_ADDRESS: '127.0.0.1',
      TCP_PORT_START: '21050',
      TCP_PORT_END: '21059',
      CLEARWAY_PORT_REST_SECONDS: '1',
    });
    await project.compose('up', '-d');
    network = await scope.network();
    onBridge = await reached(await startWorkload(scope, clearml, place));
    onOwn = await reached(await startWorkload(scope, clearml, { ...place, network }));
  });
  afterEach(async function () {
    for (const connection of held.splice(0)) connection.close();
    if (this.currentTest?.state !== 'failed') return;
    for (const service of ['router', 'proxy']) {
      console.log(service, (await project?.logs(service).catch(() => ''))?.slice(-6_000));
    }
  });
  after(async () => {
    await project?.close();
    await scope.close();
    await (clearml as StackClearml | undefined)?.api.close();
    await folder?.[Symbol.asyncDispose]();
    await stopEngine();
  });

  /** Waits until the task's addresses stand in ClearML and its applications answer on them. */
  async function reached(container: TaskContainer): Promise<Reached> {
    const runtime = await eventually(async () => {
      const found = await runtimeOf(clearml, container.task);
      expect(found).to.include({ external_address: '127.0.0.1' });
      expect(found).to.include.keys('endpoint', 'external_tcp_port');
      return found;
    }, SLOW);
    const url = `${String(runtime['endpoint']).replace(/\/$/, '')}/`;
    const found = { ...container, url, tcpPort: Number(runtime['external_tcp_port']) };
    await eventually(() => answers(found), SLOW);
    return found;
  }

  async function answers(task: Reached): Promise<void> {
    const page = await get(task.url, clearml.token);
    expect(page.status).to.equal(200);
    expect(page.body).to.include(task.task);
    const hostname = await ssh({ port: task.tcpPort, key }, 'hostname');
    expect(hostname.toString().trim()).to.equal(task.container.slice(0, 12));
  }

  async function hold(task: Reached): Promise<readonly HeldConnection[]> {
    const connections = await Promise.all([
      holdWebsocket(task.url, clearml.token),
      holdStream(task.url, clearml.token),
      holdSsh(task.tcpPort),
    ]);
    held.push(...connections);
    return connections;
  }

  async function snapshot(): Promise<string> {
    return readFile(join((await project?.volume('nginx')) ?? '', 'snapshot.json'), 'utf8');
  }

  async function kill(service: string): Promise<void> {
    const container = (await project?.container(service)) ?? '';
    const killed = await hostPidOf(container);
    process.kill(killed, 'SIGKILL');
    await eventually(async () => {
      const pid = await hostPidOf(container);
      expect(pid).to.be.greaterThan(0);
      expect(pid).not.to.equal(killed);
    }, SLOW);
  }

  for (const where of ['the default bridge', 'a network of its own'] as const) {
    const task = (): Reached => (where === 'the default bridge' ? onBridge : onOwn);

    it(`serves page, websocket, stream and upload of a task on ${where}`, async () => {
      const [websocket, stream] = await hold(task());
      await Promise.all([websocket?.alive(), stream?.alive()]);

      const body = randomBytes(3 * MIB);
      const upload = await fetch(`${task().url}upload`, {
        method: 'POST',
        headers: { authorization: `Bearer ${clearml.token}` },
        body,
      });
      expect(await upload.json()).to.deep.equal({ size: body.length, sha256: sha256(body) });
    });

    it(`carries 100 MB in both directions through SSH to a task on ${where}`, async () => {
      const bytes = randomBytes(100 * MIB);

      const place = { port: task().tcpPort, key };
      const sum = await ssh(place, 'cat >/tmp/bytes && sha256sum </tmp/bytes', bytes);
      expect(sum.toString().split(' ')[0]).to.equal(sha256(bytes));

      const back = await ssh(place, 'cat /tmp/bytes; rm /tmp/bytes');
      expect(sha256(back)).to.equal(sha256(bytes));
    });
  }

  it('keeps routes and addresses when the router is killed; open connections do not notice', async () => {
    const before = await runtimeOf(clearml, onBridge.task);
    const connections = await hold(onBridge);

    await kill('router');

    await answers(onBridge);
    await answers(onOwn);
    const late = await reached(await startWorkload(scope, clearml, { ...place, network }));
    expect([onBridge.tcpPort, onOwn.tcpPort]).not.to.include(late.tcpPort);
    for (const connection of connections) await connection.alive();
    expect(await runtimeOf(clearml, onBridge.task)).to.deep.equal(before);
    await completeTask(clearml.caller, late.task, AbortSignal.timeout(10_000));
  });

  it('serves the same addresses again when the proxy was killed', async () => {
    const before = await runtimeOf(clearml, onOwn.task);

    await kill('proxy');

    for (const task of [onBridge, onOwn]) await eventually(() => answers(task), SLOW);
    expect(await runtimeOf(clearml, onOwn.task)).to.deep.equal(before);
    await reached(await startWorkload(scope, clearml, place)).then(({ task }) =>
      completeTask(clearml.caller, task, AbortSignal.timeout(10_000)),
    );
  });

  it("ends the connections of a route that goes within a second, and none of its neighbours'", async () => {
    const leaving = await reached(await startWorkload(scope, clearml, place));
    const going = await hold(leaving);
    const staying = [...(await hold(onBridge)), ...(await hold(onOwn))];

    await completeTask(clearml.caller, leaving.task, AbortSignal.timeout(10_000));
    const gone = await eventually(
      async () => {
        expect(await snapshot()).not.to.include(leaving.task);
        return performance.now();
      },
      { timeoutMs: 15_000, everyMs: 10 },
    );

    for (const connection of going) expect((await connection.ended) - gone).to.be.below(1_000);
    expect(staying.map((connection) => connection.isOpen())).to.not.include(false);
    for (const connection of staying) await connection.alive();
    expect((await get(leaving.url, clearml.token)).status).to.equal(404);
  });

  it("never connects to a bridge address that is another task's container's, or nobody's", async () => {
    const victims = [
      { container: onBridge.container, address: await addressOf(onBridge.container) },
      { container: onOwn.container, address: await addressOf(onOwn.container, network) },
    ];
    const nobody = (victims[0]?.address ?? '').replace(/\.\d+$/, '.250');
    const port = TASK_PORTS.hidden;
    const liars: TaskContainer[] = [];
    const claimants: string[] = [];
    for (const { address } of victims) {
      const claims = { address, port };
      liars.push(await startWorkload(scope, clearml, { ...place, claims, protocols: ['http'] }));
      claimants.push(await startClaimant(clearml, claims));
    }
    claimants.push(await startClaimant(clearml, { address: nobody, port }));
    const tasks = [...liars.map(({ task }) => task), ...claimants];
    const base = onBridge.url.replace(/service\/.*$/, 'service/');

    for (const { task } of liars) {
      const answer = { status: 200, body: `hidden in ${task}` };
      await eventually(async () => {
        expect(await get(`${base}${task}/`, clearml.token)).to.deep.equal(answer);
      }, SLOW);
    }
    for (const task of claimants) {
      await eventually(async () => {
        expect((await get(`${base}${task}/`, clearml.token)).status).to.equal(503);
      }, SLOW);
    }

    for (const { container } of victims) expect(await printed(container)).not.to.include('visited');
    expect(await snapshot()).not.to.include(nobody);
    for (const task of tasks) {
      await completeTask(clearml.caller, task, AbortSignal.timeout(10_000));
    }
  });

  for (const how of ['kill', 'stop'] as const) {
    it(`converges when the engine was restarted (${how})`, async function () {
      if (!ours) notRun(this, 'the engine is not ours to restart');
      const before = await runtimeOf(clearml, onBridge.task);
      const connections = [...(await hold(onBridge)), ...(await hold(onOwn))];

      await restartEngine(how, async () => {
        // Containers outlive an engine that was killed, until the next one starts.
        if (how === 'stop') return;
        for (const connection of connections) await connection.alive();
        for (const task of [onBridge, onOwn]) await answers(task);
      });

      for (const task of [onBridge, onOwn]) await eventually(() => answers(task), SLOW);
      expect(await runtimeOf(clearml, onBridge.task)).to.deep.equal(before);
    });
  }
});

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
