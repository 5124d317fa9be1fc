import { expect } from 'chai';
import fc from 'fast-check';
import { seatedAt, seatsOf, type StaticFacts } from '../../../src/controllers/static-facts.ts';
import { ProgrammedGenerations } from '../../../src/controllers/programmed-generations.ts';
import { programmingController } from '../../../src/controllers/programming.ts';
import { getCondition } from '../../../src/resources/conditions.ts';
import type { StaticRoute, TaskRoute } from '../../../src/resources/kinds.ts';
import { eventually } from '../../support/eventually.ts';
import { FakeDataPlane } from '../../support/fake-data-plane.ts';
import { aStaticRoute, aTaskRoute } from '../../support/resources.ts';
import { aRouteStore } from '../../support/route-store.ts';
import { anHttpEntry } from '../../support/route-tables.ts';

const PLACE = { router: 'gw', hasRouteHosts: false };

function stored<T extends { readonly kind: string; readonly metadata: { readonly name: string } }>(
  draft: T,
  uid: string,
  created = '2026-01-01T00:00:00Z',
) {
  return {
    apiVersion: 'clearway.dev/v1alpha1' as const,
    ...draft,
    metadata: {
      name: draft.metadata.name,
      namespace: 'default',
      uid,
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: created,
    },
  };
}

const anyName = fc.constantFrom('one', 'two', 'three');
const anyHolder = fc.constantFrom('a.http', 'b.http', 'c.http', 'gone.http');
const anyStatics: fc.Arbitrary<readonly StaticRoute[]> = fc.uniqueArray(
  fc
    .record({
      name: anyName,
      uid: fc.uuid(),
      path: fc.constantFrom('/x', '/y'),
      enabled: fc.boolean(),
      access: fc.constantFrom('authenticated', 'public'),
      router: fc.constantFrom('gw', 'other', undefined),
      holder: fc.option(anyHolder, { nil: undefined }),
    })
    .map(({ name, uid, path, enabled, access, router, holder }) => ({
      ...stored(
        aStaticRoute(name, { path, enabled, access, ...(router === undefined ? {} : { router }) }),
        uid,
      ),
      status: holder === undefined ? {} : { route: holder },
    })),
  { selector: ({ metadata }) => metadata.name },
);
const anyRoutes: fc.Arbitrary<readonly TaskRoute[]> = fc.uniqueArray(
  fc
    .record({
      name: anyHolder,
      asks: fc.option(anyName, { nil: undefined }),
      refused: fc.boolean(),
    })
    .map(({ name, asks, refused }) => ({
      ...stored(
        aTaskRoute(name, {
          ...(asks === undefined ? {} : { staticRoute: asks }),
          ...(refused ? { refusal: { reason: 'InvalidPort', message: 'x' } } : {}),
        }),
        name,
      ),
      status: {},
    })),
  { selector: ({ metadata }) => metadata.name },
);

function factsOf(statics: readonly StaticRoute[], routes: readonly TaskRoute[]): StaticFacts {
  return {
    staticPlace: PLACE,
    statics: {
      items: () => statics,
      get: (name) => statics.find(({ metadata }) => metadata.name === name),
    },
    routes: {
      get: (name) => routes.find(({ metadata }) => metadata.name === name),
      byIndex: (_, value) => routes.filter(({ spec }) => spec.staticRoute === value),
    },
  };
}

describe('seatsOf', () => {
  it('gives each path to one route at most, that asks, is in order and is bound, at an enabled StaticRoute of ours', () => {
    fc.assert(
      fc.property(anyStatics, anyRoutes, (statics, routes) => {
        const facts = factsOf(statics, routes);
        const seats = [...seatsOf(facts)];

        expect(new Set(seats.map(([, { path }]) => path)).size).to.equal(seats.length);
        for (const [name, seat] of seats) {
          const route = routes.find(({ metadata }) => metadata.name === name);
          const found = statics.find(({ metadata }) => metadata.name === route?.spec.staticRoute);
          expect(route?.spec.refusal).to.equal(undefined);
          expect(found?.status.route).to.equal(name);
          expect(found?.spec).to.include({ path: seat.path, enabled: true });
          expect(found?.spec.router ?? 'gw').to.equal('gw');
          expect(seat.open).to.equal(found?.spec.access === 'public');
        }
        for (const route of routes)
          expect(seatedAt(facts, route) !== undefined).to.equal(
            seats.some(([name]) => name === route.metadata.name),
          );
      }),
    );
  });
});

describe('programmingController at a StaticRoute', () => {
  it('says that a route is served at its new path only when the table has it there', async () => {
    await using world = await aRouteStore();
    const { store, routes, statics, pools, clock } = world;
    const chat = await store.create(aStaticRoute('chat', { path: '/new' }));
    const route = await world.add('a1.http', { staticRoute: 'chat' });
    await store.updateStatus<'StaticRoute'>({ ...chat, status: { route: 'a1.http' } });
    const upstream = { address: '127.0.0.1', port: 8888, source: 'task' } as const;
    await store.updateStatus<'TaskRoute'>({ ...route, status: { upstream } });
    await world.seen('a1.http');
    await eventually(() => expect(statics.get('chat')?.status.route).to.equal('a1.http'));
    const [dataPlane, programmed] = [new FakeDataPlane(), new ProgrammedGenerations()];
    dataPlane.acknowledged = 10;
    const controller = programmingController({
      ...{ store, events: store, clock, routes, statics, pools, dataPlane, programmed },
      staticPlace: PLACE,
      place: { routerUrl: 'https://gw.example' },
      pool: 'gw',
    });
    const look = async (
      key: string,
    ): Promise<readonly [string | undefined, string | undefined]> => {
      programmed.applied({ http: { [key]: anHttpEntry('a1') }, tcp: {} }, 1);
      await controller.reconcile('a1.http', new AbortController().signal);
      const { status } = await world.seen('a1.http');
      const condition = getCondition(status.conditions ?? [], 'Programmed');
      return [condition?.reason, status.endpoint];
    };

    expect(await look('/old')).to.deep.equal(['WaitingForProxy', undefined]);
    expect(await look('a1')).to.deep.equal(['WaitingForProxy', undefined]);
    expect(await look('/new')).to.deep.equal(['Programmed', 'https://gw.example/new/']);
  });
});
