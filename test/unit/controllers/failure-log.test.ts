import { expect } from 'chai';
import { pino } from 'pino';
import { FailureLog } from '../../../src/controllers/failure-log.ts';
import { OperatorError } from '../../../src/errors.ts';

interface Line {
  readonly level: number;
  readonly key: string;
  readonly code: string;
  readonly sinceLastLine?: number;
}

interface World {
  readonly log: FailureLog;
  readonly lines: Line[];
  readonly clock: { now: number };
}

function aLog(): World {
  const lines: Line[] = [];
  const clock = { now: 1_000 };
  const logger = pino({}, { write: (text: string) => void lines.push(JSON.parse(text) as Line) });
  return { clock, lines, log: new FailureLog(logger, { now: () => clock.now }) };
}

describe('FailureLog', () => {
  it('says once in a minute what every key meets, and then how often', () => {
    const world = aLog();
    const full = new OperatorError('STORE_WRITE_FAILED', { path: '/state' });
    for (let key = 0; key < 500; key += 1) world.log.add(`key-${String(key)}`, full, 200);
    world.clock.now += 60_000;
    world.log.add('later', full, 200);

    expect(world.lines.map(({ key, sinceLastLine }) => [key, sinceLastLine])).to.deep.equal([
      ['key-0', undefined],
      ['later', 499],
    ]);
  });

  it('says everything that is the matter of one key', () => {
    const world = aLog();
    for (const key of ['a', 'b']) {
      world.log.add(key, new OperatorError('CLEARML_REFUSED'), undefined);
      world.log.add(key, new OperatorError('RESOURCE_CONFLICT'), 200);
    }

    expect(world.lines.map(({ key, code, level }) => [key, code, level])).to.deep.equal([
      ['a', 'CLEARML_REFUSED', 30],
      ['b', 'CLEARML_REFUSED', 30],
    ]);
  });
});
