import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { KeptChild } from '../../../src/embedded/demo/kept-child.ts';
import type { RestartNote } from '../../../src/embedded/demo/kept-child.ts';
import { isAlive } from '../../../src/embedded/workloads/process-tree.ts';
import { hasCode } from '../../../src/errors.ts';
import { eventually } from '../../support/eventually.ts';

describe('KeptChild', () => {
  let folder = '';

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'clearway-kept-'));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  function keep(script: string): { child: KeptChild; failures: unknown[]; force: AbortController } {
    const failures: unknown[] = [];
    const force = new AbortController();
    const child = new KeptChild({
      name: 'router',
      order: {
        command: '/bin/sh',
        args: ['-c', script],
        environment: { PATH: '/usr/bin:/bin' },
        logFile: join(folder, 'log'),
        graceMs: 5000,
      },
      force: force.signal,
      onFailure: (error) => failures.push(error),
    });
    return { child, failures, force };
  }

  const pidIn = (name: string): Promise<number> =>
    eventually(async () => {
      const pid = Number(await readFile(join(folder, name), 'utf8'));
      expect(pid).to.be.above(1);
      return pid;
    });

  it('takes an end before all is up for a failure, with the last lines of the log', async () => {
    const { child, failures } = keep('echo "no \u001b such port"; exit 3');

    await child.start();

    const [error] = await eventually(() => {
      expect(failures).to.have.length(1);
      return failures;
    });
    expect(hasCode(error, 'DEMO_FAILED') && error.details).to.deep.equal({
      part: 'router',
      reason: 'exited with 3',
      log: ['no � such port'],
    });
    await child.stop();
  });

  it('starts a child again that was killed later', async () => {
    const { child, failures } = keep('echo up; exec sleep 60');
    const notes: RestartNote[] = [];
    await child.start();
    child.settle((note) => notes.push(note));
    const first = child.pid;
    await eventually(async () => {
      expect(await child.lastLines()).to.deep.equal(['up']);
    });

    process.kill(first, 'SIGKILL');

    await eventually(() => {
      expect(child.pid).not.to.equal(first);
    });
    expect(notes).to.deep.equal([{ name: 'router', how: 'was ended by SIGKILL', log: ['up'] }]);
    expect(failures).to.deep.equal([]);
    await child.stop();
    expect(await isAlive(child.pid)).to.equal(false);
  });

  it('ends what a child started, also in a group of its own, and what ignores SIGTERM', async () => {
    await writeFile(
      join(folder, 'stubborn.sh'),
      `trap "" TERM; echo $$ > ${folder}/stubborn; while :; do sleep 0.1; done`,
    );
    const { child, force } = keep(
      `setsid sleep 60 & echo $! > ${folder}/own; sh ${folder}/stubborn.sh & wait`,
    );
    await child.start();
    const pids = await Promise.all([pidIn('own'), pidIn('stubborn')]);

    const stopped = child.stop();
    force.abort();
    await stopped;

    for (const pid of [child.pid, ...pids]) {
      await eventually(async () => {
        expect(await isAlive(pid)).to.equal(false);
      });
    }
  });
});
