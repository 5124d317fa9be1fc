import { expect } from 'chai';
import type { Check, CheckContext } from '../../../src/check/contract.ts';
import { formatReports, isGood, runChecks } from '../../../src/check/run-checks.ts';

const CONTEXT: CheckContext = {
  parsed: { kind: 'problems', problems: [] },
  api: undefined,
  machine: {
    inContainer: false,
    sysctlFolder: '/',
    now: () => 0,
    resolve: () => Promise.resolve([]),
    newLabel: () => 'x',
  },
};

function aCheck(name: string, run: Check['run']): Check {
  return { name, run };
}

describe('runChecks', () => {
  const never = new AbortController().signal;

  it('runs them side by side and keeps their order', async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const first = aCheck('first', () => promise.then(() => [{ level: 'ok', message: 'a' }]));
    const second = aCheck('second', () => {
      resolve(undefined);
      return Promise.resolve([{ level: 'ok', message: 'b' }]);
    });

    const reports = await runChecks([first, second], CONTEXT, 5000, never);

    expect(reports.map(({ name }) => name)).to.deep.equal(['first', 'second']);
  });

  it('ends a check that takes too long, and what throws, with a failure', async () => {
    const slow = aCheck('slow', (_, signal) => {
      const { promise, reject } = Promise.withResolvers<never>();
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      return promise;
    });
    const throwing = aCheck('throwing', () => Promise.reject(new Error('odd: Bearer abcdefghi')));

    const reports = await runChecks([slow, throwing], CONTEXT, 10, never);

    expect(isGood(reports)).to.equal(false);
    expect(reports[0]?.findings[0]?.message).to.equal('no answer in time');
    expect(reports[1]?.findings[0]?.message).to.equal(
      'something unexpected happened: odd: Bearer [redacted]',
    );
  });

  it('ends as a whole with its signal', async () => {
    const controller = new AbortController();
    const stopping = aCheck('stopping', () => {
      controller.abort();
      return Promise.reject(new Error('stopped'));
    });

    const running = runChecks([stopping], CONTEXT, 5000, controller.signal);

    expect(await running.catch((error: unknown) => (error as Error).name)).to.equal('AbortError');
  });
});

describe('formatReports', () => {
  it('shows level, name, message and what to do, and counts', () => {
    const text = formatReports([
      { name: 'clock', findings: [{ level: 'ok', message: 'agrees' }] },
      { name: 'HTTP port', findings: [{ level: 'fail', message: 'taken', todo: 'Stop it.' }] },
    ]);

    expect(text.split('\n')).to.deep.equal([
      'ok    clock      agrees',
      'FAIL  HTTP port  taken',
      '                 -> Stop it.',
      '',
      '1 ok, 0 warnings, 1 failures, 0 not looked at',
      '',
    ]);
  });
});
