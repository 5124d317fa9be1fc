import { expect } from 'chai';
import fc from 'fast-check';
import {
  applyDelta,
  diffTables,
  EMPTY_TABLE,
  type RouteTable,
} from '../../../src/domain/route-table.ts';
import {
  appendToLog,
  changesSince,
  startLog,
  type TableLog,
} from '../../../src/proxy/table-log.ts';
import { anHttpEntry, aTable, aTcpEntry } from '../../support/route-tables.ts';

interface Worker {
  generation: number;
  table: RouteTable;
}

function after(log: TableLog, table: RouteTable, generation: number): TableLog {
  return appendToLog(log, { table, generation, delta: diffTables(log.table, table) });
}

/** What the worker makes of an answer; a lost one changes nothing. */
function tell(worker: Worker, log: TableLog): void {
  const changes = changesSince(log, worker.generation);
  if (changes.kind === 'full') worker.table = log.table;
  if (changes.kind === 'delta') worker.table = applyDelta(worker.table, changes.delta);
  worker.generation = log.generation;
}

const tasks = ['a', 'b', 'c', 'd', 'e'] as const;
const ports = ['30000', '30001', '30002'] as const;

const tables: fc.Arbitrary<RouteTable> = fc.record({
  http: fc.dictionary(
    fc.constantFrom(...tasks),
    fc.integer({ min: 1, max: 3 }).map((port) => anHttpEntry('t', { port })),
  ),
  tcp: fc.dictionary(
    fc.constantFrom(...ports),
    fc.constantFrom(...tasks).map((task) => aTcpEntry(task)),
  ),
});

type Move =
  | { readonly kind: 'apply'; readonly table: RouteTable; readonly gap: number }
  | { readonly kind: 'poll'; readonly worker: number; readonly isLost: boolean }
  | { readonly kind: 'restart' };

const moves: fc.Arbitrary<Move> = fc.oneof(
  fc.record({
    kind: fc.constant('apply' as const),
    table: tables,
    gap: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({
    kind: fc.constant('poll' as const),
    worker: fc.nat({ max: 2 }),
    isLost: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('restart' as const) }),
);

describe('table log', () => {
  it('leaves every worker with the full table after any sequence of applies and polls', () => {
    fc.assert(
      fc.property(
        fc.array(moves, { maxLength: 60 }),
        fc.integer({ min: 0, max: 12 }),
        (sequence, limit) => {
          let log = startLog(EMPTY_TABLE, 1, limit);
          const workers: Worker[] = [0, 0, 1].map((generation) => ({
            generation,
            table: EMPTY_TABLE,
          }));
          for (const move of sequence) {
            if (move.kind === 'apply') {
              log = after(log, move.table, log.generation + move.gap);
            } else if (move.kind === 'restart') {
              log = startLog(log.table, log.generation + 1, limit);
            } else {
              const worker = workers[move.worker];
              if (worker !== undefined && !move.isLost) tell(worker, log);
            }
          }
          for (const worker of workers) {
            tell(worker, log);
            expect(worker.table).to.deep.equal(log.table);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('tells a worker at an earlier generation only what changed since', () => {
    const first = startLog(aTable('a', 'b'), 5, 100);
    const log = after(after(first, aTable('a', 'b', 'c'), 6), aTable('a', 'c'), 7);

    expect(changesSince(log, 6)).to.deep.equal({
      kind: 'delta',
      delta: { http: { set: {}, remove: ['b'] }, tcp: { set: {}, remove: [] } },
    });
    expect(changesSince(log, 5)).to.deep.equal({
      kind: 'delta',
      delta: {
        http: { set: { c: anHttpEntry('c') }, remove: ['b'] },
        tcp: { set: {}, remove: [] },
      },
    });
  });

  it('tells nothing to a worker at the newest generation', () => {
    expect(changesSince(startLog(aTable('a'), 5, 100), 5)).to.deep.equal({ kind: 'none' });
  });

  it('tells the full table to a worker at a generation that it never had', () => {
    const log = after(startLog(aTable('a'), 5, 100), aTable(), 9);

    for (const generation of [0, 4, 6, 8, 10]) {
      expect(changesSince(log, generation)).to.deep.equal({ kind: 'full' });
    }
  });

  it('forgets the oldest changes when there are more than its limit', () => {
    let log = startLog(aTable(), 0, 6);
    for (let count = 1; count <= 10; count += 1) {
      log = after(log, aTable(...tasks.slice(0, count % 5)), count);
    }

    expect(changesSince(log, 9).kind).to.equal('delta');
    expect(changesSince(log, 5).kind).to.equal('full');
    expect(log.steps.reduce((sum, step) => sum + step.size, 0)).to.be.at.most(6);
  });
});
