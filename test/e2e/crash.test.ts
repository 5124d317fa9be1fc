import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { WebSocket } from 'ws';
import type { EmbeddedClearml } from '../../src/embedded/api/embedded-clearml.ts';
import { isAlive, sendSignal } from '../../src/embedded/workloads/process-tree.ts';
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
import { echoed, openWebSocket, startApp, type TaskApp } from '../support/e2e-app.ts';
import { eventually } from '../support/eventually.ts';
import { Gateway } from '../support/gateway-harness.ts';
import { openSocket } from '../support/http-client.ts';

const SLOW = { timeoutMs: 15_000, everyMs: 50 };
const GREETING = 'hello from the task';

describe('a gateway whose parts are killed', function () {
  this.timeout(60_000);
  let clearml: EmbeddedClearml;
  let gateway: Gateway;
  let app: TaskApp;
  let echo: Workload;
  /** A task that runs all the time. */
  let task: string;
  let published: Readonly<Record<string, unknown>>;
  let alice: Readonly<Record<string, string>>;

  before(async () => {
    clearml = await startClearml();
    app = await startApp('an application');
    echo = await startTcpEcho({ address: '127.0.0.1', port: 0, greeting: GREETING });
    gateway = await Gateway.start({ clearml });
    alice = { authorization: `Bearer ${tokenOf(clearml, ALICE)}` };
    // A task before it: the port that is looked at is not the one that anybody would get first.
    await untilPublished(runTask());
    task = runTask();
    published = await untilPublished(task);
    await eventually(() => serves(task));
  });

  after(async () => {
    await gateway.stop();
    await app[Symbol.asyncDispose]();
    await echo.close();
    await clearml.close();
  });

  function runTask(): string {
    return addTask(clearml, [
      anEndpoint('http', app.port),
      anEndpoint('http', app.port, 'api'),
      anEndpoint('tcp', echo.port),
    ]);
  }

  async function untilPublished(id: string): Promise<Readonly<Record<string, unknown>>> {
    return eventually(() => {
      const runtime = clearml.tasks.runtime(id);
      expect(runtime).to.include.keys('endpoint', 'endpoint__api');
      expect(runtime['external_tcp_port']).to.be.within(
        gateway.tcpPorts.start,
        gateway.tcpPorts.end,
      );
      return runtime;
    }, SLOW);
  }

  async function serves(id: string, headers = alice): Promise<void> {
    const answers = await Promise.all(
      [`/service/${id}/`, `/service/${id}--api/`].map((path) => gateway.get(path, headers)),
    );
    expect(answers.map(({ status }) => status)).to.deep.equal([200, 200]);
    await servesTcp(id);
  }

  async function servesTcp(id: string): Promise<void> {
    const socket = await openSocket(Number(clearml.tasks.runtime(id)['external_tcp_port']));
    const [heard] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    expect(heard.toString()).to.equal(`${GREETING}\n`);
  }

  async function isGone(id: string): Promise<void> {
    expect((await gateway.get(`/service/${id}/`, alice)).status).to.equal(404);
  }

  /** What was published stands in ClearML as it did, and answers. */
  async function asBefore(): Promise<void> {
    await eventually(() => serves(task), SLOW);
    expect(clearml.tasks.runtime(task)).to.deep.equal(published);
  }

  async function openSocketOf(id: string): Promise<WebSocket> {
    const url = `${gateway.url}/service/${id}/`;
    return openWebSocket(url, tokenOf(clearml, ALICE));
  }

  it('serves on without its router, websockets too, and lets in nobody whom nobody can judge', async () => {
    const socket = await openSocketOf(task);
    await gateway.router.kill();

    await serves(task);
    const stranger = { authorization: `Bearer ${tokenOf(clearml, BOB)}` };
    expect((await gateway.get(`/service/${task}/`, stranger)).status).to.equal(503);
    await gateway.router.start();
    await gateway.untilReady();

    await serves(task, stranger);
    expect(await echoed(socket, 'still there')).to.equal('still there');
    socket.terminate();
    await asBefore();
  });

  it('catches up with what happened while its router was dead', async () => {
    const going = runTask();
    await untilPublished(going);
    await gateway.router.kill();
    clearml.tasks.setStatus(going, 'stopped');
    const coming = runTask();
    await gateway.router.start();

    await untilPublished(coming);
    await eventually(() => serves(coming), SLOW);
    await eventually(() => isGone(going), SLOW);
    await eventually(() => expect(clearml.tasks.runtime(going)).to.not.have.key('endpoint'), SLOW);
    await asBefore();
    clearml.tasks.setStatus(coming, 'completed');
  });

  it('converges wherever a router is killed while it publishes', async () => {
    const tasks: string[] = [];
    for (const afterMs of [300, 420, 540, 660]) {
      await gateway.router.kill();
      await gateway.router.start();
      tasks.push(runTask());
      await new Promise((resolve) => setTimeout(resolve, afterMs));
    }
    const ports = await Promise.all(
      [task, ...tasks].map(async (id) => (await untilPublished(id))['external_tcp_port']),
    );

    expect(new Set(ports).size).to.equal(ports.length);
    for (const id of tasks) await eventually(() => serves(id), SLOW);
    await asBefore();
    for (const id of tasks) clearml.tasks.setStatus(id, 'completed');
  });

  it('has its nginx started again when that is killed', async () => {
    const master = await gateway.nginxPid();
    sendSignal(master, 'SIGKILL');

    await eventually(async () => expect(await gateway.nginxPid()).to.not.equal(master), SLOW);
    await asBefore();
  });

  it('serves as before once its proxy is started again', async () => {
    await gateway.proxy.kill();
    await gateway.proxy.start();

    await asBefore();
  });

  it('leaves no nginx behind when only the proxy command is killed', async () => {
    const left = await gateway.proxy.killAlone();
    await gateway.proxy.start();

    await eventually(async () => {
      for (const pid of left) expect(await isAlive(pid), String(pid)).to.equal(false);
    }, SLOW);
    await asBefore();
  });

  it('serves tcp by its snapshot when the proxy starts before the router does', async () => {
    await gateway.router.kill();
    await gateway.proxy.kill();
    await gateway.proxy.start();

    await eventually(() => servesTcp(task), SLOW);
    expect((await gateway.get(`/service/${task}/`, alice)).status).to.equal(503);
    await gateway.router.start();
    await asBefore();
  });

  it('finds its routes and ports again in ClearML when its state is lost', async () => {
    await gateway.router.kill();
    await gateway.loseState();
    await gateway.router.start();
    await gateway.untilReady();

    await asBefore();
    await eventually(async () => {
      const routes = (await gateway.routes()).filter(({ spec }) => spec.task.id === task);
      expect(routes.map(({ metadata }) => metadata.name)).to.have.members([
        `${task}.http`,
        `${task}--api.http`,
        `${task}.tcp`,
      ]);
    }, SLOW);
    expect(clearml.tasks.runtime(task)).to.deep.equal(published);
  });

  it('finds them again when nothing is left of the whole folder', async () => {
    await gateway.router.kill();
    await gateway.proxy.kill();
    await rm(join(gateway.folder, 'nginx'), { recursive: true });
    await gateway.proxy.start();
    await gateway.router.start();
    await gateway.untilReady();

    await asBefore();
  });

  it('keeps everything while ClearML is away, and catches up afterwards', async () => {
    const going = runTask();
    await untilPublished(going);
    await serves(going);
    const socket = await openSocketOf(task);
    await clearml.close();
    clearml.tasks.setStatus(going, 'failed');
    await eventually(async () =>
      expect(await gateway.router.log()).to.include('ClearML does not answer as it should'),
    );

    await serves(task);
    await serves(going);
    await clearml.start();

    await eventually(() => isGone(going), SLOW);
    expect(await echoed(socket, 'still there')).to.equal('still there');
    socket.terminate();
    await asBefore();
  });

  it('starts and serves what it knew while ClearML is away', async () => {
    await clearml.close();
    await gateway.router.kill();
    await gateway.router.start();
    await gateway.untilMetricsAnswer();

    await serves(task);
    await clearml.start();
    const coming = runTask();
    await untilPublished(coming);
    await asBefore();
  });
});
