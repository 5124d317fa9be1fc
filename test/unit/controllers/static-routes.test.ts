import { expect } from 'chai';
import type { ControllerOptions } from '../../../src/controllers/controller.ts';
import { acceptance } from '../../../src/controllers/acceptance.ts';
import { staticRouteController } from '../../../src/controllers/static-routes.ts';
import type { StaticRouteSpec, TaskRouteStatus } from '../../../src/resources/generated.ts';
import type { StaticRoute } from '../../../src/resources/kinds.ts';
import { eventually } from '../../support/eventually.ts';
import { aStaticRoute } from '../../support/resources.ts';
import { aRouteStore, type RouteStore } from '../../support/route-store.ts';

const SIGNAL = new AbortController().signal;
const URL = 'https://gw.example/chat/';

function aController(
  { store, routes, statics, clock }: RouteStore,
  hasRouteHosts = false,
): ControllerOptions {
  return staticRouteController({
    store,
    events: store,
    clock,
    routes,
    statics,
    staticPlace: { router: 'gw', hasRouteHosts },
    place: { routerUrl: 'https://gw.example' },
  });
}

/** Adds a StaticRoute `chat` and waits until the informer has it. */
async function chat(world: RouteStore, spec: Partial<StaticRouteSpec> = {}): Promise<StaticRoute> {
  const made = await world.store.create(aStaticRoute('chat', spec));
  await eventually(() => expect(world.statics.get('chat')).to.not.equal(undefined));
  return made;
}

/** Adds a TaskRoute that asks for `chat`. */
async function asker(world: RouteStore, task: string): Promise<string> {
  const name = `${task}.http`;
  await world.add(name, { staticRoute: 'chat', task: { id: task, name: `task ${task}` } });
  return name;
}

async function decided(world: RouteStore, controller = aController(world)): Promise<StaticRoute> {
  await controller.reconcile('chat', SIGNAL);
  return eventually(async () => {
    const stored = await world.store.get('StaticRoute', 'chat');
    if (stored === undefined || world.statics.get('chat') !== stored) throw new Error('not seen');
    return stored;
  });
}

function reasons({ status }: StaticRoute): Readonly<Record<string, string>> {
  return Object.fromEntries(
    (status.conditions ?? []).map(({ type, status: is, reason }) => [type, `${is} ${reason}`]),
  );
}

async function setStatus(world: RouteStore, name: string, status: TaskRouteStatus): Promise<void> {
  const route = await world.seen(name);
  await world.store.updateStatus<'TaskRoute'>({ ...route, status });
  await world.seen(name);
}

/** Keys that the controller is brought to while something happens. */
async function keysOf(
  controller: ControllerOptions,
  happens: () => Promise<unknown>,
  count: number,
): Promise<readonly string[]> {
  const keys: string[] = [];
  const heard = controller.sources.map((source) => source.subscribe((key) => keys.push(key)));
  await happens();
  await eventually(() => expect(keys).to.have.length.at.least(count));
  for (const one of heard) one.unsubscribe();
  return keys;
}

