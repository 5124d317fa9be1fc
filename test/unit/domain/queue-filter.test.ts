import { expect } from 'chai';
import fc from 'fast-check';
import { parseQueueFilter, resolveQueues, servesQueue } from '../../../src/domain/queue-filter.ts';

function served(text: string, names: readonly string[]): readonly string[] {
  const filter = parseQueueFilter(text);
  if (filter === undefined) return names;
  return [
    ...resolveQueues(
      filter,
      names.map((name) => ({ id: name, name })),
    ).ids,
  ];
}

describe('queue filter', () => {
  for (const [text, names, expected] of [
    ['queue1,queue2', ['queue1', 'queue2', 'queue3'], ['queue1', 'queue2']],
    ['queue3,gpu-*', ['queue1', 'queue3', 'gpu-a', 'gpu-'], ['queue3', 'gpu-a', 'gpu-']],
    ['queue1 queue2', ['queue1', 'queue2'], ['queue1', 'queue2']],
    ['my queue', ['my', 'queue', 'my queue'], ['my queue']],
    ['my queue', ['my', 'queue'], ['my', 'queue']],
    ['my queue, other', ['my queue', 'my', 'other'], ['my queue', 'other']],
    ['gpu-?', ['gpu-1', 'gpu-12', 'gpu-'], ['gpu-1']],
    ['*a*b*', ['xaxxbx', 'ab', 'ba'], ['xaxxbx', 'ab']],
    ['Queue', ['queue'], []],
    ['a.b', ['axb', 'a.b'], ['a.b']],
    [', ,', ['x'], ['x']],
    ['', ['x'], ['x']],
  ] as const) {
    it(`serves ${JSON.stringify(expected)} of ${JSON.stringify(names)} for "${text}"`, () => {
      expect(served(text, names)).to.deep.equal(expected);
    });
  }

  it('names the patterns that match nothing', () => {
    const filter = parseQueueFilter('a,b*');

    expect(
      resolveQueues(filter ?? { patterns: [] }, [{ id: '1', name: 'a' }]).unmatched,
    ).to.deep.equal(['b*']);
  });

  it('does not decide about a queue that was not listed', () => {
    const queues = resolveQueues({ patterns: ['a'] }, [
      { id: '1', name: 'a' },
      { id: '2', name: 'b' },
    ]);

    expect(servesQueue(queues, '1')).to.equal(true);
    expect(servesQueue(queues, '2')).to.equal(false);
    expect(servesQueue(queues, '3')).to.equal('unknown');
    expect(servesQueue(queues, undefined)).to.equal(false);
    expect(servesQueue(undefined, '1')).to.equal('unknown');
  });

  it('matches as the equal regular expression does', () => {
    const text = fc.stringMatching(/^[ab*?]{0,8}$/);

    fc.assert(
      fc.property(text, fc.stringMatching(/^[ab]{0,8}$/), (pattern, name) => {
        const expression = pattern.replace(/\*/g, '.*').replace(/\?/g, '.');
        const { ids } = resolveQueues({ patterns: [pattern] }, [{ id: 'q', name }]);

        expect(ids.has('q')).to.equal(new RegExp(`^${expression}$`).test(name));
      }),
    );
  });
});
