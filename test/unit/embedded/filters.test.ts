import { expect } from 'chai';
import { parseListFilter, passesList } from '../../../src/embedded/api/list-filter.ts';
import { parseStampFilter } from '../../../src/embedded/api/stamp-filter.ts';

const AT = Date.parse('2026-01-02T03:04:05.678Z');

describe('parseStampFilter', () => {
  const cases: readonly (readonly [unknown, number, number])[] = [
    [['>=2026-01-02T03:04:05.678'], AT, Infinity],
    [['>=2026-01-02T03:04:05.678901+00:00'], AT, Infinity],
    [['>2026-01-02T03:04:05.678000+00:00'], AT + 1, Infinity],
    ['>=2026-01-02T05:04:05.678+02:00', AT, Infinity],
    [['>=2026-01-01', '<2026-01-02'], Date.parse('2026-01-01'), Date.parse('2026-01-02') - 1],
    [['2026-01-01', '2026-01-02'], Date.parse('2026-01-01'), Date.parse('2026-01-02')],
    [['>=abc'], -Infinity, Infinity],
    ['', -Infinity, Infinity],
    ['1767323045', -Infinity, Infinity],
    [5, -Infinity, Infinity],
    [null, -Infinity, Infinity],
  ];
  for (const [value, from, to] of cases) {
    it(`reads ${JSON.stringify(value)}`, () => {
      expect(parseStampFilter(value)).to.deep.equal({ from, to });
    });
  }
});

describe('parseListFilter', () => {
  const passes = (filter: unknown, values: readonly string[]): boolean => {
    const parsed = parseListFilter('f', filter);
    return parsed === undefined || passesList(parsed, values);
  };

  it('takes a minus as part of the value after an operator', () => {
    expect(passes(['a', '-b'], ['a', 'b'])).to.equal(false);
    expect(passes(['__$all', 'a', '-b'], ['a'])).to.equal(false);
    expect(passes(['__$all', 'a', '-b'], ['a', '-b'])).to.equal(true);
  });

  it('takes null for an empty field, beside values', () => {
    expect(passes([null], [])).to.equal(true);
    expect(passes([null], ['a'])).to.equal(false);
    expect(passes([null, 'a'], ['a'])).to.equal(true);
  });

  it('lets everything pass when there is nothing to filter by', () => {
    expect(passes([], ['a'])).to.equal(true);
    expect(passes(null, [])).to.equal(true);
  });
});
