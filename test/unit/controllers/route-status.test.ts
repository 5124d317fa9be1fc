import { expect } from 'chai';
import { reportRoute, type Verdict } from '../../../src/controllers/route-status.ts';
import { hasCode } from '../../../src/errors.ts';
import { getCondition } from '../../../src/resources/conditions.ts';
import type { TaskRoute } from '../../../src/resources/kinds.ts';
import { aRouteStore, type RouteStore } from '../../support/route-store.ts';

function verdict(type: string, overrides: Partial<Verdict> = {}): Verdict {
  return { type, status: 'True', reason: type, message: `${type}.`, ...overrides };
}

function say(
  { store, clock }: RouteStore,
  route: TaskRoute,
  ...verdicts: readonly Verdict[]
): Promise<void> {
  return reportRoute({ store, events: store, clock }, route, () => ({ verdicts }));
}

function ready(route: TaskRoute): string {
  const condition = getCondition(route.status.conditions ?? [], 'Ready');
  return `${condition?.status} ${condition?.reason}`;
}

describe('reportRoute', () => {
  it('writes conditions with time and generation', async () => {
    await using world = await aRouteStore();
    await say(world, await world.add('a.http'), verdict('Accepted'));

    const { status } = await world.seen('a.http');
    expect(status.observedGeneration).to.equal(1);
    expect(getCondition(status.conditions ?? [], 'Accepted')).to.deep.equal({
      ...verdict('Accepted'),
      observedGeneration: 1,
      lastTransitionTime: '2026-01-01T00:00:00Z',
    });
  });

  it('says Ready when the route is accepted, programmed and published, and why not before', async () => {
    await using world = await aRouteStore();
    const states: string[] = [];
    let route = await world.add('a.http');
    for (const verdicts of [
      [verdict('UpstreamResolved')],
      [verdict('Accepted')],
      [verdict('Programmed', { status: 'False', reason: 'WaitingForProxy' })],
      [verdict('Programmed')],
      [verdict('Published')],
      [verdict('Accepted', { status: 'False', reason: 'InvalidPort' })],
    ]) {
      await say(world, route, ...verdicts);
      route = await world.seen('a.http');
      states.push(ready(route));
    }

    expect(states).to.deep.equal([
      'False Pending',
      'False Pending',
      'False WaitingForProxy',
      'False Pending',
      'True Ready',
      'False InvalidPort',
    ]);
  });

  it('makes no event, no version and no record when nothing changed', async () => {
    await using world = await aRouteStore();
    await say(world, await world.add('a.http'), verdict('Accepted'));
    const before = await world.seen('a.http');
    const { items: records } = await world.store.listEvents();
    world.clock.advance(60_000);
    await say(world, before, verdict('Accepted'));
    await say(world, { ...before, status: {} }, verdict('Accepted'));

    expect(await world.store.get('TaskRoute', 'a.http')).to.deep.equal(before);
    expect((await world.store.listEvents()).items).to.deep.equal(records);
  });

  it('undoes nothing of what another controller wrote meanwhile', async () => {
    await using world = await aRouteStore();
    const stale = await world.add('a.http');
    await say(world, stale, verdict('Accepted'));
    await say(world, stale, verdict('Programmed'));

    const types = ((await world.seen('a.http')).status.conditions ?? []).map(({ type }) => type);
    expect(types).to.include.members(['Accepted', 'Programmed']);
  });

  it('decides again after a conflict, by the newest version', async () => {
    await using world = await aRouteStore();
    const route = await world.add('a.http');
    const { store, clock } = world;
    let others = 2;
    const busy = {
      ...bound(world),
      updateStatus: async (resource: TaskRoute) => {
        if (others-- > 0)
          await say(
            world,
            await world.seen('a.http'),
            verdict('Other', { reason: `Turn${others}` }),
          );
        return store.updateStatus<'TaskRoute'>(resource);
      },
    };
    await reportRoute({ store: busy as never, events: store, clock }, route, () => ({
      verdicts: [verdict('Accepted')],
    }));

    const { conditions } = (await world.seen('a.http')).status;
    expect(getCondition(conditions ?? [], 'Accepted')?.status).to.equal('True');
    expect(getCondition(conditions ?? [], 'Other')?.reason).to.equal('Turn0');
  });

  it('gives up when it never gets through, to be called again', async () => {
    await using world = await aRouteStore();
    const route = await world.add('a.http');
    const { store, clock } = world;
    let turn = 0;
    const busy = {
      ...bound(world),
      updateStatus: async (resource: TaskRoute) => {
        turn += 1;
        await say(world, await world.seen('a.http'), verdict('Other', { reason: `Turn${turn}` }));
        return store.updateStatus<'TaskRoute'>(resource);
      },
    };
    const error = await reportRoute({ store: busy as never, events: store, clock }, route, () => ({
      verdicts: [verdict('Accepted')],
    })).catch((thrown: unknown) => thrown);

    expect(hasCode(error, 'RESOURCE_CONFLICT')).to.equal(true);
  });

  it('does nothing to a route that is gone', async () => {
    await using world = await aRouteStore();
    const route = await world.add('a.http');
    await world.store.delete('TaskRoute', 'a.http');
    await say(world, route, verdict('Accepted'));

    expect((await world.store.list('TaskRoute')).items).to.deep.equal([]);
  });

  it('sets and removes fields', async () => {
    await using world = await aRouteStore();
    const { store, clock } = world;
    const dependencies = { store, events: store, clock };
    const upstream = { address: '192.0.2.7', port: 1, source: 'task' } as const;
    await reportRoute(dependencies, await world.add('a.http'), () => ({
      verdicts: [],
      fields: { upstream, endpoint: 'u' },
    }));
    const set = await world.seen('a.http');
    await reportRoute(dependencies, set, () => ({ verdicts: [], fields: { upstream: undefined } }));

    expect(set.status.upstream).to.deep.equal(upstream);
    expect((await world.seen('a.http')).status)
      .to.include({ endpoint: 'u' })
      .and.not.have.property('upstream');
  });

  it('records each turn of a condition once, and none of Ready or the unknown', async () => {
    await using world = await aRouteStore();
    let route = await world.add('a.http');
    for (const status of ['Unknown', 'False', 'False', 'True'] as const) {
      await say(world, route, verdict('Answering', { status, reason: `Is${status}` }));
      route = await world.seen('a.http');
    }

    const records = (await world.store.listEvents()).items.map(
      ({ type, reason }) => `${type} ${reason}`,
    );
    expect(records.toSorted()).to.deep.equal(['Normal IsTrue', 'Warning IsFalse']);
  });
});

/** The store's reading side, as a plain object. */
function bound({ store }: RouteStore): Pick<RouteStore['store'], 'get'> {
  return { get: (kind, name, signal) => store.get(kind, name, signal) };
}
