import { expect } from 'chai';
import type { EmbeddedClearml } from '../../src/embedded/api/embedded-clearml.ts';
import { realClock } from '../support/clocks.ts';
import { eventually } from '../support/eventually.ts';
import { aTask, synced, watching } from './support/watching.ts';

describe('TaskWatcher with queues', () => {
  it('serves the tasks of its queues only, also of a queue that appears later', async () => {
    const seed = {
      queues: [{ name: 'mine' }, { name: 'other' }],
      tasks: [
        aTask({ id: 'mine', queue: 'mine' }),
        aTask({ id: 'other', queue: 'other' }),
        aTask({ id: 'none' }),
      ],
    };
    // Hours pass between two looks at the queues.
    const clock = { ...realClock, now: () => Date.now() * 1_000 };
    const deps = { queues: 'mine,gpu-*', clock, fullPassMs: 600_000 };
    await watching({ seed, deps }, async ({ api, watcher }) => {
      await synced(watcher);
      expect([...watcher.ids()]).to.deep.equal(['mine']);
      expect(watcher.state.unmatchedQueues).to.deep.equal(['gpu-*']);

      api.addQueue('gpu-1');
      const id = api.tasks.create(aTask({ queue: 'gpu-1' }));

      await eventually(() => expect(watcher.get(id)).not.to.equal(undefined));
      const view = watcher.get(id);
      await eventually(() => expect(view && watcher.serves(view)).to.equal(true));
    });
  });

  it('decides nothing about queues while they cannot be listed', async () => {
    const seed = { queues: [{ name: 'mine' }], tasks: [aTask({ id: 'mine', queue: 'mine' })] };
    const before = (api: EmbeddedClearml): void => {
      api.orderFault({ endpoint: 'queues\\.get_all', fault: { kind: 'status', status: 500 } });
    };
    await watching({ seed, before, deps: { queues: 'mine' } }, async ({ api, watcher }) => {
      await eventually(() => expect(watcher.state.lastError?.code).to.equal('CLEARML_UNAVAILABLE'));
      const view = {
        id: 'x',
        name: '',
        status: '',
        systemTags: [],
        tags: [],
        runtime: {},
        queue: 'q',
      };
      expect(watcher.serves(view)).to.equal('unknown');
      expect(watcher.synced).to.equal(false);

      api.clearFaults();
      await synced(watcher);

      expect([...watcher.ids()]).to.deep.equal(['mine']);
    });
  });
});
