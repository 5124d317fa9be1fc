import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { RouteTable } from '../../src/domain/route-table.ts';
import { ManualClock } from '../support/clocks.ts';
import { eventually } from '../support/eventually.ts';
import { startDataPlane } from '../support/data-plane.ts';
import { aTable, aTcpEntry } from '../support/route-tables.ts';

const START = 1_700_000_000_000;
const withPort: RouteTable = { ...aTable('a'), tcp: { '30000': aTcpEntry('a') } };

/** A folder that an earlier run left with this snapshot and the file of one port. */
function leftBehind(snapshot: string): (folder: string) => Promise<void> {
  return async (folder) => {
    await mkdir(join(folder, 'tcp'), { recursive: true });
    await writeFile(join(folder, 'snapshot.json'), snapshot);
    await writeFile(join(folder, 'tcp/30009'), '127.0.0.1:9\n');
  };
}

describe('ProxyDataPlane after a restart', () => {
  it('serves the table of the snapshot under a higher generation', async () => {
    await using running = await startDataPlane();
    const worker = running.worker();
    const before = await running.plane.apply(withPort);
    await eventually(() => expect(worker.generation).to.equal(before));

    const plane = await running.restart();

    expect(plane.restored()).to.deep.equal(withPort);
    expect(plane.generation).to.be.greaterThan(before);
    await eventually(() => expect(plane.acknowledged).to.equal(plane.generation));
    expect(worker.table).to.deep.equal(withPort);
  });

  it('keeps growing over restarts without a change, even when the clock ran back', async () => {
    const clock = new ManualClock(START);
    await using running = await startDataPlane({ clock });
    let last = await running.plane.apply(withPort);

    for (let run = 0; run < 3; run += 1) {
      clock.advance(-1_000_000);
      const plane = await running.restart();
      expect(plane.generation).to.be.greaterThan(last);
      expect(await plane.apply(withPort)).to.equal(plane.generation);
      last = plane.generation;
    }
  });

  it('acknowledges nothing that a worker has from before, until it took the new generation', async () => {
    await using running = await startDataPlane();
    const worker = running.idleWorker();
    await running.plane.apply(withPort);
    await worker.poll();

    const plane = await running.restart();
    await worker.poll();

    await eventually(() => expect(plane.proxies[0]?.complete).to.equal(true));
    expect(plane.acknowledged).to.equal(0);
    const last = worker.poll();
    await eventually(() => expect(plane.acknowledged).to.equal(plane.generation));
    await plane.apply(aTable('b'));
    await last;
  });

  it('starts above a worker that is ahead, and tells everybody the full table', async () => {
    const clock = new ManualClock(START);
    await using running = await startDataPlane({ clock });
    const { plane } = running;
    await plane.apply(withPort);
    const ahead = running.idleWorker({ pid: 1 });
    const behind = running.idleWorker({ pid: 2 });
    await behind.poll();
    ahead.generation = START + 500_000;
    ahead.table = aTable('stale');

    await ahead.poll();
    await behind.poll();

    expect(plane.generation).to.be.greaterThan(START + 500_000);
    for (const worker of [ahead, behind]) {
      expect(worker.table).to.deep.equal(withPort);
      expect(worker.generation).to.equal(plane.generation);
    }
    expect(behind.fullAnswers).to.equal(2);
    expect(await readFile(join(running.folder, 'snapshot.json'), 'utf8')).to.include(
      `"generation":${plane.generation},`,
    );
  });

  for (const [what, snapshot, highest] of [
    ['is cut', '{"format":1,"generation":5,"http":{', START + 5],
    [
      'has another format',
      `{"format":2,"generation":${START + 77},"http":{},"tcp":{}}`,
      START + 77,
    ],
  ] as const) {
    it(`tells workers nothing before the first table when the snapshot ${what}`, async () => {
      const clock = new ManualClock(START);
      await using running = await startDataPlane({ clock, prepare: leftBehind(snapshot) });
      const { plane, folder } = running;
      const worker = running.idleWorker();
      worker.generation = START + 5;
      worker.table = aTable('kept');

      const waiting = worker.poll();
      await eventually(() => expect(clock.sleeping).to.equal(2));
      clock.advance(5_000);
      await waiting;

      expect(plane.restored()).to.equal(undefined);
      expect(worker.table).to.deep.equal(aTable('kept'));
      expect(worker.generation).to.equal(START + 5);
      expect(await readdir(join(folder, 'tcp'))).to.deep.equal(['30009']);

      const generation = await plane.apply(withPort);
      await worker.poll();

      expect(generation).to.be.greaterThan(highest);
      expect(worker.table).to.deep.equal(withPort);
      expect(await readdir(join(folder, 'tcp'))).to.deep.equal(['30000']);
    });
  }

  it('makes the folder of ports what the table says', async () => {
    const snapshot = JSON.stringify({ format: 1, generation: 1, ...withPort });
    await using running = await startDataPlane({ prepare: leftBehind(snapshot) });

    expect(await readdir(join(running.folder, 'tcp'))).to.deep.equal(['30000']);
    expect(await readFile(join(running.folder, 'tcp/30000'), 'utf8')).to.equal('127.0.0.1:22\n');
  });
});

describe('ProxyDataPlane in a folder that fails', () => {
  it('publishes nothing that was not written, and goes on when the folder is well again', async () => {
    await using running = await startDataPlane();
    const { plane, folder } = running;
    const worker = running.worker();
    const before = await plane.apply(aTable('a'));
    await eventually(() => expect(plane.acknowledged).to.equal(before));
    // A folder in the way of the temporary file: refused even to root.
    const obstacle = join(folder, '.clearway-snapshot.json.tmp');
    await mkdir(obstacle);

    const error: unknown = await plane.apply(aTable('a', 'b')).catch((thrown: unknown) => thrown);

    expect(error).to.have.property('code', 'PROXY_WRITE_FAILED');
    expect(plane.generation).to.equal(before);
    expect(worker.table).to.deep.equal(aTable('a'));
    await rmdir(obstacle);
    const after = await plane.apply(aTable('a', 'b'));
    await eventually(() => expect(plane.acknowledged).to.equal(after));
    expect(worker.table).to.deep.equal(aTable('a', 'b'));
  });

  it('writes everything anew after a failure, even when the table is the published one again', async () => {
    await using running = await startDataPlane();
    const { plane, folder } = running;
    await plane.apply(withPort);
    // A folder in the way of a port's file, after the snapshot was renamed.
    await mkdir(join(folder, 'tcp/.clearway-30001.tmp'));
    const more = { ...withPort, tcp: { ...withPort.tcp, '30001': aTcpEntry('b') } };
    await plane.apply(more).catch(() => undefined);
    expect(await readFile(join(folder, 'snapshot.json'), 'utf8')).to.include('30001');

    await plane.apply(withPort);

    expect(await readFile(join(folder, 'snapshot.json'), 'utf8')).to.not.include('30001');
  });
});
