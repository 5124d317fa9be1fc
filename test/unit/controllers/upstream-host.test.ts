import { expect } from 'chai';
import { NEVER } from 'rxjs';
import type { EngineFacts } from '../../../src/controllers/contracts.ts';
import type { ControllerOptions } from '../../../src/controllers/controller.ts';
import { upstreamController } from '../../../src/controllers/upstreams.ts';
import { getCondition } from '../../../src/resources/conditions.ts';
import { FakeDataPlane } from '../../support/fake-data-plane.ts';
import { aRouteStore, type RouteStore } from '../../support/route-store.ts';

const SIGNAL = new AbortController().signal;
const LAN = '192.0.2.7';

/** A proxy of which nothing was heard yet. */
class SilentDataPlane extends FakeDataPlane {
  override host: FakeDataPlane['host'] | undefined = undefined;
}

interface Subjects {
  readonly controller: ControllerOptions;
  readonly keys: string[];
}

/** As in compose: the router has the address of its container, and no bridge but the engine's first one is known to it. */
function aController(
  { store, routes, clock }: RouteStore,
  dataPlane: SilentDataPlane,
  facts: EngineFacts = { available: false, containers: [], bridgeSubnets: [] },
): Subjects {
  const controller = upstreamController({
    tasks: {
      changes: NEVER,
      get: () => undefined,
      ids: () => [],
      synced: true,
      forget: () => undefined,
      refresh: () => undefined,
    },
    routes,
    store,
    events: store,
    clock,
    dataPlane,
    engine: { facts, changes: NEVER },
    workers: { addressOf: () => Promise.resolve(undefined) },
    names: { lookup: () => 'unavailable', changes: NEVER },
    knownBridges: ['172.17.0.0/16'],
    ownAddresses: ['172.19.0.2'],
    ownPorts: (port) => port >= 20_000 && port < 20_010,
  });
  const keys: string[] = [];
  for (const source of controller.sources) source.subscribe((key) => keys.push(key));
  return { controller, keys };
}

async function reasonOf(world: RouteStore, name: string): Promise<string | undefined> {
  const { status } = await world.seen(name);
  return getCondition(status.conditions ?? [], 'UpstreamResolved')?.reason;
}

describe('upstreamController, of the host that the proxy is on', () => {
  it("refuses the proxy's own listener at an address that only the proxy sees", async () => {
    await using world = await aRouteStore();
    await world.add('a.tcp', { target: { address: LAN, port: 20_000 } });
    const dataPlane = new SilentDataPlane();
    const { controller } = aController(world, dataPlane);

    dataPlane.reportHost({ addresses: [LAN], bridges: [] });
    await controller.reconcile('a.tcp', SIGNAL);

    expect(await reasonOf(world, 'a.tcp')).to.equal('OwnListener');
  });

  it('takes a dead container on that host for dead', async () => {
    await using world = await aRouteStore();
    await world.add('a.http', {
      task: { id: 'a', name: 'a' },
      target: { address: LAN, port: 9000 },
    });
    const dataPlane = new SilentDataPlane();
    const container = { id: 'c', name: 'c', taskId: 'a', running: false, hostNetwork: true };
    const { controller } = aController(world, dataPlane, {
      available: true,
      containers: [{ ...container, addresses: [], published: [] }],
      bridgeSubnets: ['172.17.0.0/16'],
    });

    dataPlane.reportHost({ addresses: [LAN], bridges: [] });
    await controller.reconcile('a.http', SIGNAL);

    expect(await reasonOf(world, 'a.http')).to.equal('ContainerNotRunning');
  });

  it('takes the bridges that the proxy sees for bridges while the engine cannot be asked', async () => {
    await using world = await aRouteStore();
    await world.add('a.http', { target: { address: '172.18.0.3', port: 80 } });
    const dataPlane = new SilentDataPlane();
    const { controller } = aController(world, dataPlane);

    dataPlane.reportHost({ addresses: [], bridges: ['172.18.0.0/16'] });
    await controller.reconcile('a.http', SIGNAL);

    expect(await reasonOf(world, 'a.http')).to.equal('AmbiguousBridgeAddress');
  });

  it("goes by the engine's bridges while it answers", async () => {
    await using world = await aRouteStore();
    await world.add('a.http', { target: { address: '172.18.0.3', port: 80 } });
    const dataPlane = new SilentDataPlane();
    const { controller } = aController(world, dataPlane, {
      available: true,
      containers: [],
      bridgeSubnets: ['172.17.0.0/16'],
    });

    dataPlane.reportHost({ addresses: [], bridges: ['172.18.0.0/16'] });
    await controller.reconcile('a.http', SIGNAL);

    expect(await reasonOf(world, 'a.http')).to.equal('GivenByTask');
  });

  it('looks at all routes again when the proxy says something else, and only then', async () => {
    await using world = await aRouteStore();
    for (const name of ['a.http', 'b.http']) await world.add(name);
    const dataPlane = new SilentDataPlane();
    const { keys } = aController(world, dataPlane);
    keys.length = 0;

    dataPlane.reportHost({ addresses: [LAN], bridges: [] });
    expect(keys.toSorted()).to.deep.equal(['a.http', 'b.http']);
    dataPlane.reportHost({ addresses: [LAN], bridges: [] });
    expect(keys).to.have.length(2);
    dataPlane.reportHost({ addresses: [LAN], bridges: ['172.18.0.0/16'] });
    expect(keys).to.have.length(4);
  });

  it('decides nothing before the proxy spoke, but waits three seconds at most', async () => {
    await using world = await aRouteStore();
    await world.add('a.tcp', { target: { address: LAN, port: 20_000 } });
    await world.add('b.tcp', { target: { address: LAN, port: 20_000 } });
    const dataPlane = new SilentDataPlane();
    const { controller } = aController(world, dataPlane);

    const first = controller.reconcile('a.tcp', SIGNAL);
    dataPlane.reportHost({ addresses: [LAN], bridges: [] });
    await first;
    expect(await reasonOf(world, 'a.tcp')).to.equal('OwnListener');

    const silent = aController(world, new SilentDataPlane());
    const second = silent.controller.reconcile('b.tcp', SIGNAL);
    world.clock.advance(3_000);
    await second;
    expect(await reasonOf(world, 'b.tcp')).to.equal('GivenByTask');
  });
});
