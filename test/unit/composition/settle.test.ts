import { expect } from 'chai';
import { Milestone } from '../../../src/composition/milestone.ts';
import { settle, type SettleParts } from '../../../src/composition/settle.ts';
import { ManualClock } from '../../support/clocks.ts';
import { turns } from '../../support/work-queues.ts';

interface Start {
  readonly clock: ManualClock;
  readonly known: Milestone;
  readonly completed: Milestone;
  readonly busy: Set<string>;
  readonly state: { synced: boolean };
  readonly ended: Promise<void>;
  /** Lets this much time pass. */
  readonly pass: (ms: number) => Promise<void>;
}

function begin(): Start {
  const clock = new ManualClock(0);
  const [known, completed] = [new Milestone(), new Milestone()];
  const busy = new Set<string>();
  const state = { synced: false };
  const controllers = ['task-routes', 'port-leases', 'upstreams', 'publication'].map((name) => ({
    name,
    queue: {
      get idle() {
        return !busy.has(name);
      },
      failing: 0,
    },
  })) as unknown as SettleParts['controllers'];
  const isSynced = (): boolean => state.synced;
  const ended = settle(
    { clock, controllers, isSynced, known, completed },
    new AbortController().signal,
  );
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 100) {
      clock.advance(100);
      await turns();
    }
  };
  return { clock, known, completed, busy, state, ended, pass };
}

describe('settle', () => {
  it('reaches nothing before the first full pass over ClearML', async () => {
    const { pass, known, completed } = begin();
    await pass(10_000);

    expect([known.isReached, completed.isReached]).to.deep.equal([false, false]);
  });

  it('knows everyone when every task has its routes, and is complete when all is decided', async () => {
    const { pass, known, completed, busy, state, ended } = begin();
    state.synced = true;
    busy.add('task-routes').add('upstreams');
    await pass(2_000);
    expect(known.isReached).to.equal(false);

    busy.delete('task-routes');
    await pass(1_000);
    expect([known.isReached, completed.isReached]).to.deep.equal([true, false]);

    busy.delete('upstreams');
    await pass(1_000);
    expect(completed.isReached).to.equal(true);
    await ended;
  });

  it('does not wait for publication', async () => {
    const { pass, completed, busy, state, ended } = begin();
    state.synced = true;
    busy.add('publication');
    await pass(2_000);

    expect(completed.isReached).to.equal(true);
    await ended;
  });
});

describe('Milestone', () => {
  it('is reached once, and says so after it is', () => {
    const milestone = new Milestone();
    const seen: boolean[] = [];
    milestone.changes.subscribe(() => seen.push(milestone.isReached));
    milestone.reach();
    milestone.reach();

    expect(seen).to.deep.equal([true]);
  });
});
