import { expect } from 'chai';
import type { EmbeddedClearml } from '../../src/embedded/api/embedded-clearml.ts';
import { callClearml } from '../../src/embedded/demo/clearml.ts';
import { startTcpEcho } from '../../src/embedded/workloads/tcp-echo.ts';
import type { Workload } from '../../src/embedded/workloads/workload.ts';
import {
  addTask,
  ALICE,
  anEndpoint,
  callerOf,
  startClearml,
  tokenOf,
} from '../support/clearml-world.ts';
import { startApp, type TaskApp } from '../support/e2e-app.ts';
import { eventually } from '../support/eventually.ts';
import { Gateway } from '../support/gateway-harness.ts';

const QUEUES = ['queue1', 'queue2', 'queue3', 'gpu-small', 'gpu-large', 'other'];
const SLOW = { timeoutMs: 15_000, everyMs: 50 };

describe('two routers of one tenant', function () {
  this.timeout(60_000);
  let clearml: EmbeddedClearml;
  let app: TaskApp;
  let echo: Workload;
  let one: Gateway;
  let two: Gateway;
  let token: string;
  /** Id of the task of each queue. */
  const tasks = new Map<string, string>();

  const runTask = (queue: string): string =>
    addTask(clearml, [anEndpoint('http', app.port), anEndpoint('tcp', echo.port)], queue);

  const taskOf = (queue: string): string => tasks.get(queue) ?? '';

  async function status(gateway: Gateway, task: string): Promise<number> {
    return (await gateway.get(`/service/${task}/`, { authorization: `Bearer ${token}` })).status;
  }

  async function untilServed(task: string, by: Gateway, notBy?: Gateway): Promise<void> {
    await eventually(() => {
      const runtime = clearml.tasks.runtime(task);
      expect(runtime['endpoint']).to.equal(`${by.url}/service/${task}/`);
      expect(runtime['external_tcp_port']).to.be.within(by.tcpPorts.start, by.tcpPorts.end);
    }, SLOW);
    await eventually(async () => expect(await status(by, task)).to.equal(200));
    if (notBy !== undefined) expect(await status(notBy, task)).to.equal(404);
  }

  before(async () => {
    clearml = await startClearml(QUEUES);
    token = tokenOf(clearml, ALICE);
    app = await startApp('an application');
    echo = await startTcpEcho({ address: '127.0.0.1', port: 0, greeting: 'hello' });
    for (const queue of QUEUES) tasks.set(queue, runTask(queue));
    const start = (name: string, queues: string): Promise<Gateway> =>
      Gateway.start({ clearml, name, environment: { LISTEN_QUEUE_NAME: queues } });
    one = await start('router one', 'queue1,queue2');
    two = await start('router two', 'queue3,gpu-*');
  });

  after(async () => {
    await one.stop();
    await two.stop();
    await app[Symbol.asyncDispose]();
    await echo.close();
    await clearml.close();
  });

  it('serve the tasks of their own queues only', async () => {
    for (const queue of ['queue1', 'queue2']) await untilServed(taskOf(queue), one, two);
    for (const queue of ['queue3', 'gpu-small', 'gpu-large'])
      await untilServed(taskOf(queue), two, one);
  });

  it('leave a task of any other queue, and one without a queue, alone', async () => {
    const byHand = clearml.tasks.create({
      name: 'started by hand',
      status: 'in_progress',
      systemTags: ['external_service'],
      runtime: { _SERVICE: 'EXTERNAL', _ADDRESS: '127.0.0.1', _PORT: app.port },
    });
    const later = runTask('queue1');

    await untilServed(later, one, two);

    for (const task of [byHand, taskOf('other')]) {
      expect(clearml.tasks.runtime(task)).to.not.have.key('endpoint');
      expect([await status(one, task), await status(two, task)]).to.deep.equal([404, 404]);
    }
  });

  it('serve a task of a queue that was made after they started', async () => {
    clearml.addQueue('gpu-new');

    await untilServed(runTask('gpu-new'), two, one);
  });

  it('hand a task over when it runs again in a queue of the other', async () => {
    const task = taskOf('queue2');
    clearml.tasks.setStatus(task, 'stopped');
    await eventually(() => expect(clearml.tasks.runtime(task)).to.not.have.key('endpoint'), SLOW);

    const call = (name: string, body: Record<string, unknown>): Promise<unknown> =>
      callClearml(callerOf(clearml, ALICE), { name, body }, new AbortController().signal);
    await call('tasks.enqueue', { task, queue_name: 'queue3', force: true });
    await call('tasks.started', { task, force: true });

    await untilServed(task, two, one);
  });

  it('do not notice the death of the other', async () => {
    await one.router.kill();

    await untilServed(runTask('queue3'), two);
    expect(await status(one, taskOf('queue1'))).to.equal(200);
    await one.router.start();
    await one.untilReady();
    await untilServed(taskOf('queue1'), one, two);
  });

  it('keep their tasks from a third one that listens to every queue, which says whose they are', async () => {
    const third = await Gateway.start({ clearml, name: 'router three' });
    try {
      await untilServed(taskOf('other'), third, one);
      for (const queue of ['queue1', 'queue3']) {
        await eventually(async () =>
          expect(await third.reason(`${taskOf(queue)}.http`, 'Accepted')).to.equal(
            'OwnedByAnotherRouter',
          ),
        );
      }
      await untilServed(taskOf('queue1'), one, third);
      await untilServed(taskOf('queue3'), two, third);
    } finally {
      await third.stop();
    }
  });
});
