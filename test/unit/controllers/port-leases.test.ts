import { expect } from 'chai';
import { NEVER, Subject } from 'rxjs';
import type { TaskSource } from '../../../src/controllers/contracts.ts';
import type { ControllerOptions } from '../../../src/controllers/controller.ts';
import { portLeaseController } from '../../../src/controllers/port-leases.ts';
import type { TaskView } from '../../../src/domain/task-view.ts';
import { Informer } from '../../../src/store/informer.ts';
import { aMarkText, aRouter, aTask } from '../../support/builders.ts';
import { FakeDataPlane } from '../../support/fake-data-plane.ts';
import { aPortPool } from '../../support/resources.ts';
import { aRouteStore, type RouteStore } from '../../support/route-store.ts';

const SIGNAL = new AbortController().signal;
const PORTS = [30_000, 30_001];

interface Subjects {
  readonly controller: ControllerOptions;
  readonly dataPlane: FakeDataPlane;
  readonly becameKnown: Subject<void>;
  readonly state: { known: boolean };
  /** How often a look was asked for. */
  readonly looks: () => number;
}

async function aController(
  { store, routes, clock }: RouteStore,
  views: Readonly<Record<string, TaskView>> = {},
): Promise<Subjects> {
  await store.create(aPortPool('gw', { start: 30_000, end: 30_001 }));
  const dataPlane = new FakeDataPlane({ ports: PORTS });
  const becameKnown = new Subject<void>();
  const state = { known: true };
  const tasks: TaskSource = {
    changes: NEVER,
    get: (id) => views[id],
    ids: () => Object.keys(views),
    synced: true,
    forget: () => undefined,
    refresh: () => undefined,
  };
  const controller = portLeaseController({
    tasks,
    routes,
    pools: new Informer({ store, kind: 'PortPool', clock, onError: () => undefined }),
    store,
    dataPlane,
    clock,
    router: aRouter(),
    pool: 'gw',
    tcpAddress: 'tcp.example',
    known: () => state.known,
    becameKnown,
  });
  let looks = 0;
  for (const source of controller.sources) source.subscribe(() => (looks += 1));
  return { controller, dataPlane, becameKnown, state, looks: () => looks };
}

/** `port route` of each lease. */
async function leases({ store }: RouteStore): Promise<readonly string[]> {
  const pool = await store.get('PortPool', 'gw');
  return (pool?.status.leases ?? []).map(({ port, route }) => `${port} ${route}`);
}

async function addTcp(world: RouteStore, id: string): Promise<void> {
  const spec = {
    router: 'gw',
    task: { id, name: id },
    protocol: 'tcp' as const,
    endpointName: '',
    target: { address: '192.0.2.7', port: 22 },
  };
  await world.store.create<'TaskRoute'>({
    kind: 'TaskRoute',
    metadata: { name: `${id}.tcp` },
    spec,
  });
  await world.seen(`${id}.tcp`);
}

describe('portLeaseController', () => {
  it('leases ports to tcp routes, and looks at nothing twice', async () => {
    await using world = await aRouteStore();
    await addTcp(world, 'a');
    const { controller } = await aController(world);
    await controller.reconcile('gw', SIGNAL);
    expect(await leases(world)).to.deep.equal(['30000 a.tcp']);

    const pool = await world.store.get('PortPool', 'gw');
    expect(pool?.status).to.include({ free: 1 });
    await controller.reconcile('gw', SIGNAL);
    expect(await world.store.get('PortPool', 'gw')).to.deep.equal(pool);
  });

  it('gives nothing away before every task is known, and looks again when it is', async () => {
    await using world = await aRouteStore();
    await addTcp(world, 'a');
    const { controller, state, becameKnown, looks } = await aController(world);
    state.known = false;
    await controller.reconcile('gw', SIGNAL);
    expect(await leases(world)).to.deep.equal([]);

    const before = looks();
    state.known = true;
    becameKnown.next();
    expect(looks()).to.equal(before + 1);
    await controller.reconcile('gw', SIGNAL);
    expect(await leases(world)).to.deep.equal(['30000 a.tcp']);
  });

  it('looks again when the ports of the proxies change, and not for an acknowledgement', async () => {
    await using world = await aRouteStore();
    const { dataPlane, looks } = await aController(world);
    dataPlane.disconnect();
    const before = looks();
    dataPlane.disconnect();
    expect(looks()).to.equal(before);

    dataPlane.heldPorts = new Set([30_001]);
    dataPlane.disconnect();
    expect(looks()).to.equal(before + 1);
  });

  it('gives a marked task the port that it shows, and an unmarked one any', async () => {
    await using world = await aRouteStore();
    await addTcp(world, 'a');
    await addTcp(world, 'b');
    const shown = { external_address: 'tcp.example', external_tcp_port: 30_000 };
    const { controller } = await aController(world, {
      a: aTask({ id: 'a', runtime: shown }),
      b: aTask({ id: 'b', runtime: { ...shown, clearway: aMarkText() } }),
    });
    await controller.reconcile('gw', SIGNAL);

    expect(await leases(world)).to.deep.equal(['30000 b.tcp', '30001 a.tcp']);
  });

  it('looks again when a resting port is free', async () => {
    await using world = await aRouteStore();
    await addTcp(world, 'a');
    const { controller } = await aController(world);
    await controller.reconcile('gw', SIGNAL);
    await world.store.delete('TaskRoute', 'a.tcp');
    while (world.routes.get('a.tcp') !== undefined) await new Promise((next) => setImmediate(next));

    expect(await controller.reconcile('gw', SIGNAL)).to.deep.equal({ againMs: 60_000 });
    expect((await world.store.get('PortPool', 'gw'))?.status.resting).to.have.length(1);
    world.clock.advance(60_000);
    expect(await controller.reconcile('gw', SIGNAL)).to.equal(undefined);
    expect((await world.store.get('PortPool', 'gw'))?.status.resting).to.deep.equal([]);
  });
});
