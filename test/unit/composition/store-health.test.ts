import { expect } from 'chai';
import { pino } from 'pino';
import { storeHealth, warnOfLoss } from '../../../src/composition/store-health.ts';
import { OperatorError } from '../../../src/errors.ts';

const FULL = { path: '/state/clearway.db', problem: 'the disk is full', hint: 'Free space.' };

describe('storeHealth', () => {
  it('is good while the store is read and written', () => {
    const store = { meta: () => undefined, writeProblem: undefined };
    expect(storeHealth(store)).to.deep.equal({ storeUsable: true });
  });

  it('names path and problem of what cannot be written', () => {
    const writeProblem = new OperatorError('STORE_WRITE_FAILED', FULL);
    expect(storeHealth({ meta: () => undefined, writeProblem })).to.deep.equal({
      storeUsable: true,
      storeProblem: '/state/clearway.db: the disk is full',
    });
  });

  it('is bad when the store cannot be read', () => {
    const meta = (): never => {
      throw new OperatorError('STORE_UNUSABLE');
    };
    expect(storeHealth({ meta, writeProblem: undefined })).to.deep.equal({ storeUsable: false });
  });
});

describe('warnOfLoss', () => {
  for (const hasLostChanges of [true, false]) {
    it(`says ${hasLostChanges ? 'where to look' : 'nothing'} when changes are ${hasLostChanges ? '' : 'not '}lost`, () => {
      const lines: string[] = [];
      const logger = pino({}, { write: (line: string) => void lines.push(line) });
      warnOfLoss({ hasLostChanges }, '/state', logger);

      expect(lines).to.have.length(hasLostChanges ? 1 : 0);
      for (const line of lines) expect(line).to.contain('/state').and.to.contain('StaticRoutes');
    });
  }
});
