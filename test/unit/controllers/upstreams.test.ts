import { expect } from 'chai';
import { NEVER, Subject } from 'rxjs';
import type { ContainerFact, EngineFacts } from '../../../src/controllers/contracts.ts';
import type { ControllerOptions } from '../../../src/controllers/controller.ts';
import {
  upstreamController,
  type UpstreamDependencies,
} from '../../../src/controllers/upstreams.ts';
import { OperatorError, hasCode } from '../../../src/errors.ts';
import { getCondition } from '../../../src/resources/conditions.ts';
import { FakeDataPlane } from '../../support/fake-data-plane.ts';
import { aRouteStore, type RouteStore } from '../../support/route-store.ts';

const SIGNAL = new AbortController().signal;
const BRIDGED = { address: '172.17.0.3', port: 8888 };

function aContainer(taskId: string, overrides: Partial<ContainerFact> = {}): ContainerFact {
  return {
    id: taskId.repeat(12).padEnd(64, '0'),
    name: taskId,
    taskId,
    running: true,
    hostNetwork: false,
    addresses: ['172.17.0.3'],
    published: [],
    ...overrides,
  };
}

interface Subjects {
  readonly controller: ControllerOptions;
  readonly engine: { facts: EngineFacts; readonly changes: Subject<void> };
  /** Keys that the controller was asked to look at. */
  readonly keys: string[];
}

function aController(
  { store, routes, clock }: RouteStore,
  overrides: Partial<UpstreamDependencies> = {},
): Subjects {
  const engine = {
    facts: { available: true, containers: [], bridgeSubnets: ['172.17.0.0/16'] } as EngineFacts,
    changes: new Subject<void>(),
  };
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
    engine,
    dataPlane: new FakeDataPlane(),
    workers: { addressOf: () => Promise.resolve(undefined) },
    lookup: () => Promise.resolve([]),
    knownBridges: [],
    ownAddresses: [],
    ownPorts: () => false,
    ...overrides,
  });
  const keys: string[] = [];
  for (const source of controller.sources) source.subscribe((key) => keys.push(key));
  return { controller, engine, keys };
}

async function resolved(world: RouteStore, name: string): Promise<string> {
  const { status } = await world.seen(name);
  const condition = getCondition(status.conditions ?? [], 'UpstreamResolved');
  const { upstream } = status;
  return `${condition?.reason} ${upstream === undefined ? '-' : `${upstream.address}:${upstream.port}`}`;
}

const unreachable: UpstreamDependencies['workers'] = {
  addressOf: () => Promise.reject(new OperatorError('CLEARML_UNREACHABLE')),
};

