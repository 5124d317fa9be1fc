import { expect } from 'chai';
import fc from 'fast-check';
import {
  bindStaticRoute,
  standingOf,
  type Asker,
  type StaticAddress,
  type StaticPlace,
} from '../../../src/domain/static-routes.ts';

const PLACE: StaticPlace = { router: 'gw', hasRouteHosts: false };
const ACCEPTED = { accepted: true } as const;

function anAddress(overrides: Partial<StaticAddress> = {}): StaticAddress {
  return {
    name: 'chat',
    uid: 'u1',
    created: '2026-01-01T00:00:00Z',
    path: '/chat',
    enabled: true,
    hadPath: false,
    queue: [],
    ...overrides,
  };
}

function anAsker(route: string, second = 0): Asker {
  return { route, created: `2026-01-01T00:00:0${String(second)}Z` };
}

const anyRoute = fc.constantFrom('a.http', 'b.http', 'c.http', 'd.http');
const anyAskers = fc
  .uniqueArray(fc.tuple(anyRoute, fc.nat(9)), { selector: ([route]) => route })
  .map((pairs) => pairs.map(([route, second]) => anAsker(route, second)));
const anyAddress: fc.Arbitrary<StaticAddress> = fc
  .record(
    {
      name: fc.constantFrom('one', 'two', 'three', 'four'),
      uid: fc.uuid(),
      created: fc.nat(2).map((second) => `2026-01-01T00:00:0${String(second)}Z`),
      path: fc.constantFrom('/x', '/y', '/X'),
      hadPath: fc.boolean(),
      enabled: fc.boolean(),
      router: fc.constantFrom('gw', 'other'),
      holder: anyRoute,
      queue: fc.array(anyRoute),
    },
    { requiredKeys: ['name', 'uid', 'created', 'path', 'hadPath', 'enabled', 'queue'] },
  )
  .map((address) => ({ ...address }));
const anyWorld = fc.uniqueArray(anyAddress, { selector: ({ name }) => name });

describe('standingOf', () => {
  const older = anAddress({ name: 'old', created: '2025-01-01T00:00:00Z' });

  for (const [what, address, others, place, desired] of [
    ['alone', anAddress(), [], PLACE, true],
    ['beside another path', anAddress(), [{ ...older, path: '/other' }], PLACE, true],
    ['beside another case of the path', anAddress(), [{ ...older, path: '/Chat' }], PLACE, true],
    ['beside an older one', anAddress(), [older], PLACE, 'PathTaken'],
    [
      'beside an older one that is disabled',
      anAddress(),
      [{ ...older, enabled: false }],
      PLACE,
      'PathTaken',
    ],
    [
      'beside an older one of another router',
      anAddress(),
      [{ ...older, router: 'b' }],
      PLACE,
      true,
    ],
    ['beside a newer one', older, [anAddress()], PLACE, true],
    [
      'of the same age, with the lower uid',
      anAddress(),
      [anAddress({ name: 'b', uid: 'u2' })],
      PLACE,
      true,
    ],
    [
      'of the same age, with the higher uid',
      anAddress({ uid: 'u3' }),
      [anAddress({ name: 'b', uid: 'u2' })],
      PLACE,
      'PathTaken',
    ],
    [
      'of the same age, with the higher uid, that had the path before',
      anAddress({ uid: 'u3', hadPath: true }),
      [anAddress({ name: 'b', uid: 'u2' })],
      PLACE,
      true,
    ],
    ['for this router', anAddress({ router: 'gw' }), [], PLACE, true],
    ['for another router', anAddress({ router: 'GW' }), [], PLACE, 'OtherRouter'],
    ['with route hosts', anAddress(), [], { ...PLACE, hasRouteHosts: true }, 'NeedsSharedOrigin'],
  ] as const)
    it(`says ${String(desired)} of one ${what}`, () => {
      const standing = standingOf(address, [...others, address], place);

      expect(standing.accepted || standing.reason).to.equal(desired);
    });

  it('names the older one', () => {
    const standing = standingOf(anAddress(), [older, anAddress()], PLACE);

    expect(standing).to.have.property('message').that.includes('"old"');
  });

  it('accepts exactly one for each path, whatever their order', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const accepted = (all: readonly StaticAddress[]): readonly string[] =>
          all
            .filter((one) => standingOf(one, all, PLACE).accepted)
            .map(({ path, name }) => `${path} ${name}`);
        const ours = world.filter(({ router = 'gw' }) => router === 'gw');
        const paths = new Set(ours.map(({ path }) => path));

        expect(accepted(world)).to.have.length(paths.size);
        expect(accepted(world.toReversed())).to.have.members([...accepted(world)]);
      }),
    );
  });
});

