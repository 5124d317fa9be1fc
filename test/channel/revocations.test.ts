import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { AccessAnswer, AccessSubject } from '../../src/controllers/contracts.ts';
import { ManualClock } from '../support/clocks.ts';
import { startDataPlane } from '../support/data-plane.ts';
import { ALLOWING, decide, holds } from '../support/decisions.ts';
import { eventually } from '../support/eventually.ts';
import { aTable } from '../support/route-tables.ts';

const START = 1_700_000_000_000;
const KEEP_MS = 900_000 + 60_000;

describe('ProxyDataPlane.revoke', () => {
  for (const subject of ['session:s', 'user:u', 'task:a', '*'] as const) {
    it(`voids decisions about ${subject} of before, and none of after`, async () => {
      await using running = await startDataPlane({ decider: ALLOWING });
      const { plane, socketPath } = running;
      const worker = running.worker();
      await plane.apply(aTable('a'));
      const before = await decide(socketPath);
      expect(holds(before, worker.revoked)).to.equal(true);

      await plane.revoke([subject]);

      // When it resolves, the worker knows.
      expect(holds(before, worker.revoked)).to.equal(false);
      expect(holds(await decide(socketPath), worker.revoked)).to.equal(true);
    });
  }

  it('reaches the workers also when the snapshot cannot be written', async () => {
    await using running = await startDataPlane({ decider: ALLOWING });
    const { plane, folder, socketPath } = running;
    const worker = running.worker();
    await plane.apply(aTable('a'));
    const before = await decide(socketPath);
    // A folder in the place of the file: nothing can be renamed onto it.
    await rm(join(folder, 'snapshot.json'));
    await mkdir(join(folder, 'snapshot.json', 'in the way'), { recursive: true });

    await plane.revoke(['session:s']);

    expect(holds(before, worker.revoked)).to.equal(false);
    expect(holds(await decide(socketPath), worker.revoked)).to.equal(true);
    await rm(join(folder, 'snapshot.json'), { recursive: true });
    await plane.apply(aTable('a', 'b'));
    expect(await readFile(join(folder, 'snapshot.json'), 'utf8')).to.include('session:s');
  });

  it('voids nothing about others', async () => {
    await using running = await startDataPlane({ decider: ALLOWING });
    const worker = running.worker();
    await running.plane.apply(aTable('a'));
    const before = await decide(running.socketPath);

    await running.plane.revoke(['session:other', 'user:other', 'task:other']);

    expect(holds(before, worker.revoked)).to.equal(true);
  });

  it('voids a decision that was asked for before and is answered after', async () => {
    const answer = Promise.withResolvers<AccessAnswer>();
    let asked = 0;
    const decider = {
      decide: () => {
        asked += 1;
        return answer.promise;
      },
    };
    await using running = await startDataPlane({ decider });
    const worker = running.worker();
    await running.plane.apply(aTable('a'));
    const underWay = decide(running.socketPath);
    await eventually(() => expect(asked).to.equal(1));

    await running.plane.revoke(['user:u']);
    answer.resolve({ verdict: 'allow', user: 'u' });

    expect(holds(await underWay, worker.revoked)).to.equal(false);
  });

  it('tells who follows, who starts, and who only waits', async () => {
    await using running = await startDataPlane();
    const { plane } = running;
    await plane.apply(aTable('a'));
    const following = running.idleWorker({ workers: 2 });
    const starting = running.idleWorker({ worker: 1, workers: 2, pid: 2 });
    await following.poll();
    const waiting = following.poll();

    await plane.revoke(['user:u']);

    const told = await waiting;
    expect(told).to.deep.include({ full: false, http: { set: {}, remove: [] } });
    expect(Object.keys(told.revoked)).to.deep.equal(['user:u']);
    expect(told.revoked['user:u']).to.be.lessThan(told.generation);
    expect((await starting.poll()).revoked).to.deep.equal(told.revoked);
    expect(starting.table).to.deep.equal(aTable('a'));
  });

  it('does not wait for proxies where there are none', async () => {
    await using running = await startDataPlane();
    await running.plane.apply(aTable('a'));
    const began = performance.now();

    await running.plane.revoke(['user:u']);

    expect(performance.now() - began).to.be.lessThan(900);
  });

  it('waits no longer than a second for a proxy that does not listen', async () => {
    await using running = await startDataPlane();
    const { plane } = running;
    await plane.apply(aTable('a'));
    const deaf = running.idleWorker();
    await deaf.poll();
    await eventually(() => expect(plane.proxies).to.have.length(1));
    const began = performance.now();

    await plane.revoke(['user:u']);

    expect(performance.now() - began).to.be.within(950, 4_000);
    expect((await deaf.poll()).revoked).to.have.property('user:u');
  });

  it('is forgotten when no decision of before can be in use', async () => {
    const clock = new ManualClock(START);
    await using running = await startDataPlane({ clock });
    const { plane } = running;
    await plane.apply(aTable('a'));
    await plane.revoke(['user:u']);

    clock.advance(KEEP_MS);
    await plane.revoke(['user:v']);
    expect(Object.keys((await running.idleWorker().poll()).revoked)).to.have.members([
      'user:u',
      'user:v',
    ]);
    clock.advance(1);
    await plane.revoke(['user:w']);
    expect(Object.keys((await running.idleWorker().poll()).revoked)).to.have.members([
      'user:v',
      'user:w',
    ]);
  });

  it('voids everything when there are more subjects than workers are told of', async () => {
    await using running = await startDataPlane({ decider: ALLOWING });
    const { plane, socketPath } = running;
    const worker = running.worker();
    await plane.apply(aTable('a'));
    const before = await decide(socketPath);
    const subjects = Array.from({ length: 2_001 }, (_, index): AccessSubject => `session:${index}`);

    await plane.revoke(subjects);

    expect(Object.keys(worker.revoked)).to.deep.equal(['*']);
    expect(holds(before, worker.revoked)).to.equal(false);
    expect(holds(await decide(socketPath), worker.revoked)).to.equal(true);
  });

  it('costs few generations when many come at once', async () => {
    await using running = await startDataPlane();
    const { plane } = running;
    const worker = running.worker();
    const before = await plane.apply(aTable('a'));

    await Promise.all(
      Array.from({ length: 100 }, (_, index) => plane.revoke([`session:${index}`])),
    );

    expect(plane.generation - before).to.be.lessThan(10);
    await eventually(() => expect(Object.keys(worker.revoked)).to.have.length(100));
  });

  it('is refused after the end', async () => {
    await using running = await startDataPlane();
    await running.plane.apply(aTable('a'));
    await running.plane.close();

    const refused: unknown = await running.plane.revoke(['*']).catch((error: unknown) => error);

    expect(refused).to.have.property('name', 'AbortError');
  });
});