describe('upstreamController', () => {
  it('says where the proxy connects, and needs no other look', async () => {
    await using world = await aRouteStore();
    await world.add('a.http');
    const { controller } = aController(world);

    expect(await controller.reconcile('a.http', SIGNAL)).to.equal(undefined);
    expect(await resolved(world, 'a.http')).to.equal('GivenByTask 192.0.2.7:8888');
  });

  it('leaves a refused request alone', async () => {
    await using world = await aRouteStore();
    const { target, ...refused } = (await world.add('x.http')).spec;
    expect(target).not.to.equal(undefined);
    const refusal = { reason: 'InvalidPort', message: 'no' };
    await world.store.create<'TaskRoute'>({
      kind: 'TaskRoute',
      metadata: { name: 'a.http' },
      spec: { ...refused, refusal },
    });
    await world.seen('a.http');
    const { controller } = aController(world);

    expect(await controller.reconcile('a.http', SIGNAL)).to.equal(undefined);
    expect((await world.seen('a.http')).status).to.deep.equal({});
  });

  it('looks at a host name again and again, and follows it', async () => {
    await using world = await aRouteStore();
    await world.add('a.http', { target: { address: 'app.example', port: 1 } });
    let address = '192.0.2.1';
    const { controller } = aController(world, { lookup: () => Promise.resolve([address]) });

    expect(await controller.reconcile('a.http', SIGNAL)).to.deep.equal({ againMs: 30_000 });
    address = '192.0.2.2';
    await world.seen('a.http');
    await controller.reconcile('a.http', SIGNAL);
    expect(await resolved(world, 'a.http')).to.equal('GivenByTask 192.0.2.2:1');
  });

  it('keeps the upstream while the resolver does not answer', async () => {
    await using world = await aRouteStore();
    await world.add('a.http', { target: { address: 'app.example', port: 1 } });
    await aController(world, { lookup: () => Promise.resolve(['192.0.2.1']) }).controller.reconcile(
      'a.http',
      SIGNAL,
    );
    await world.seen('a.http');
    const { controller } = aController(world, {
      lookup: () => Promise.reject(new OperatorError('UPSTREAM_NAME_UNAVAILABLE')),
    });
    const error = await controller.reconcile('a.http', SIGNAL).catch((thrown: unknown) => thrown);

    expect(hasCode(error, 'UPSTREAM_NAME_UNAVAILABLE')).to.equal(true);
    expect(await resolved(world, 'a.http')).to.equal('GivenByTask 192.0.2.1:1');
  });

  it("drops the address of a container that is gone, though ClearML's workers cannot be asked", async () => {
    await using world = await aRouteStore();
    await world.add('a.http', { task: { id: 'a', name: 'a' }, target: BRIDGED });
    const { controller, engine } = aController(world, { workers: unreachable });
    engine.facts = { ...engine.facts, containers: [aContainer('a')] };
    await controller.reconcile('a.http', SIGNAL);
    expect(await resolved(world, 'a.http')).to.equal('FoundByEngine 172.17.0.3:8888');

    engine.facts = { ...engine.facts, containers: [aContainer('b')] };
    const error = await controller.reconcile('a.http', SIGNAL).catch((thrown: unknown) => thrown);
    expect(hasCode(error, 'CLEARML_UNREACHABLE')).to.equal(true);
    expect(await resolved(world, 'a.http')).to.equal('AmbiguousBridgeAddress -');
  });

  it('keeps the address of a worker while ClearML cannot be asked', async () => {
    await using world = await aRouteStore();
    await world.add('a.http', { target: BRIDGED });
    const workers = { addressOf: () => Promise.resolve('192.0.2.50') };
    await aController(world, { workers }).controller.reconcile('a.http', SIGNAL);
    await world.seen('a.http');
    const { controller } = aController(world, { workers: unreachable });
    const error = await controller.reconcile('a.http', SIGNAL).catch((thrown: unknown) => thrown);

    expect(hasCode(error, 'CLEARML_UNREACHABLE')).to.equal(true);
    expect(await resolved(world, 'a.http')).to.equal('FoundByWorker 192.0.2.50:8888');
  });

  it('looks only at routes of tasks whose containers changed', async () => {
    await using world = await aRouteStore();
    for (const id of ['a', 'b', 'c']) await world.add(`${id}.http`, { task: { id, name: id } });
    const { engine, keys } = aController(world);
    engine.changes.next();
    keys.length = 0;

    engine.facts = { ...engine.facts, containers: [aContainer('a'), aContainer('x')] };
    engine.changes.next();
    expect(keys).to.deep.equal(['a.http']);
    keys.length = 0;
    engine.facts = { ...engine.facts, containers: [aContainer('a', { running: false })] };
    engine.changes.next();
    expect(keys).to.deep.equal(['a.http']);
  });

  it('looks at all routes when the engine goes or has other networks', async () => {
    await using world = await aRouteStore();
    for (const id of ['a', 'b']) await world.add(`${id}.http`, { task: { id, name: id } });
    const { engine, keys } = aController(world);
    engine.changes.next();
    for (const change of [{ available: false }, { available: true }, { bridgeSubnets: [] }]) {
      keys.length = 0;
      engine.facts = { ...engine.facts, ...change };
      engine.changes.next();

      expect(keys.toSorted()).to.deep.equal(['a.http', 'b.http']);
    }
  });
});
