import { expect } from 'chai';
import fc from 'fast-check';
import {
  planLeases,
  type LeaseClaim,
  type LeaseFacts,
  type LeasePlan,
} from '../../../src/domain/port-lease.ts';

const NOW = 1_000_000;

function facts(overrides: Partial<LeaseFacts> = {}): LeaseFacts {
  return {
    leases: [],
    resting: [],
    claims: [],
    leasable: new Set([30_000, 30_001, 30_002]),
    now: NOW,
    restMs: 60_000,
    ...overrides,
  };
}

function claims(...routes: readonly string[]): readonly LeaseClaim[] {
  return routes.map((route) => ({ route }));
}

/** Port by route. */
function held(plan: LeasePlan): Readonly<Record<string, number>> {
  return Object.fromEntries(plan.leases.map(({ route, port }) => [route, port]));
}

const anyPort = fc.integer({ min: 30_000, max: 30_009 });
const anyRoute = fc.constantFrom(...'abcdefghijklmn'.split(''));
const anyClaim: fc.Arbitrary<LeaseClaim> = fc.oneof(
  fc.record({ route: anyRoute }),
  fc.record({ route: anyRoute, wish: anyPort }),
);
const anyFacts: fc.Arbitrary<LeaseFacts> = fc
  .record({
    leases: fc.uniqueArray(fc.record({ port: anyPort, route: anyRoute }), {
      selector: ({ port }) => port,
    }),
    resting: fc.uniqueArray(
      fc.record({ port: anyPort, until: fc.integer({ min: NOW - 10, max: NOW + 10 }) }),
      { selector: ({ port }) => port },
    ),
    claims: fc.uniqueArray(anyClaim, { selector: ({ route }) => route }),
    leasable: fc.uniqueArray(anyPort).map((ports) => new Set(ports)),
  })
  .map(({ leases, resting, ...rest }) => {
    const byRoute = new Map(leases.map((lease) => [lease.route, lease]));
    const unique = [...byRoute.values()];
    const leased = new Set(unique.map(({ port }) => port));
    return facts({
      ...rest,
      leases: unique,
      resting: resting.filter(({ port }) => !leased.has(port)),
    });
  });

