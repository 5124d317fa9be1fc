import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { ManualClock } from '../support/clocks.ts';
import { startDataPlane } from '../support/data-plane.ts';
import { ALLOWING, decide, holds, snapshotOf } from '../support/decisions.ts';
import { eventually } from '../support/eventually.ts';
import { aTable } from '../support/route-tables.ts';

const START = 1_700_000_000_000;

describe('ProxyDataPlane.revoke, the table and the snapshot', () => {
  it('is not undone by a restart of the router', async () => {
    await using running = await startDataPlane();
    await running.plane.apply(aTable('a'));
    await running.plane.revoke(['user:u', '*']);
    const { revoked } = await running.idleWorker().poll();

    await running.restart();

    expect((await running.idleWorker().poll()).revoked).to.deep.equal(revoked);
    expect(await snapshotOf(running.folder)).to.deep.include({ revoked });
  });

  it('is in the snapshot before a worker hears of it', async () => {
    await using running = await startDataPlane();
    await running.plane.apply(aTable('a'));
    const worker = running.idleWorker();
    await worker.poll();

    const told = worker.poll().then(async ({ revoked }) => ({
      revoked,
      snapshot: await snapshotOf(running.folder),
    }));
    await running.plane.revoke(['user:u']);

    const { revoked, snapshot } = await told;
    expect(snapshot).to.deep.include({ revoked });
  });

  it('loses neither the revocation nor a table that is being written, or waits to be', async () => {
    await using running = await startDataPlane({ decider: ALLOWING });
    const { plane, socketPath } = running;
    const worker = running.worker();
    await plane.apply(aTable('a'));
    const before = await decide(socketPath);

    const underWay = plane.apply(aTable('b'));
    // One turn of the loop: the write has begun, and its files need more turns than that.
    await new Promise((resolve) => setImmediate(resolve));
    const waiting = plane.apply(aTable('c'));
    await Promise.all([
      plane.revoke(['user:u']),
      plane.revoke(['session:other']),
      underWay,
      waiting,
    ]);

    expect(worker.table).to.deep.equal(aTable('c'));
    expect(Object.keys(worker.revoked)).to.have.members(['user:u', 'session:other']);
    expect(holds(before, worker.revoked)).to.equal(false);
    expect(holds(await decide(socketPath), worker.revoked)).to.equal(true);
    const { http, revoked } = await snapshotOf(running.folder);
    expect({ http, revoked }).to.deep.equal({ http: aTable('c').http, revoked: worker.revoked });
  });

  it('keeps a table that is being written when it comes in the midst of it', async () => {
    await using running = await startDataPlane();
    const { plane } = running;
    const worker = running.worker();
    await plane.apply(aTable('a'));

    const underWay = plane.apply(aTable('b'));
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.all([plane.revoke(['user:u']), underWay]);

    await eventually(() => expect(worker.table).to.deep.equal(aTable('b')));
    expect(Object.keys(worker.revoked)).to.deep.equal(['user:u']);
  });

  it('reaches workers while no table is known, and voids nothing that is asked for later', async () => {
    const clock = new ManualClock(START);
    await using running = await startDataPlane({ clock, decider: ALLOWING });
    const { socketPath } = running;
    await running.plane.apply(aTable('a'));
    const worker = running.idleWorker();
    await worker.poll();
    await rm(join(running.folder, 'snapshot.json'));
    const plane = await running.restart();
    const before = await decide(socketPath);

    const waiting = worker.poll();
    await eventually(() => expect(clock.sleeping).to.equal(2));
    await plane.revoke(['user:u']);
    await waiting;
    expect(worker.table).to.deep.equal(aTable('a'));
    expect(holds(before, worker.revoked)).to.equal(false);
    expect(holds(await decide(socketPath), worker.revoked)).to.equal(true);

    await plane.apply(aTable('b'));
    await worker.poll();
    expect(worker.table).to.deep.equal(aTable('b'));
    expect(await snapshotOf(running.folder)).to.deep.include({ revoked: worker.revoked });
    expect(holds(before, worker.revoked)).to.equal(false);
  });

  it('voids decisions of a worker that turns out to be ahead of the table', async () => {
    const clock = new ManualClock(START);
    await using running = await startDataPlane({ clock });
    const { plane } = running;
    await plane.apply(aTable('a'));
    await plane.revoke(['user:u']);
    const ahead = running.idleWorker();
    ahead.generation = START + 500_000;

    await ahead.poll();
    if (ahead.generation <= START + 500_000) await ahead.poll();

    const decision = { verdict: 'allow', user: 'u', generation: START + 500_000 };
    expect(holds(decision, ahead.revoked)).to.equal(false);
    expect(plane.generation).to.be.greaterThan(START + 500_000);
  });
});
