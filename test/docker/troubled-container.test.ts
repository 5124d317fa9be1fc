import { expect } from 'chai';
import pino from 'pino';
import { EngineClient } from '../../src/docker/engine-client.ts';
import { DockerEngine } from '../../src/docker/engine.ts';
import { ManualClock } from '../support/clocks.ts';
import { eventually } from '../support/eventually.ts';
import { startFakeEngine, type FakeEngine, type InspectFault } from '../support/fake-engine.ts';

const RELIST_MS = 60_000;

interface Followed {
  readonly fake: FakeEngine;
  readonly engine: DockerEngine;
  readonly clock: ManualClock;
  /** Ids that the engine tells of, in order. */
  readonly ids: () => readonly string[];
}

/** Follows an engine of three containers, `bad` among them. */
async function following(
  fault: InspectFault | undefined,
  test: (followed: Followed) => Promise<void>,
): Promise<void> {
  await using fake = await startFakeEngine();
  for (const [index, id] of ['good', 'bad', 'other'].entries()) {
    fake.containers.set(id, { taskId: `t-${id}`, address: `172.17.0.${index + 2}` });
  }
  if (fault !== undefined) fake.faults.set('bad', fault);
  const clock = new ManualClock(0);
  const client = new EngineClient({ socketPath: fake.socketPath, answerMs: 300 });
  const engine = new DockerEngine({ client, clock, log: pino({ level: 'silent' }) });
  const stop = new AbortController();
  const running = engine.run(stop.signal);
  try {
    await engine.firstLook;
    const ids = (): readonly string[] => engine.facts.containers.map(({ id }) => id).toSorted();
    await test({ fake, engine, clock, ids });
  } finally {
    stop.abort();
    await running;
  }
}

describe('DockerEngine with a container that cannot be inspected', () => {
  for (const fault of ['status 500', 'hang', 'reset', 'nonsense'] as const) {
    it(`tells all others, and it again once it is well (${fault})`, async () => {
      await following(fault, async ({ fake, engine, clock, ids }) => {
        expect(engine.facts.available).to.equal(true);
        expect(ids()).to.deep.equal(['good', 'other']);

        fake.faults.clear();
        await eventually(() => {
          clock.advance(RELIST_MS);
          expect(ids()).to.deep.equal(['bad', 'good', 'other']);
        });
        expect(fake.sessions()).to.equal(1);
      });
    });

    it(`drops its word alone when that begins later (${fault})`, async () => {
      await following(undefined, async ({ fake, engine, ids }) => {
        expect(ids()).to.deep.equal(['bad', 'good', 'other']);

        fake.faults.set('bad', fault);
        fake.emit('bad');
        await eventually(() => expect(ids()).to.deep.equal(['good', 'other']));
        expect(engine.facts.available).to.equal(true);
      });
    });
  }

  it('is heard of the others at once while it hangs again and again', async () => {
    await following('hang', async ({ fake, clock, ids }) => {
      for (let index = 0; index < 5; index += 1) {
        clock.advance(RELIST_MS);
        fake.emit('bad');
        const id = `new${index}`;
        fake.containers.set(id, { taskId: id, address: `172.17.0.${index + 9}` });
        fake.emit(id);
        await eventually(() => expect(ids()).to.include(id), { timeoutMs: 200, everyMs: 5 });
      }
    });
  });

  it('goes on when it is gone from the list', async () => {
    await following('status 500', async ({ fake, clock, ids }) => {
      fake.containers.delete('bad');
      fake.containers.set('late', { taskId: 'late', address: '172.17.0.9' });
      await eventually(() => {
        clock.advance(RELIST_MS);
        expect(ids()).to.deep.equal(['good', 'late', 'other']);
      });
    });
  });

  it('is silent, and not troubled, when nothing can be listed either', async () => {
    await following(undefined, async ({ fake, engine }) => {
      fake.faults.set('bad', 'status 500');
      fake.failLists(500);
      fake.emit('bad');
      await eventually(() => {
        expect(engine.facts.available).to.equal(false);
        expect(engine.facts.containers).to.deep.equal([]);
      });
    });
  });
});