describe('planLeases', () => {
  it('gives the lowest free ports in the order of names', () => {
    const plan = planLeases(facts({ claims: claims('b', 'a') }));

    expect(held(plan)).to.deep.equal({ a: 30_000, b: 30_001 });
    expect(plan.unserved).to.deep.equal([]);
  });

  it('lets a holder keep its port when the proxy does not report it', () => {
    const plan = planLeases(
      facts({ leases: [{ port: 30_009, route: 'a' }], claims: claims('a'), leasable: new Set() }),
    );

    expect(held(plan)).to.deep.equal({ a: 30_009 });
  });

  it('rests a freed port', () => {
    const plan = planLeases(facts({ leases: [{ port: 30_000, route: 'a' }], claims: claims('b') }));

    expect(held(plan)).to.deep.equal({ b: 30_001 });
    expect(plan.resting).to.deep.equal([{ port: 30_000, route: 'a', until: NOW + 60_000 }]);
  });

  it('gives a task that comes back its old port, though it rests', () => {
    const resting = [{ port: 30_002, route: 'a', until: NOW + 1 }];
    const plan = planLeases(facts({ resting, claims: claims('a') }));

    expect(held(plan)).to.deep.equal({ a: 30_002 });
    expect(plan.resting).to.deep.equal([]);
  });

  it('gives a rested port to anyone', () => {
    const resting = [{ port: 30_000, route: 'a', until: NOW }];
    const plan = planLeases(facts({ resting, claims: claims('b') }));

    expect(held(plan)).to.deep.equal({ b: 30_000 });
    expect(plan.resting).to.deep.equal([]);
  });

  it('honours a wish for a port that rests for nobody in particular', () => {
    const resting = [30_000, 30_001].map((port) => ({ port, until: NOW + 1 }));
    const plan = planLeases(facts({ resting, claims: [{ route: 'a', wish: 30_001 }] }));

    expect(held(plan)).to.deep.equal({ a: 30_001 });
  });

  it('honours a wish before anyone who wishes nothing takes the port', () => {
    const plan = planLeases(facts({ claims: [{ route: 'a' }, { route: 'b', wish: 30_000 }] }));

    expect(held(plan)).to.deep.equal({ a: 30_001, b: 30_000 });
  });

  it('does not give a port that rests for somebody else, whatever is wished', () => {
    const resting = [{ port: 30_000, route: 'a', until: NOW + 1 }];
    const plan = planLeases(facts({ resting, claims: [{ route: 'b', wish: 30_000 }] }));

    expect(held(plan)).to.deep.equal({ b: 30_001 });
  });

  it('gives a port that two wish to neither while it rests: only one of them can be right', () => {
    const claims = ['a', 'b'].map((route) => ({ route, wish: 30_001 }));
    const resting = [{ port: 30_001, until: NOW + 1 }];

    expect(held(planLeases(facts({ claims, resting })))).to.deep.equal({ a: 30_000, b: 30_002 });
  });

  it('gives a contested port to nobody, also when one of the two was served otherwise', () => {
    const claims = ['a', 'b'].map((route) => ({ route, wish: 30_001 }));
    const resting = [{ port: 30_001, until: NOW + 1 }];
    const given = facts({ claims, resting, leasable: new Set([30_000, 30_001]) });
    const first = planLeases(given);

    expect(held(first)).to.deep.equal({ a: 30_000 });
    expect(planLeases({ ...given, ...first })).to.deep.equal(first);
  });

  it('ignores a wish for a port that is not ours to give', () => {
    const plan = planLeases(facts({ claims: [{ route: 'a', wish: 22 }] }));

    expect(held(plan)).to.deep.equal({ a: 30_000 });
  });

  it('says who got nothing when the pool is exhausted', () => {
    const plan = planLeases(facts({ claims: claims('a', 'b'), leasable: new Set([30_000]) }));

    expect(held(plan)).to.deep.equal({ a: 30_000 });
    expect(plan.unserved).to.deep.equal(['b']);
  });

  it('never leases a port twice, nor one outside what it may lease', () => {
    fc.assert(
      fc.property(anyFacts, (given) => {
        const { leases, resting } = planLeases(given);
        const ports = leases.map(({ port }) => port);
        const former = new Set(given.leases.map(({ port }) => port));

        expect(new Set(ports).size).to.equal(ports.length);
        expect(new Set(leases.map(({ route }) => route)).size).to.equal(leases.length);
        expect(ports.every((port) => given.leasable.has(port) || former.has(port))).to.equal(true);
        expect(resting.some(({ port }) => ports.includes(port))).to.equal(false);
        expect(new Set(resting.map(({ port }) => port)).size).to.equal(resting.length);
      }),
    );
  });

  it('is stable: planning again changes nothing', () => {
    fc.assert(
      fc.property(anyFacts, (given) => {
        const first = planLeases(given);

        expect(planLeases({ ...given, ...first })).to.deep.equal(first);
      }),
    );
  });

  it('lets nobody starve while a port is free, and forgets no claim', () => {
    fc.assert(
      fc.property(anyFacts, (given) => {
        const plan = planLeases(given);
        const taken = new Set([...plan.leases, ...plan.resting].map(({ port }) => port));
        const free = [...given.leasable].filter((port) => !taken.has(port));
        const known = [...plan.leases.map(({ route }) => route), ...plan.unserved];

        if (plan.unserved.length > 0) expect(free).to.deep.equal([]);
        expect(known.toSorted()).to.deep.equal(given.claims.map(({ route }) => route).toSorted());
      }),
    );
  });

  it('never moves a holder', () => {
    fc.assert(
      fc.property(anyFacts, (given) => {
        const claimed = new Set(given.claims.map(({ route }) => route));
        const after = held(planLeases(given));

        for (const { route, port } of given.leases) {
          if (claimed.has(route)) expect(after[route]).to.equal(port);
        }
      }),
    );
  });

  it('lets no port pass from one to another without its rest', () => {
    fc.assert(
      fc.property(anyFacts, fc.uniqueArray(anyRoute), (given, next) => {
        const first = planLeases(given);
        const second = planLeases({ ...given, ...first, claims: claims(...next), now: NOW + 1 });

        for (const { port, route } of second.leases) {
          const before = first.leases.find((lease) => lease.port === port);
          if (before !== undefined) expect(before.route).to.equal(route);
        }
      }),
    );
  });

  it('is quick for ten thousand newcomers and resting ports', () => {
    const ports = Array.from({ length: 10_000 }, (_, index) => 20_000 + index);
    const routes = ports.map((port) => `${port}.tcp`);
    const start = performance.now();

    planLeases(
      facts({
        resting: ports.map((port) => ({ port, route: `x${port}`, until: NOW + 1 })),
        claims: routes.map((route, index) => ({ route, wish: ports.at(-index - 1)! })),
        leasable: new Set(ports),
      }),
    );

    expect(performance.now() - start).to.be.below(2_000);
  });
});
