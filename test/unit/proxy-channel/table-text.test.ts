import { expect } from 'chai';
import fc from 'fast-check';
import { diffTables, EMPTY_TABLE, type RouteTable } from '../../../src/domain/route-table.ts';
import { TableText, type TableParts } from '../../../src/proxy/table-text.ts';
import { aLargeTable, anHttpEntry, aTcpEntry } from '../../support/route-tables.ts';

function parsed(parts: TableParts): unknown {
  return JSON.parse(`{"http":${parts.http.toString()},"tcp":${parts.tcp.toString()}}`) as unknown;
}

const tables: fc.Arbitrary<RouteTable> = fc.record({
  http: fc.dictionary(
    fc.stringMatching(/^[a-f0-9]{1,2}(--[a-z])?$/),
    fc.string().map((task) => anHttpEntry(`t${task}`)),
  ),
  tcp: fc.dictionary(
    fc.integer({ min: 1, max: 20 }).map(String),
    fc.string().map((task) => aTcpEntry(`t${task}`)),
  ),
});

describe('TableText', () => {
  it('is the JSON of the table after any sequence of deltas', () => {
    fc.assert(
      fc.property(fc.array(tables, { minLength: 1, maxLength: 8 }), (sequence) => {
        const text = new TableText();
        text.reset(EMPTY_TABLE);
        let observed = EMPTY_TABLE;
        for (const desired of sequence) {
          text.apply(diffTables(observed, desired));
          observed = desired;
          expect(parsed(text.parts())).to.deep.equal(desired);
        }
      }),
    );
  });

  it('starts over with another table', () => {
    const text = new TableText();
    text.reset(aLargeTable(300));
    text.reset(aLargeTable(2));

    expect(parsed(text.parts())).to.deep.equal(aLargeTable(2));
  });

  it('keeps the parts that it gave when the table changes later', () => {
    const text = new TableText();
    text.reset(aLargeTable(1));
    const parts = text.parts();
    text.reset(EMPTY_TABLE);

    expect(parsed(parts)).to.deep.equal(aLargeTable(1));
  });
});
