import { expect } from 'chai';
import fc from 'fast-check';
import type { RouteTable } from '../../../src/domain/route-table.ts';
import { formatSnapshot, parseSnapshot } from '../../../src/proxy/snapshot.ts';
import { TableText } from '../../../src/proxy/table-text.ts';
import { anHttpEntry, aTable, aTcpEntry } from '../../support/route-tables.ts';

function textOf(table: RouteTable, generation = 7): string {
  const text = new TableText();
  text.reset(table);
  return Buffer.concat(formatSnapshot(generation, text.parts(), {})).toString();
}

describe('parseSnapshot', () => {
  it('reads what formatSnapshot wrote', () => {
    const table: RouteTable = {
      http: {
        a: anHttpEntry('a', { keep: true, answered: true }),
        '/Chat_0-1': anHttpEntry('c', { open: true }),
        'b--api': { route: 'b--api.http', task: 'b', since: 5 },
      },
      tcp: {
        '30000': aTcpEntry('a', { upstream: '[::1]:22' }),
        '30001': { route: 'c', task: 'c' },
      },
    };

    expect(parseSnapshot(textOf(table))).to.deep.equal({
      generation: 7,
      table,
      revoked: {},
      skipped: 0,
    });
  });

  it('never throws, and has either a table or a problem', () => {
    const texts = fc.oneof(
      fc.string(),
      fc.json(),
      fc.json().map((http) => `{"format":1,"generation":3,"http":${http},"tcp":{}}`),
      fc
        .nat({ max: textOf(aTable('a')).length - 3 })
        .map((length) => textOf(aTable('a')).slice(0, length)),
    );

    fc.assert(
      fc.property(texts, (text) => {
        const snapshot = parseSnapshot(text);
        expect(snapshot.table === undefined).to.equal(snapshot.problem !== undefined);
      }),
    );
  });

  it('keeps the generation of a table that it cannot use', () => {
    const newer = textOf(aTable('a'), 90).replace('"format":1', '"format":2');

    const snapshot = parseSnapshot(newer);

    expect(snapshot).to.include({ generation: 90, problem: 'its format is not 1' });
    expect(snapshot.table).to.equal(undefined);
  });

  it('leaves out entries that are none, and counts them', () => {
    const text = JSON.stringify({
      format: 1,
      generation: 1,
      http: {
        good: { ...anHttpEntry('good'), later: 'unknown' },
        noRoute: { task: 'x', since: 1 },
        badPort: anHttpEntry('x', { port: 70_000 }),
        'a/b': anHttpEntry('x'),
        list: [],
      },
      tcp: { '30000': aTcpEntry('x'), '../x': aTcpEntry('x'), '0': aTcpEntry('x') },
    });

    expect(parseSnapshot(text)).to.deep.equal({
      generation: 1,
      table: { http: { good: anHttpEntry('good') }, tcp: { '30000': aTcpEntry('x') } },
      revoked: {},
      skipped: 6,
    });
  });

  it('refuses a generation that Lua could not write', () => {
    expect(parseSnapshot(textOf(aTable(), 2 ** 46)).generation).to.equal(undefined);
  });
});
