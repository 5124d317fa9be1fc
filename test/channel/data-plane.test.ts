import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { EMPTY_TABLE, type RouteTable } from '../../src/domain/route-table.ts';
import { call } from '../support/channel-client.ts';
import { eventually } from '../support/eventually.ts';
import { ManualClock } from '../support/clocks.ts';
import { startDataPlane } from '../support/data-plane.ts';
import { aLargeTable, anHttpEntry, aTable, aTcpEntry } from '../support/route-tables.ts';

const START = 1_700_000_000_000;

describe('ProxyDataPlane', () => {
  it('makes a table live in every worker, and acknowledges it', async () => {
    await using running = await startDataPlane();
    const { plane } = running;
    const workers = [0, 1].map((worker) =>
      running.worker({ worker, workers: 2, pid: 100 + worker, ports: [30_000] }),
    );

    const generation = await plane.apply(aTable('a', 'b'));

    await eventually(() => expect(plane.acknowledged).to.equal(generation));
    for (const worker of workers) expect(worker.table).to.deep.equal(aTable('a', 'b'));
    expect(plane.proxies).to.deep.equal([
      {
        id: 'aaaa',
        configRevision: 'r1',
        workers: 2,
        liveWorkers: 2,
        complete: true,
        generation,
        heldPorts: [30_000],
      },
    ]);
    expect([...plane.heldPorts]).to.deep.equal([30_000]);
  });

  it('tells a worker that follows only the changes', async () => {
    await using running = await startDataPlane();
    const worker = running.idleWorker();
    await running.plane.apply(aTable('a', 'b'));
    expect((await worker.poll()).full).to.equal(true);

    await running.plane.apply(aTable('b', 'c'));

    expect(await worker.poll()).to.deep.equal({
      format: 1,
      generation: running.plane.generation,
      full: false,
      revoked: {},
      http: { set: { c: anHttpEntry('c') }, remove: ['a'] },
      tcp: { set: {}, remove: [] },
    });
  });

  it('gives a worker that comes late the newest table', async () => {
    await using running = await startDataPlane();
    await running.plane.apply(aTable('a'));
    await running.plane.apply(aTable('b'));
    const late = running.idleWorker();

    await late.poll();

    expect(late.table).to.deep.equal(aTable('b'));
    expect(late.fullAnswers).to.equal(1);
  });

  it('sleeps no longer for a poll that a change has woken', async () => {
    const clock = new ManualClock(START);
    await using running = await startDataPlane({ clock });
    const worker = running.idleWorker();
    await running.plane.apply(aTable('a'));
    await worker.poll();
    const waiting = worker.poll();
    await eventually(() => expect(clock.sleeping).to.equal(2));

    await running.plane.apply(aTable('b'));
    await waiting;

    expect(clock.sleeping).to.equal(1);
  });

  it('says nothing while the proxies stay as they are', async () => {
    const clock = new ManualClock(START);
    await using running = await startDataPlane({ clock });
    const worker = running.idleWorker();
    await running.plane.apply(aTable('a'));
    await worker.poll();
    await eventually(() => expect(running.plane.proxies).to.have.length(1));
    let changes = 0;
    running.plane.changes.subscribe(() => (changes += 1));

    for (let second = 0; second < 5; second += 1) {
      clock.advance(1_000);
      await eventually(() => expect(clock.sleeping).to.equal(1));
    }

    expect(changes).to.equal(0);
  });

  it('keeps the generation when nothing changed', async () => {
    await using running = await startDataPlane();
    const first = await running.plane.apply(aTable('a'));

    expect(await running.plane.apply(aTable('a'))).to.equal(first);
    expect(await running.plane.apply(aTable('b'))).to.be.greaterThan(first);
  });

  it('has snapshot and TCP files in place before a worker hears of a change', async () => {
    await using running = await startDataPlane();
    const { plane, folder } = running;
    const withPorts: RouteTable = {
      http: {},
      tcp: { '30000': aTcpEntry('a'), '30001': aTcpEntry('b') },
    };
    const withOne: RouteTable = {
      http: {},
      tcp: { '30001': aTcpEntry('b', { upstream: '[::1]:5' }) },
    };
    const worker = running.idleWorker();
    await plane.apply(withPorts);
    await worker.poll();
    expect(await readdir(join(folder, 'tcp'))).to.have.members(['30000', '30001']);

    const told = worker.poll().then(async () => ({
      files: await readdir(join(folder, 'tcp')),
      line: await readFile(join(folder, 'tcp/30001'), 'utf8'),
      snapshot: JSON.parse(await readFile(join(folder, 'snapshot.json'), 'utf8')) as unknown,
    }));
    const generation = await plane.apply(withOne);

    expect(await told).to.deep.equal({
      files: ['30001'],
      line: '[::1]:5\n',
      snapshot: { format: 1, generation, ...withOne, revoked: {} },
    });
  });

  it('has no file for a TCP route whose upstream is not resolved', async () => {
    await using running = await startDataPlane();
    const entry = aTcpEntry('a');
    await running.plane.apply({ http: {}, tcp: { '30000': entry } });

    await running.plane.apply({ http: {}, tcp: { '30000': { route: 'a.tcp', task: 'a' } } });

    expect(await readdir(join(running.folder, 'tcp'))).to.deep.equal([]);
  });

  it('ends at the last of many tables that come at once, with fewer generations than tables', async () => {
    await using running = await startDataPlane();
    const worker = running.worker();
    const before = running.plane.generation;

    const all = Array.from({ length: 200 }, (_, index) => running.plane.apply(aLargeTable(index)));
    const generations = await Promise.all(all);

    const last = generations.at(-1) ?? 0;
    expect(generations).to.deep.equal(generations.toSorted((left, right) => left - right));
    expect(last - before).to.be.lessThan(20);
    await eventually(() => expect(running.plane.acknowledged).to.equal(last));
    expect(worker.table).to.deep.equal(aLargeTable(199));
  });

  it('answers a poll without news after five seconds with an empty delta', async () => {
    const clock = new ManualClock(START);
    await using running = await startDataPlane({ clock });
    await running.plane.apply(aTable('a'));
    const worker = running.idleWorker();
    await worker.poll();

    const waiting = worker.poll();
    await eventually(() => expect(clock.sleeping).to.equal(2));
    clock.advance(5_000);

    expect(await waiting).to.deep.equal({
      format: 1,
      generation: running.plane.generation,
      full: false,
      revoked: {},
      http: { set: {}, remove: [] },
      tcp: { set: {}, remove: [] },
    });
  });

  it('forgets a proxy that is silent for more than ten seconds, and says so', async () => {
    const clock = new ManualClock(START);
    await using running = await startDataPlane({ clock });
    const { plane } = running;
    await plane.apply(aTable('a'));
    const worker = running.idleWorker({ ports: [30_000] });
    await worker.poll();
    await plane.apply(aTable('b'));
    await worker.poll();
    await eventually(() => expect(plane.proxies[0]?.complete).to.equal(true));
    let changes = 0;
    plane.changes.subscribe(() => (changes += 1));

    clock.advance(10_001);

    await eventually(() => expect(plane.proxies).to.deep.equal([]));
    expect(plane.acknowledged).to.equal(0);
    expect(plane.heldPorts.size).to.equal(0);
    expect(changes).to.equal(1);
  });

  it('goes by the new workers of a reload, and keeps telling those that exit', async () => {
    await using running = await startDataPlane();
    const { plane } = running;
    const leaving = running.worker({ pid: 1, revision: 'r1' });
    await plane.apply(aTable('a'));
    await eventually(() => expect(plane.proxies[0]).to.include({ complete: true }));

    leaving.become({ exiting: true });
    running.worker({ pid: 2, revision: 'r2', ports: [30_000] });
    const generation = await plane.apply(aTable('b'));

    await eventually(() => {
      expect(plane.proxies[0]).to.include({ configRevision: 'r2', liveWorkers: 1, complete: true });
      expect(plane.acknowledged).to.equal(generation);
      expect(leaving.table).to.deep.equal(aTable('b'));
    });
    expect([...plane.heldPorts]).to.deep.equal([30_000]);
  });

  it('says which applications answered', async () => {
    await using running = await startDataPlane();
    const routes: string[] = [];
    running.plane.answered.subscribe(({ route }) => routes.push(route));

    const { socketPath } = running;
    const body = { format: 1, answered: ['a.http', 'b.http'] };
    const answer = await call({ socketPath, path: '/proxy/observe', body });

    expect(answer).to.include({ status: 200, text: '{"format":1}' });
    expect(routes).to.deep.equal(['a.http', 'b.http']);
  });

  it('refuses a proxy of another format, shows it, and counts it for nothing', async () => {
    await using running = await startDataPlane();
    const { socketPath, plane } = running;

    const body = { format: 7, proxy: 'newer', whatever: true };
    const answer = await call({ socketPath, path: '/proxy/poll', body });

    expect(answer.status).to.equal(400);
    expect(JSON.parse(answer.text)).to.deep.equal({ error: 'this router speaks format 1 only' });
    await eventually(() => expect(plane.proxies).to.have.length(1));
    expect(plane.proxies[0]).to.include({ id: 'newer', complete: false, unsupportedFormat: 7 });
    expect(plane.acknowledged).to.equal(0);
  });

  it('serves the one table to 250 workers at once', async () => {
    await using running = await startDataPlane();
    const { plane } = running;
    await plane.apply(EMPTY_TABLE);
    const workers = Array.from({ length: 250 }, (_, worker) =>
      running.worker({ worker, workers: 250, pid: 1_000 + worker, ports: [30_000, 30_001] }),
    );
    await eventually(() => expect(plane.proxies[0]).to.include({ complete: true }));

    const generation = await plane.apply(aTable('a', 'b'));

    await eventually(() => expect(plane.acknowledged).to.equal(generation));
    for (const worker of workers) expect(worker.table).to.deep.equal(aTable('a', 'b'));
  });

  it('leaves no timer behind', async () => {
    const clock = new ManualClock(START);
    {
      await using running = await startDataPlane({ clock });
      await running.plane.apply(aTable('a'));
      const worker = running.worker();
      await eventually(() => expect(worker.polls).to.be.greaterThan(0));
      await eventually(() => expect(clock.sleeping).to.equal(2));
      await running.plane.close();
      expect(running.plane.isOpen).to.equal(false);
      const refused: unknown = await running.plane
        .apply(aTable('b'))
        .catch((error: unknown) => error);
      expect(refused).to.have.property('name', 'AbortError');
    }
    expect(clock.sleeping).to.equal(0);
  });
});
