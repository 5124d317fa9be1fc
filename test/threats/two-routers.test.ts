import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { expect } from 'chai';
import type { EmbeddedClearml } from '../../src/embedded/api/embedded-clearml.ts';
import { addTask, ALICE, anEndpoint, startClearml, tokenOf } from '../support/clearml-world.ts';
import { startApp, type TaskApp } from '../support/e2e-app.ts';
import { eventually } from '../support/eventually.ts';
import { Gateway } from '../support/gateway-harness.ts';

const CLEARWAY = resolve(import.meta.dirname, '../../bin/clearway');
const SLOW = { timeoutMs: 15_000, everyMs: 50 };

/** How a process ended, and what it said. */
interface Ended {
  readonly code: number;
  readonly said: string;
}

/** Runs `clearway router` with the environment of a process that runs, until it ends. */
async function runBeside(pid: number): Promise<Ended> {
  const text = await readFile(`/proc/${pid}/environ`, 'utf8');
  const env = Object.fromEntries(
    text
      .split('\0')
      .flatMap((line) =>
        line.includes('=')
          ? [[line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]]
          : [],
      ),
  );
  return new Promise((done) => {
    const options = { env, timeout: 10_000 };
    execFile(CLEARWAY, ['router'], options, (error, stdout, stderr) =>
      done({ code: typeof error?.code === 'number' ? error.code : 0, said: stdout + stderr }),
    );
  });
}

describe('routers that want the same', function () {
  this.timeout(40_000);
  let clearml: EmbeddedClearml;
  let app: TaskApp;
  let first: Gateway;
  let task: string;

  before(async () => {
    clearml = await startClearml();
    app = await startApp('an application');
    first = await Gateway.start({ clearml, tcpPorts: 2 });
    task = addTask(clearml, [anEndpoint('http', app.port)]);
    await eventually(
      () =>
        expect(clearml.tasks.runtime(task)['endpoint']).to.equal(`${first.url}/service/${task}/`),
      SLOW,
    );
  });

  after(async () => {
    await first.stop();
    await app[Symbol.asyncDispose]();
    await clearml.close();
  });

  const statusAt = async (gateway: Gateway, id = task): Promise<number> =>
    (await gateway.get(`/service/${id}/`, { authorization: `Bearer ${tokenOf(clearml, ALICE)}` }))
      .status;

  // Attack, or mistake: a second router that serves the same tasks, under another name or under the same one, and takes their
  // addresses away.
  // Outcome: a task belongs to the router whose mark it carries, until that one is retired by hand; the others say whose it is.
  it('T36: a task is served by one router, and no other one touches it', async () => {
    const before = clearml.tasks.runtime(task);
    const [other, double] = await Promise.all([
      Gateway.start({ clearml, name: 'other', tcpPorts: 2 }),
      Gateway.start({ clearml, name: 'e2e', tcpPorts: 2 }),
    ]);
    try {
      for (const [gateway, reason] of [
        [other, 'OwnedByAnotherRouter'],
        [double, 'DuplicateRouterName'],
      ] as const) {
        await eventually(
          async () => expect(await gateway.reason(`${task}.http`, 'Accepted')).to.equal(reason),
          SLOW,
        );
        expect(await statusAt(gateway)).to.equal(404);
      }
      expect(clearml.tasks.runtime(task)).to.deep.equal(before);
      expect(await statusAt(first)).to.equal(200);

      const contested = addTask(clearml, [anEndpoint('http', app.port)]);
      const all = [first, other, double];
      const owner = await eventually(() => {
        const { endpoint } = clearml.tasks.runtime(contested);
        const found = all.find(({ url }) => endpoint === `${url}/service/${contested}/`);
        if (found === undefined) throw new Error('nobody has it yet');
        return found;
      }, SLOW);
      await eventually(async () => {
        for (const gateway of all)
          expect(await statusAt(gateway, contested)).to.equal(gateway === owner ? 200 : 404);
      }, SLOW);
      expect(clearml.tasks.runtime(contested)['endpoint']).to.equal(
        `${owner.url}/service/${contested}/`,
      );
    } finally {
      await Promise.all([other.stop(), double.stop()]);
    }
    expect(clearml.tasks.runtime(task)).to.deep.equal(before);
  });

  // Attack, or mistake: a second router over the same state.
  // Outcome: it does not start, says why, and leaves the first one's sockets alone.
  it('T36 over one state: the second one does not start', async () => {
    const { code, said } = await runBeside(first.router.pid);

    expect(code).to.not.equal(0);
    expect(said).to.contain('another router uses this state folder');
    expect(await statusAt(first)).to.equal(200);
    const next = addTask(clearml, [anEndpoint('http', app.port)]);
    await eventually(async () => expect(await statusAt(first, next)).to.equal(200), SLOW);
  });
});
