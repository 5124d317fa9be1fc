import { expect } from 'chai';
import type { EmbeddedClearml } from '../../src/embedded/api/embedded-clearml.ts';
import { addTask, ALICE, anEndpoint, startClearml, tokenOf } from '../support/clearml-world.ts';
import { startApp, type TaskApp } from '../support/e2e-app.ts';
import { eventually } from '../support/eventually.ts';
import { Gateway } from '../support/gateway-harness.ts';
import { aStaticRoute } from '../support/resources.ts';

const SLOW = { timeoutMs: 15_000, everyMs: 50 };

describe('a StaticRoute of a gateway whose router is killed', function () {
  this.timeout(60_000);
  let clearml: EmbeddedClearml;
  let gateway: Gateway;
  let first: TaskApp;
  let second: TaskApp;
  let holder: string;
  /** One token for all requests: who was let in before is let in while no router runs. */
  let alice: Record<string, string>;

  before(async () => {
    clearml = await startClearml();
    alice = { authorization: `Bearer ${tokenOf(clearml, ALICE)}` };
    first = await startApp('the first');
    second = await startApp('the second');
    gateway = await Gateway.start({ clearml });
    await restart((store) => store.create(aStaticRoute('chat')));
    holder = asks(first);
    await eventually(() => serves('the first'), SLOW);
    asks(second);
    await eventually(async () => expect(await gateway.routes()).to.have.length(2), SLOW);
  });

  after(async () => {
    await gateway.stop();
    await first[Symbol.asyncDispose]();
    await second[Symbol.asyncDispose]();
    await clearml.close();
  });

  async function restart(change: Parameters<Gateway['changeStore']>[0]): Promise<void> {
    await gateway.router.kill();
    await gateway.changeStore(change);
    await gateway.router.start();
  }

  function asks({ port }: TaskApp): string {
    const task = addTask(clearml, [anEndpoint('http', port)]);
    clearml.tasks.patchRuntime(task, {
      _ROUTER_ENDPOINT_MODE: 'path',
      _ROUTER_ENDPOINT_MODE_PARAM: 'chat',
    });
    return task;
  }

  const get = (): ReturnType<Gateway['get']> => gateway.get('/chat/', alice);

  async function serves(text: string): Promise<void> {
    expect(await get()).to.deep.equal({ status: 200, text });
  }

  it('goes on without it, and has the same task afterwards', async () => {
    await gateway.router.kill();
    await serves('the first');
    await gateway.router.start();
    await gateway.untilReady();
    const goal = clearml.calls('tasks.get_all_ex') + 5;
    await eventually(() => expect(clearml.calls('tasks.get_all_ex')).to.be.at.least(goal), SLOW);

    await serves('the first');
    expect(clearml.tasks.runtime(holder)).to.include({ endpoint: `${gateway.url}/chat/` });
  });

  it('goes to the next one, when its task ended while no router ran', async () => {
    await gateway.router.kill();
    clearml.tasks.setStatus(holder, 'completed');
    await gateway.router.start();

    await eventually(() => serves('the second'), SLOW);
    await eventually(() => expect(clearml.tasks.runtime(holder)).to.not.have.key('endpoint'), SLOW);
  });

  it('is not brought back by what an earlier run served, once it is disabled, though ClearML says nothing', async () => {
    clearml.orderFault({ endpoint: 'tasks.get_all_ex', fault: { kind: 'status', status: 500 } });
    await restart(async (store) => {
      const found = await store.get('StaticRoute', 'chat');
      if (found === undefined) throw new Error('it is gone');
      await store.update({ ...found, spec: { ...found.spec, enabled: false } });
    });

    await eventually(async () => expect((await get()).status).to.equal(404), SLOW);
    clearml.clearFaults();
  });
});
