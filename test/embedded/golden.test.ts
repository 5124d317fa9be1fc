import { expect } from 'chai';
import { goldenFiles, readExchanges, readLeftOut } from './golden-exchange.ts';
import { replay } from './golden-replay.ts';

/** How many exchanges are compared at least: lower it only with a reason in left-out.json. */
const COMPARED = 934;

describe('the embedded API against a recorded ClearML server', () => {
  const leftOut = readLeftOut();
  let compared = 0;

  for (const file of goldenFiles()) {
    it(`answers ${file} as recorded`, async () => {
      const without = new Set(Object.keys(leftOut[file] ?? {}).map(Number));

      const comparisons = await replay(file, without);

      compared += comparisons.length;
      const wrong = comparisons
        .filter(({ differences }) => differences.length > 0)
        .map(({ exchange, differences }) =>
          [`${exchange.n} ${exchange.name}`, ...differences].join('\n    '),
        );
      expect(wrong.join('\n')).to.equal('');
    }).timeout(20_000);
  }

  it('leaves out only exchanges that exist, each with a reason', () => {
    for (const [file, reasons] of Object.entries(leftOut)) {
      const numbers = readExchanges(file).map(({ n }) => String(n));
      expect(numbers).to.include.members(Object.keys(reasons));
      for (const reason of Object.values(reasons)) expect(reason).to.match(/\w{4}/);
    }
  });

  it('compares no fewer exchanges than before', () => {
    expect(compared).to.be.at.least(COMPARED);
  });
});
