import { expect } from 'chai';
import fc from 'fast-check';
import { getCondition, isTrue, setCondition } from '../../../src/resources/conditions.ts';
import type { Condition } from '../../../src/resources/generated.ts';

const EARLIER = '2026-01-01T00:00:00Z';
const NOW = '2026-01-02T03:04:05.678Z';

function aCondition(overrides: Partial<Condition> = {}): Condition {
  return {
    type: 'Accepted',
    status: 'True',
    reason: 'Accepted',
    message: 'Fine.',
    observedGeneration: 1,
    lastTransitionTime: EARLIER,
    ...overrides,
  };
}

describe('setCondition', () => {
  it('adds a condition that was not there, in whole seconds', () => {
    const change = { type: 'Ready', status: 'False', reason: 'Pending', message: 'Soon.' } as const;

    const conditions = setCondition([aCondition()], change, { now: NOW, generation: 3 });

    expect(conditions).to.deep.equal([
      aCondition(),
      { ...change, observedGeneration: 3, lastTransitionTime: '2026-01-02T03:04:05Z' },
    ]);
  });

  it('gives the same array back when nothing changed', () => {
    const conditions = [aCondition()];

    expect(setCondition(conditions, aCondition(), { now: NOW, generation: 1 })).to.equal(
      conditions,
    );
  });

  it('keeps the transition time while the status is the same', () => {
    const change = aCondition({ reason: 'Other', message: 'Still fine.' });

    const [condition] = setCondition([aCondition()], change, { now: NOW, generation: 2 });

    expect(condition).to.deep.equal({ ...change, observedGeneration: 2 });
  });

  it('moves the transition time when the status turns', () => {
    const change = aCondition({ status: 'False', reason: 'InvalidPort' });

    const [condition] = setCondition([aCondition()], change, { now: NOW, generation: 1 });

    expect(condition?.lastTransitionTime).to.equal('2026-01-02T03:04:05Z');
  });

  it('leaves other conditions and their order alone', () => {
    const others = [aCondition({ type: 'A' }), aCondition(), aCondition({ type: 'Z' })];

    const conditions = setCondition(others, aCondition({ status: 'Unknown' }), { now: NOW });

    expect(conditions.map(({ type }) => type)).to.deep.equal(['A', 'Accepted', 'Z']);
    expect(conditions[0]).to.equal(others[0]);
    expect(conditions[2]).to.equal(others[2]);
  });

  it('cuts messages without splitting a character', () => {
    const change = aCondition({ message: '🎈'.repeat(2_000) });

    const [condition] = setCondition([], change, { now: NOW });

    expect(Array.from(condition?.message ?? '')).to.have.length(1_024);
    expect(condition?.message).to.match(/^🎈+…$/u);
    const again = setCondition([condition!], change, { now: NOW });
    expect(again[0]).to.equal(condition);
  });

  it('is the same done twice, and what it set is found', () => {
    const aChange = fc.record({
      type: fc.constantFrom('A', 'B', 'C'),
      status: fc.constantFrom('True' as const, 'False' as const, 'Unknown' as const),
      reason: fc.constantFrom('R', 'S'),
      message: fc.string(),
    });
    fc.assert(
      fc.property(fc.array(aChange), aChange, (history, change) => {
        const context = { now: NOW, generation: 1 };
        const start = history.reduce<readonly Condition[]>(
          (conditions, each) => setCondition(conditions, each, context),
          [],
        );
        const once = setCondition(start, change, context);

        expect(setCondition(once, change, { ...context, now: EARLIER })).to.equal(once);
        expect(getCondition(once, change.type)).to.include(change);
        expect(isTrue(once, change.type)).to.equal(change.status === 'True');
        expect(new Set(once.map(({ type }) => type)).size).to.equal(once.length);
      }),
    );
  });
});
