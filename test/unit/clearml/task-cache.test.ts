import { expect } from 'chai';
import { TaskCache } from '../../../src/clearml/task-cache.ts';
import { readTaskDocument } from '../../../src/clearml/task-document.ts';
import type { TaskView } from '../../../src/domain/task-view.ts';

function aView(overrides: Partial<TaskView> = {}): TaskView {
  return {
    id: 't',
    name: 'app',
    status: 'in_progress',
    systemTags: ['external_service'],
    tags: [],
    runtime: { _PORT: 80 },
    lastChange: at(1),
    ...overrides,
  };
}

function at(second: number): string {
  return new Date(second * 1_000).toISOString();
}

describe('TaskCache', () => {
  it('tells a change from a ping', () => {
    const cache = new TaskCache();

    expect(cache.apply(aView(), 1)).to.equal('changed');
    expect(cache.apply(aView({ lastChange: at(2) }), 2)).to.equal('unchanged');
    expect(cache.get('t')?.lastChange).to.equal(at(2));
    expect(cache.apply(aView({ lastChange: at(3), runtime: { _PORT: '80' } }), 3)).to.equal(
      'changed',
    );
    expect(cache.apply(aView({ lastChange: at(4), runtime: {} }), 4)).to.equal('changed');
  });

  it('does not go back to an answer that is older', () => {
    const cache = new TaskCache();
    cache.apply(aView({ lastChange: at(5), status: 'stopped' }), 7);

    expect(cache.apply(aView({ lastChange: at(4) }), 6)).to.equal('ignored');
    expect(cache.get('t')?.status).to.equal('stopped');
  });

  it('takes a later answer with an older stamp, and a newer stamp of an earlier request', () => {
    const cache = new TaskCache();
    cache.apply(aView({ lastChange: at(5) }), 7);

    expect(cache.apply(aView({ lastChange: at(4), status: 'stopped' }), 8)).to.equal('changed');
    expect(cache.apply(aView({ lastChange: at(6), status: 'queued' }), 6)).to.equal('changed');
  });

  it('believes an undocumented status when it is seen twice', () => {
    const cache = new TaskCache();
    cache.apply(aView(), 1);

    expect(cache.apply(aView({ status: 'odd' }), 2)).to.equal('lookAgain');
    expect(cache.get('t')?.status).to.equal('in_progress');
    expect(cache.apply(aView(), 3)).to.equal('unchanged');
    expect(cache.apply(aView({ status: 'odd' }), 4)).to.equal('lookAgain');
    expect(cache.apply(aView({ status: 'odd' }), 5)).to.equal('changed');
  });

  it('believes that there is no such task when it is said twice in a row', () => {
    const cache = new TaskCache();
    cache.apply(aView(), 1);

    expect(cache.applyMissing('t', 2)).to.equal(false);
    cache.apply(aView(), 3);
    expect(cache.applyMissing('t', 4)).to.equal(false);
    expect(cache.get('t')?.status).to.equal('in_progress');
    expect(cache.applyMissing('t', 5)).to.equal(true);
    expect(cache.get('t')?.status).to.equal('missing');
    expect(cache.apply(aView(), 6)).to.equal('changed');
  });
});

describe('readTaskDocument', () => {
  const document = {
    id: 't',
    name: 'app',
    status: 'in_progress',
    system_tags: ['external_service'],
    runtime: { _PORT: 80, _user_key: 'secret' },
  };

  it('reads references as ids and as objects', () => {
    const plain = { user: 'u', company: 'c', execution: { queue: 'q' } };
    const expanded = { user: { id: 'u' }, company: { id: 'c' }, execution: { queue: { id: 'q' } } };

    for (const references of [plain, expanded]) {
      expect(readTaskDocument({ ...document, ...references })).to.deep.equal({
        id: 't',
        name: 'app',
        status: 'in_progress',
        systemTags: ['external_service'],
        tags: [],
        runtime: { _PORT: 80 },
        user: 'u',
        company: 'c',
        queue: 'q',
      });
    }
  });

  for (const field of ['id', 'status', 'system_tags', 'runtime']) {
    it(`says nothing of a document without ${field}`, () => {
      const cut = Object.fromEntries(Object.entries(document).filter(([key]) => key !== field));

      expect(readTaskDocument(cut)).to.equal(undefined);
    });
  }

  for (const rubbish of [null, undefined, 5, 'x', [], [document]]) {
    it(`says nothing of ${JSON.stringify(rubbish)}`, () => {
      expect(readTaskDocument(rubbish)).to.equal(undefined);
    });
  }
});
