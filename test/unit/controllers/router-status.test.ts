import { expect } from 'chai';
import { NEVER } from 'rxjs';
import {
  ensureRouter,
  routerStatusController,
  type ClearmlHealth,
} from '../../../src/controllers/router-status.ts';
import { getCondition } from '../../../src/resources/conditions.ts';
import { FakeDataPlane } from '../../support/fake-data-plane.ts';
import { aRouteStore, type RouteStore } from '../../support/route-store.ts';

const SIGNAL = new AbortController().signal;
const WELL: ClearmlHealth = { lastSuccess: Date.parse('2026-01-01T00:00:00Z') };
const AWAY: ClearmlHealth = { ...WELL, problem: 'connection refused' };

interface Reporter {
  /** Has the router look again, with ClearML like this. */
  readonly look: (health: ClearmlHealth) => Promise<void>;
  readonly dataPlane: FakeDataPlane;
}

async function aReporter({ store, routes, clock }: RouteStore): Promise<Reporter> {
  const dataPlane = new FakeDataPlane();
  let health: ClearmlHealth = {};
  const specs = { router: { name: 'gw', url: 'https://gw.example' }, pool: undefined };
  await ensureRouter({ store, clock }, 'gw', specs);
  const { reconcile } = routerStatusController({
    store,
    events: store,
    routes,
    dataPlane,
    clock,
    router: 'gw',
    version: '1',
    instance: 'i1',
    health: () => health,
    healthChanges: NEVER,
  });
  return {
    dataPlane,
    look: async (next) => {
      health = next;
      await reconcile('gw', SIGNAL);
    },
  };
}

/** What became of the Router, the oldest first: type, reason and how often. */
async function told({ store }: RouteStore): Promise<readonly string[]> {
  const { items } = await store.listEvents();
  return items.map(({ kind, type, reason, count }) => `${kind} ${type} ${reason} ${count}`);
}

describe('routerStatusController', () => {
  it('tells when ClearML and the proxies come and go', async () => {
    await using world = await aRouteStore();
    const { look, dataPlane } = await aReporter(world);
    await look(WELL);
    await look(AWAY);
    dataPlane.disconnect();
    await look(AWAY);

    expect(await told(world)).to.deep.equal([
      'Router Normal Reachable 1',
      'Router Normal Connected 1',
      'Router Warning Unreachable 1',
      'Router Warning NoCompleteProxy 1',
    ]);
  });

  it('counts a connection that flaps, and keeps no event for each time', async () => {
    await using world = await aRouteStore();
    const { look } = await aReporter(world);
    for (let round = 0; round < 50; round += 1) {
      await look(WELL);
      await look(AWAY);
      world.clock.advance(2_000);
    }

    expect(await told(world)).to.deep.equal([
      'Router Normal Reachable 50',
      'Router Normal Connected 1',
      'Router Warning Unreachable 50',
    ]);
  });

  it('raises no alarm before ClearML could answer for the first time', async () => {
    await using world = await aRouteStore();
    const { look } = await aReporter(world);
    await look({});

    const { status } = (await world.store.get('Router', 'gw'))!;
    const conditions = status.conditions ?? [];
    expect(getCondition(conditions, 'ClearMLReachable')).to.include({ status: 'Unknown' });
    expect(getCondition(conditions, 'Ready')).to.include({ status: 'False' });
    expect(await told(world)).to.deep.equal(['Router Normal Connected 1']);
  });

  it('writes and tells nothing while nothing changes', async () => {
    await using world = await aRouteStore();
    const { look } = await aReporter(world);
    await look(WELL);
    const before = await world.store.get('Router', 'gw');
    world.clock.advance(5_000);
    await look(WELL);

    expect(await world.store.get('Router', 'gw')).to.equal(before);
    expect(await told(world)).to.have.length(2);
  });
});