describe('bindStaticRoute', () => {
  it('is held by the first comer, and then by whoever waits longest', () => {
    const askers = [anAsker('b.http', 2), anAsker('a.http', 3), anAsker('c.http', 1)];
    const first = bindStaticRoute(anAddress(), ACCEPTED, askers);
    const { holder = '' } = first;
    const rest = askers.filter(({ route }) => route !== 'c.http');

    expect(first).to.deep.equal({ holder: 'c.http', queue: ['c.http', 'b.http', 'a.http'] });
    expect(
      bindStaticRoute(anAddress({ holder, queue: first.queue }), ACCEPTED, rest),
    ).to.deep.equal({
      holder: 'b.http',
      queue: ['b.http', 'a.http'],
    });
  });

  it('is kept, though somebody older comes', () => {
    const address = anAddress({ holder: 'z.http', queue: ['z.http'] });
    const binding = bindStaticRoute(address, ACCEPTED, [
      anAsker('a.http', 0),
      anAsker('z.http', 9),
    ]);

    expect(binding).to.deep.equal({ holder: 'z.http', queue: ['z.http', 'a.http'] });
  });

  it('is given to nobody while it is disabled or not accepted, and then to the former one', () => {
    const askers = [anAsker('a.http'), anAsker('b.http', 1)];
    const held = { holder: 'b.http', queue: ['b.http', 'a.http'] };
    const refused = { accepted: false, reason: 'PathTaken', message: 'x' } as const;
    const disabled = bindStaticRoute(anAddress({ ...held, enabled: false }), ACCEPTED, askers);

    expect(disabled).to.deep.equal({ queue: held.queue });
    expect(bindStaticRoute(anAddress(held), refused, askers)).to.deep.equal({ queue: held.queue });
    expect(bindStaticRoute(anAddress({ queue: disabled.queue }), ACCEPTED, askers)).to.deep.equal(
      held,
    );
  });

  it('is total and stable: one holder at most, of those that ask, who stays until the end', () => {
    fc.assert(
      fc.property(anyAddress, anyAskers, anyAskers, (address, askers, later) => {
        const before = bindStaticRoute(address, ACCEPTED, askers);
        const { holder, queue } = before;
        const names = askers.map(({ route }) => route);
        expect(queue).to.have.members(names);
        expect(holder).to.equal(address.enabled ? queue[0] : undefined);

        const { holder: former, ...rest } = address;
        if (former !== undefined && names.includes(former) && address.enabled)
          expect(holder).to.equal(former);
        const now = { ...rest, queue, ...(holder === undefined ? {} : { holder }) };
        expect(bindStaticRoute(now, ACCEPTED, askers)).to.deep.equal(before);

        const next = bindStaticRoute(now, ACCEPTED, later);
        if (holder !== undefined && later.some(({ route }) => route === holder)) {
          expect(next.holder).to.equal(holder);
        }
        const waited = queue.filter((route) => later.some((asker) => asker.route === route));
        expect(next.queue.slice(0, waited.length)).to.deep.equal(waited);
      }),
    );
  });
});
