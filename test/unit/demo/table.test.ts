import { expect } from 'chai';
import fc from 'fast-check';
import { formatAge, renderTable } from '../../../src/embedded/demo/table.ts';
import type { RouteRow, TableFrame } from '../../../src/embedded/demo/table.ts';
import { displayWidth } from '../../../src/embedded/demo/text-width.ts';

const URL = 'http://127.0.0.1:8080';

function aRow(overrides: Partial<RouteRow> = {}): RouteRow {
  return {
    key: 'k',
    task: 'notebook',
    user: 'alice',
    protocol: 'http',
    endpoint: `${URL}/service/0123/`,
    state: 'Ready',
    ageMs: 5000,
    ...overrides,
  };
}

function aFrame(overrides: Partial<TableFrame> = {}): TableFrame {
  return { width: 140, height: 20, color: false, routerUrl: URL, ...overrides };
}

describe('renderTable', () => {
  it('shows one line for each route between titles and a count', () => {
    const rows = [aRow(), aRow({ task: 'ssh', user: 'bob', protocol: 'tcp', state: 'Waiting' })];

    const lines = renderTable(rows, aFrame());

    expect(lines).to.deep.equal([
      'TASK      USER   KIND  STATE      AGE   ENDPOINT',
      `notebook  alice  http  Ready      5s    ${URL}/service/0123/`,
      `ssh       bob    tcp   Waiting    5s    ${URL}/service/0123/`,
      '1 of 2 ready',
    ]);
  });

  it('shows a dash where there is no address yet', () => {
    const lines = renderTable([aRow({ endpoint: '', state: 'Requested' })], aFrame());

    expect(lines[1]).to.match(/Requested +5s +-$/u);
  });

  it('leaves the address of the router away where the terminal is narrow', () => {
    const lines = renderTable([aRow()], aFrame({ width: 79 }));

    expect(lines[1]).to.match(/5s {3}\/service\/0123\/$/u);
  });

  it('cuts the name of the task before the address', () => {
    const path = `/service/${'0'.repeat(32)}/`;
    const row = aRow({ task: 'a very long name of a task', endpoint: `${URL}${path}` });

    const [, line] = renderTable([row], aFrame({ width: 79 }));

    expect(line).to.include(path);
    expect(line).to.match(/^a very l.*…/u);
  });

  it('counts the rows that have no place', () => {
    const rows = Array.from({ length: 9 }, () => aRow());

    const lines = renderTable(rows, aFrame({ height: 6 }));

    expect(lines).to.have.length(6);
    expect(lines.at(-1)).to.equal('9 of 9 ready, 5 more not shown');
  });

  it('colours the state alone, and only where it may', () => {
    const [, line] = renderTable([aRow()], aFrame({ color: true }));

    expect(line).to.include('\u001b[32mReady');
    expect(line?.split('\u001b')).to.have.length(3);
  });

  it('shows control characters of a task name as a sign that does nothing', () => {
    const [, line] = renderTable([aRow({ task: 'a\u001b[2Jb\r\nc\u202ed\u0000' })], aFrame());

    expect(line).to.match(/^a�\[2Jb��c�d� /u);
  });

  it('keeps the columns in place behind wide characters', () => {
    const [title, line] = renderTable([aRow({ task: '訓練 📈' })], aFrame());

    const column = title?.indexOf('USER') ?? -1;
    expect(displayWidth(line?.slice(0, line.indexOf('alice')) ?? '')).to.equal(column);
  });

  it('never makes a line wider than the terminal, nor more lines than it may', () => {
    const state = fc.constantFrom<RouteRow['state']>('Ready', 'Waiting', 'No answer', 'Ended');
    const row = fc.record({
      key: fc.string(),
      task: fc.string({ unit: 'binary' }),
      user: fc.string({ unit: 'grapheme' }),
      protocol: fc.constantFrom('http' as const, 'tcp' as const),
      endpoint: fc.webUrl(),
      state,
      ageMs: fc.integer(),
    });
    const frame = fc.record({
      width: fc.integer({ min: 1, max: 200 }),
      height: fc.integer({ min: 3, max: 12 }),
      color: fc.constant(false),
      routerUrl: fc.constant(URL),
    });

    fc.assert(
      fc.property(fc.array(row), frame, (rows, size) => {
        const lines = renderTable(rows, size);

        expect(lines.length).to.be.at.most(size.height);
        for (const line of lines) {
          expect(displayWidth(line)).to.be.at.most(size.width);
          expect(line).not.to.match(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        }
      }),
    );
  });
});

describe('formatAge', () => {
  it('takes the largest unit that still tells something', () => {
    const ages = [-5, 999, 119_000, 120_000, 7_199_000, 7_200_000, 172_800_000].map(formatAge);

    expect(ages).to.deep.equal(['0s', '0s', '119s', '2m', '119m', '2h', '2d']);
  });
});
