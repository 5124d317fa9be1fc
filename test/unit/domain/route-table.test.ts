import { expect } from 'chai';
import fc from 'fast-check';
import {
  EMPTY_TABLE,
  applyDelta,
  diffTables,
  isEmptyDelta,
  type HttpEntry,
  type RouteTable,
  type TcpEntry,
} from '../../../src/domain/route-table.ts';

const anyHttp: fc.Arbitrary<HttpEntry> = fc
  .record(
    {
      route: fc.constantFrom('a.http', 'b.http'),
      task: fc.constantFrom('a', 'b'),
      since: fc.nat(3),
      host: fc.constantFrom('192.0.2.1', '192.0.2.2'),
      port: fc.integer({ min: 1, max: 3 }),
      keep: fc.constant(true as const),
      answered: fc.constant(true as const),
    },
    { requiredKeys: ['route', 'task', 'since'] },
  )
  .map((entry) => ({ ...entry }));
const anyTcp: fc.Arbitrary<TcpEntry> = fc
  .record(
    {
      route: fc.constantFrom('a.tcp', 'b.tcp'),
      task: fc.constantFrom('a', 'b'),
      upstream: fc.constantFrom('192.0.2.1:22', '[2001:db8::1]:22'),
    },
    { requiredKeys: ['route', 'task'] },
  )
  .map((entry) => ({ ...entry }));

function record<T>(
  keys: readonly string[],
  value: fc.Arbitrary<T>,
): fc.Arbitrary<Record<string, T>> {
  return fc
    .uniqueArray(fc.tuple(fc.constantFrom(...keys), value), { selector: ([key]) => key })
    .map((entries) => Object.fromEntries(entries));
}

const anyTable: fc.Arbitrary<RouteTable> = fc.record({
  http: record(['a', 'b', 'a--x', 'b--y'], anyHttp),
  tcp: record(['30000', '30001', '30002'], anyTcp),
});

describe('route table deltas', () => {
  it('lead from any table to any other through any sequence', () => {
    fc.assert(
      fc.property(fc.array(anyTable, { maxLength: 8 }), (tables) => {
        let observed = EMPTY_TABLE;
        for (const desired of tables) {
          observed = applyDelta(observed, diffTables(observed, desired));

          expect(observed).to.deep.equal(desired);
        }
      }),
    );
  });

  it('are empty when the tables are equal, and only then', () => {
    fc.assert(
      fc.property(anyTable, anyTable, (left, right) => {
        expect(isEmptyDelta(diffTables(left, structuredClone(left)))).to.equal(true);
        const same = JSON.stringify(sorted(left)) === JSON.stringify(sorted(right));
        expect(isEmptyDelta(diffTables(left, right))).to.equal(same);
      }),
    );
  });

  it('survive the way over the channel as JSON', () => {
    fc.assert(
      fc.property(anyTable, anyTable, (observed, desired) => {
        const delta = diffTables(observed, desired);
        const received = JSON.parse(JSON.stringify(delta)) as typeof delta;

        expect(applyDelta(observed, received)).to.deep.equal(desired);
      }),
    );
  });

  it('see a field that came, and one that went', () => {
    const bare = { route: 'a.http', task: 'a', since: 1 };
    const before = { http: { a: bare }, tcp: {} };
    const after = { http: { a: { ...bare, answered: true as const } }, tcp: {} };

    expect(diffTables(before, after).http.set).to.deep.equal(after.http);
    expect(diffTables(after, before).http.set).to.deep.equal(before.http);
  });

  it('never hold a key both to set and to remove', () => {
    fc.assert(
      fc.property(anyTable, anyTable, (observed, desired) => {
        const { http, tcp } = diffTables(observed, desired);

        for (const { set, remove } of [http, tcp]) {
          expect(remove.filter((key) => key in set)).to.deep.equal([]);
        }
      }),
    );
  });
});

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, entry]) => [key, sorted(entry)] as const);
  return Object.fromEntries(entries.sort(([left], [right]) => (left < right ? -1 : 1)));
}
