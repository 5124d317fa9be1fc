import { expect } from 'chai';
import { NEVER, Subject } from 'rxjs';
import { NameLookup } from '../../../src/composition/name-lookup.ts';
import type {
  ContainerFact,
  EngineFacts,
  NameAnswer,
  NameSource,
  TaskSource,
} from '../../../src/controllers/contracts.ts';
import type { ControllerOptions } from '../../../src/controllers/controller.ts';
import {
  upstreamController,
  type UpstreamDependencies,
} from '../../../src/controllers/upstreams.ts';
import { OperatorError, hasCode } from '../../../src/errors.ts';
import { getCondition } from '../../../src/resources/conditions.ts';
import { FakeDataPlane } from '../../support/fake-data-plane.ts';
import { aTask } from '../../support/builders.ts';
import { aRouteStore, type RouteStore } from '../../support/route-store.ts';

const SIGNAL = new AbortController().signal;
const BRIDGED = { address: '172.17.0.3', port: 8888 };

const NO_TASKS: TaskSource = {
  changes: NEVER,
  get: () => undefined,
  ids: () => [],
  synced: true,
  forget: () => undefined,
  refresh: () => undefined,
};

function saying(answer: NameAnswer): NameSource {
  return { lookup: () => answer, changes: NEVER };
}

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
    tasks: NO_TASKS,
    routes,
    store,
    events: store,
    clock,
    engine,
    dataPlane: new FakeDataPlane(),
    workers: { addressOf: () => Promise.resolve(undefined) },
    names: saying({ addresses: [] }),
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
    const moved = new Subject<string>();
    const names = { lookup: () => ({ addresses: [address] }), changes: moved };
    const { controller, keys } = aController(world, { names });

    expect(await controller.reconcile('a.http', SIGNAL)).to.deep.equal({ againMs: 30_000 });
    await world.seen('a.http');
    keys.length = 0;
    address = '192.0.2.2';
    moved.next('other.example');
    expect(keys).to.deep.equal([]);
    moved.next('app.example');
    expect(keys).to.deep.equal(['a.http']);
    await controller.reconcile('a.http', SIGNAL);
    expect(await resolved(world, 'a.http')).to.equal('GivenByTask 192.0.2.2:1');
  });

  it('keeps the upstream while the resolver does not answer', async () => {
    await using world = await aRouteStore();
    await world.add('a.http', { target: { address: 'app.example', port: 1 } });
    const names = saying({ addresses: ['192.0.2.1'] });
    await aController(world, { names }).controller.reconcile('a.http', SIGNAL);
    await world.seen('a.http');
    for (const [answer, code] of [
      ['unavailable', 'UPSTREAM_NAME_UNAVAILABLE'],
      ['pending', 'UPSTREAM_NAME_PENDING'],
    ] as const) {
      const { controller } = aController(world, { names: saying(answer) });
      const error = await controller.reconcile('a.http', SIGNAL).catch((thrown: unknown) => thrown);

      expect(hasCode(error, code)).to.equal(true);
      expect(await resolved(world, 'a.http')).to.equal('GivenByTask 192.0.2.1:1');
    }
  });

  it('resolves an address at once while the resolver hangs for many names', async () => {
    await using world = await aRouteStore();
    const routes = Array.from({ length: 16 }, (_, index) => `n${index}.http`);
    for (const [index, name] of routes.entries()) {
      await world.add(name, { target: { address: `n${index}.example`, port: 1 } });
    }
    await world.add('a.http');
    const names = new NameLookup({
      clock: { now: () => 0 },
      resolve: () => new Promise(() => undefined),
    });
    const { controller } = aController(world, { names });
    const errors = await Promise.all(
      routes.map((name) =>
        controller.reconcile(name, SIGNAL).then(
          () => 'decided',
          (error: unknown) => hasCode(error, 'UPSTREAM_NAME_PENDING'),
        ),
      ),
    );
    await controller.reconcile('a.http', SIGNAL);

    expect(new Set(errors)).to.deep.equal(new Set([true]));
    expect(await resolved(world, 'a.http')).to.equal('GivenByTask 192.0.2.7:8888');
  });

  it('looks at the routes of a task that tells another host name of its container', async () => {
    await using world = await aRouteStore();
    for (const id of ['a', 'b']) await world.add(`${id}.http`, { task: { id, name: id } });
    const tasks = { ...NO_TASKS, changes: new Subject<string>(), get: () => aTask({ runtime }) };
    let runtime: Record<string, string> = { hostname: 'aaaaaaaaaaaa' };
    const { keys } = aController(world, { tasks });
    keys.length = 0;

    tasks.changes.next('a');
    tasks.changes.next('a');
    expect(keys).to.deep.equal(['a.http']);
    runtime = { hostname: 'bbbbbbbbbbbb', other: 'x' };
    tasks.changes.next('a');
    expect(keys).to.deep.equal(['a.http', 'a.http']);
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