describe('staticRouteController', () => {
  it('says that nobody asks', async () => {
    await using world = await aRouteStore();
    await chat(world);
    const found = await decided(world);

    expect(found.status).to.deep.include({ state: 'NotInUse', url: URL, targets: [], tasks: [] });
    expect(reasons(found)).to.deep.equal({
      Accepted: 'True Accepted',
      Programmed: 'False NotInUse',
      Ready: 'False NotInUse',
    });
    expect(found.status.route).to.equal(undefined);
  });

  it('binds the first comer, waits for the proxies, and says when they serve it', async () => {
    await using world = await aRouteStore();
    await chat(world);
    const name = await asker(world, 'a1');
    const bound = await decided(world);
    await setStatus(world, name, {
      endpoint: URL,
      upstream: { address: '2001:db8::7', port: 80, source: 'task' },
      conditions: [
        {
          type: 'Programmed',
          status: 'True',
          reason: 'Programmed',
          message: '',
          lastTransitionTime: '2026-01-01T00:00:00Z',
        },
      ],
    });
    const served = await decided(world);

    expect(bound.status).to.deep.include({ state: 'Pending', route: name });
    expect(reasons(bound)).to.include({ Programmed: 'False WaitingForProxy' });
    expect(served.status).to.deep.include({
      state: 'Routing',
      targets: ['[2001:db8::7]:80'],
      tasks: [{ id: 'a1', name: 'task a1', route: name }],
    });
    expect(reasons(served)).to.include({ Ready: 'True Ready' });
  });

  it('does not call a route served that is live at its former address', async () => {
    await using world = await aRouteStore();
    await chat(world, { path: '/new' });
    const name = await asker(world, 'a1');
    await setStatus(world, name, {
      endpoint: URL,
      conditions: [
        {
          type: 'Programmed',
          status: 'True',
          reason: 'Programmed',
          message: '',
          lastTransitionTime: '2026-01-01T00:00:00Z',
        },
      ],
    });

    expect((await decided(world)).status.state).to.equal('Pending');
  });

  it('writes nothing twice', async () => {
    await using world = await aRouteStore();
    await chat(world);
    await asker(world, 'a1');
    const once = await decided(world);

    expect(await decided(world)).to.equal(once);
  });

  it('keeps who waits within the bounds of a status', async () => {
    await using world = await aRouteStore();
    await chat(world);
    for (let index = 10; index < 80; index += 1) await asker(world, `t${String(index)}`);
    const { status } = await decided(world);

    expect(status.tasks).to.have.length(64);
    expect(status.route).to.equal('t10.http');
  });

  it('says that it is for another router, unless that one is here and says it itself', async () => {
    await using world = await aRouteStore();
    await chat(world, { router: 'other' });
    const found = await decided(world);
    expect(reasons(found)).to.include({ Accepted: 'False OtherRouter' });
    expect(found.status.url).to.equal(undefined);

    await world.store.create<'Router'>({
      kind: 'Router',
      metadata: { name: 'other' },
      spec: { name: 'other', url: 'https://other.example' },
    });
    await world.store.updateStatus<'StaticRoute'>({ ...found, status: {} });

    expect((await decided(world)).status).to.deep.equal({});
  });

  it('serves none where every endpoint has a host of its own', async () => {
    await using world = await aRouteStore();
    await chat(world);
    await asker(world, 'a1');
    const found = await decided(world, aController(world, true));

    expect(reasons(found)).to.include({
      Accepted: 'False NeedsSharedOrigin',
      Programmed: 'False NotAccepted',
    });
    expect(found.status).to.include({ state: 'Pending' }).and.not.have.property('route');
  });

  it('records what turned as events', async () => {
    await using world = await aRouteStore();
    await chat(world, { enabled: false });
    await decided(world);
    const { items } = await world.store.listEvents();

    expect(
      items.map(({ kind, name, type, reason }) => `${kind} ${name} ${type} ${reason}`),
    ).to.have.members(['StaticRoute chat Normal Accepted', 'StaticRoute chat Normal Disabled']);
  });

  it('looks at all of them when a spec changed, and at one when only a status did', async () => {
    await using world = await aRouteStore();
    const controller = aController(world);
    const first = await keysOf(controller, () => world.store.create(aStaticRoute('a')), 1);
    const both = await keysOf(controller, () => world.store.create(aStaticRoute('chat')), 2);
    const gone = await keysOf(controller, () => world.store.delete('StaticRoute', 'a'), 1);

    expect(first).to.deep.equal(['a']);
    expect(both).to.have.members(['a', 'chat']);
    expect(gone).to.deep.equal(['chat']);

    await keysOf(controller, () => world.store.create(aStaticRoute('b')), 2);
    expect(await keysOf(controller, () => decided(world), 1)).to.deep.equal(['chat']);
  });

  it('looks at the StaticRoute that a task leaves as well', async () => {
    await using world = await aRouteStore();
    const keys = await keysOf(
      aController(world),
      async () => {
        await asker(world, 'a1');
        const route = await world.seen('a1.http');
        await world.store.update<'TaskRoute'>({
          ...route,
          spec: { ...route.spec, staticRoute: 'other' },
        });
        await world.seen('a1.http');
        await world.store.delete('TaskRoute', 'a1.http');
      },
      4,
    );

    expect(keys).to.deep.equal(['chat', 'chat', 'other', 'other']);
  });
});

describe('acceptance', () => {
  const cases = {
    StaticRouteNotFound: (world: RouteStore) => world.store.get('StaticRoute', 'chat'),
    StaticRouteDisabled: (world: RouteStore) => chat(world, { enabled: false }),
    StaticRouteNotAccepted: async (world: RouteStore) => {
      await chat(world, { router: 'other' });
      await decided(world);
    },
    StaticRouteInUse: async (world: RouteStore) => {
      await chat(world);
      await asker(world, 'a0');
      await decided(world);
    },
    Pending: (world: RouteStore) => chat(world),
    Accepted: async (world: RouteStore) => {
      await chat(world);
      await decided(world);
    },
  } as const;

  for (const [reason, prepare] of Object.entries(cases))
    it(`says ${reason}`, async () => {
      await using world = await aRouteStore();
      await prepare(world);
      const name = await asker(world, 'a1');
      if (reason === 'Accepted') await decided(world);
      const verdict = acceptance(await world.seen(name), world.statics);

      expect(verdict.reason).to.equal(reason);
      const status = { Accepted: 'True', Pending: 'Unknown' }[reason] ?? 'False';
      expect(verdict.status).to.equal(status);
    });

  it('names who is served and what stands in the way', async () => {
    await using world = await aRouteStore();
    await cases.StaticRouteInUse(world);
    const name = await asker(world, 'a1');

    expect(acceptance(await world.seen(name), world.statics).message).to.match(
      /^Task a0 came first/,
    );
  });
});
