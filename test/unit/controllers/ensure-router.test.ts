import { expect } from 'chai';
import { ensureRouter } from '../../../src/controllers/router-status.ts';
import { aRouteStore, type RouteStore } from '../../support/route-store.ts';

const SPECS = {
  router: { name: 'gw', url: 'https://gw.example' },
  pool: { router: 'gw', start: 30_000, end: 30_001, restSeconds: 60 },
};

async function resting(world: RouteStore): Promise<readonly number[] | undefined> {
  const pool = await world.store.get('PortPool', 'gw');
  return pool?.status.resting?.map(({ port }) => port);
}

describe('ensureRouter', () => {
  it('makes the router and a pool that rests as a whole', async () => {
    await using world = await aRouteStore();
    await ensureRouter(world, 'gw', SPECS);

    expect((await world.store.get('Router', 'gw'))?.spec).to.deep.equal(SPECS.router);
    expect((await world.store.get('PortPool', 'gw'))?.status.resting).to.deep.equal([
      { port: 30_000, until: '2026-01-01T00:01:00.000Z' },
      { port: 30_001, until: '2026-01-01T00:01:00.000Z' },
    ]);
  });

  it('lets the pool rest although it was killed between pool and rest', async () => {
    await using world = await aRouteStore();
    const metadata = { name: 'gw' };
    await world.store.create<'PortPool'>({ kind: 'PortPool', metadata, spec: SPECS.pool });
    await ensureRouter(world, 'gw', SPECS);

    expect(await resting(world)).to.deep.equal([30_000, 30_001]);
  });

  it('leaves a pool alone that is in use', async () => {
    await using world = await aRouteStore();
    await ensureRouter(world, 'gw', SPECS);
    const made = await world.store.get('PortPool', 'gw');
    const status = { resting: [], leases: [{ port: 30_000, route: 'a.tcp' }] };
    await world.store.updateStatus<'PortPool'>({ ...made!, status });
    await ensureRouter(world, 'gw', { ...SPECS, pool: { ...SPECS.pool, end: 30_005 } });

    const pool = await world.store.get('PortPool', 'gw');
    expect(pool?.spec.end).to.equal(30_005);
    expect(pool?.status).to.deep.equal(status);
  });

  it('removes the pool when TCP is off, once and again', async () => {
    await using world = await aRouteStore();
    await ensureRouter(world, 'gw', SPECS);
    for (let round = 0; round < 2; round += 1) {
      await ensureRouter(world, 'gw', { ...SPECS, pool: undefined });

      expect(await world.store.get('PortPool', 'gw')).to.equal(undefined);
    }
  });
});
