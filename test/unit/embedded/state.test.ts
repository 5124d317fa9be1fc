import { expect } from 'chai';
import fc from 'fast-check';
import type { TaskRecord } from '../../../src/embedded/api/model.ts';
import { EmbeddedState } from '../../../src/embedded/api/state.ts';
import { newTaskDocument } from '../../../src/embedded/api/task-document.ts';

function aTask(id: string, now: number): TaskRecord {
  const doc = newTaskDocument({ id, company: 'c', user: 'u', name: id, type: 'service', now });
  return { doc, lastChange: now };
}

const anId = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const aStep = fc.record({
  do: fc.constantFrom('add', 'touch', 'remove'),
  id: anId,
  at: fc.nat({ max: 20 }),
});

describe('EmbeddedState', () => {
  it('knows what changed since, latest first, after any sequence of changes', () => {
    fc.assert(
      fc.property(fc.array(aStep), fc.nat({ max: 20 }), (steps, since) => {
        const state = new EmbeddedState();
        for (const { do: what, id, at } of steps) {
          const task = state.task(id);
          if (what === 'remove') state.removeTask(id);
          else if (task === undefined) state.addTask(aTask(id, at));
          else if (what === 'touch') state.touch(task, at, 'both');
        }

        const found = [...state.changedSince(since)];

        const all = [...state.tasks()];
        expect(found).to.have.members(all.filter(({ lastChange }) => lastChange >= since));
        const stamps = found.map(({ lastChange }) => lastChange);
        expect(stamps).to.deep.equal([...stamps].sort((a, b) => b - a));
      }),
    );
  });
});
