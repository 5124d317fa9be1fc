import { expect } from 'chai';
import type { EmbeddedClearml } from '../../src/embedded/api/embedded-clearml.ts';
import { isTrue } from '../../src/resources/conditions.ts';
import { addTask, ALICE, anEndpoint, startClearml, tokenOf } from '../support/clearml-world.ts';
import { startApp, type TaskApp } from '../support/e2e-app.ts';
import { eventually } from '../support/eventually.ts';
import { Gateway } from '../support/gateway-harness.ts';
import { notRun } from '../support/not-run.ts';
import { mountDisk, type SmallDisk } from '../support/small-disk.ts';

describe('a gateway whose disk is full', function () {
  this.timeout(180_000);
  let clearml: EmbeddedClearml;
  let app: TaskApp;
  let disk: SmallDisk | undefined;
  let gateway: Gateway;

  before(async function () {
    clearml = await startClearml();
    app = await startApp('the application');
    gateway = await Gateway.start({
      clearml,
      prepare: async (folder) => {
        disk = await mountDisk(folder, 8).catch(() => undefined);
      },
    });
    if (disk === undefined) notRun(this, 'it needs a user who may mount a file system');
  });

  after(async () => {
    await gateway.proxy.stop();
    await gateway.router.stop();
    await disk?.[Symbol.asyncDispose]();
    await gateway.stop();
    await app[Symbol.asyncDispose]();
    await clearml.close();
  });

  it('serves what it served, says what is wrong once in a while, and catches up when there is space', async () => {
    const old = aTask();
    await eventually(async () => expect(await statusOf(old)).to.equal(200), { timeoutMs: 10_000 });
    expect(await readiness()).not.to.contain('state:');
    expect(await gateway.metric('clearway_snapshot_writes_total{outcome="ok"}')).to.be.above(0);
    expect(await gateway.metric('clearway_full_pass_timestamp_seconds')).to.be.above(1_700_000_000);

    await disk?.fill();
    const late = Array.from({ length: 20 }, aTask);
    await eventually(async () => expect(await readiness()).to.contain('[!] state:'), {
      timeoutMs: 20_000,
    });
    expect(await readiness()).to.contain('the disk is full');
    const end = Date.now() + 5_000;
    while (Date.now() < end) expect(await statusOf(old)).to.equal(200);
    const lines = (await gateway.router.log())
      .split('\n')
      .filter((line) => /"code":"(?:STORE|PROXY)_WRITE_FAILED"/.test(line));
    expect(lines.length).to.be.within(1, 10);
    for (const line of lines) expect(line).to.match(/Free space|file system is not full/);

    await disk?.free();
    for (const task of [old, ...late]) {
      await eventually(async () => expect(await statusOf(task)).to.equal(200), {
        timeoutMs: 40_000,
      });
    }
    await eventually(async () => expect(await readiness()).not.to.contain('state:'), {
      timeoutMs: 40_000,
    });
    await eventually(
      async () => {
        const routes = await gateway.routes();
        const ready = routes.filter(({ status }) => isTrue(status.conditions ?? [], 'Ready'));
        expect(ready.map(({ spec }) => spec.task.id)).to.have.members([old, ...late]);
      },
      { timeoutMs: 70_000, everyMs: 250 },
    );
  });

  function aTask(): string {
    return addTask(clearml, [anEndpoint('http', app.port)]);
  }

  async function statusOf(task: string): Promise<number> {
    const authorization = `Bearer ${tokenOf(clearml, ALICE)}`;
    return (await gateway.get(`/service/${task}/`, { authorization })).status;
  }

  async function readiness(): Promise<string> {
    return (await fetch(`${gateway.metricsUrl}/readyz`)).text();
  }
});
