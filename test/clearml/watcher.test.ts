import { expect } from 'chai';
import { formatMark } from '../../src/domain/marks.ts';
import { EXTERNAL_TAG } from '../../src/domain/task-view.ts';
import { eventually } from '../support/eventually.ts';
import { afterLists, aTask, synced, watching } from './support/watching.ts';

describe('TaskWatcher', () => {
  it('finds running tagged tasks, hidden ones too, and no others', async () => {
    const seed = {
      tasks: [
        aTask({ id: 'a1' }),
        aTask({ id: 'hidden', systemTags: [EXTERNAL_TAG, 'hidden'] }),
        aTask({ id: 'stopped', status: 'stopped' }),
        aTask({ id: 'untagged', systemTags: [] }),
        aTask({ id: 'foreign', user: 'eve' }),
      ],
    };
    await watching({ seed }, async ({ watcher, events }) => {
      await synced(watcher);

      expect([...watcher.ids()].sort()).to.deep.equal(['a1', 'hidden']);
      expect([...events].sort()).to.deep.equal(['a1', 'hidden']);
      expect(watcher.get('a1')).to.deep.include({
        status: 'in_progress',
        runtime: { _PORT: 8080, _ADDRESS: '10.0.0.1' },
      });
      expect(watcher.state.lastSuccess).to.be.a('number');
      expect(watcher.state.lastError).to.equal(undefined);
    });
  });

  it('tells a new task and a change, and nothing for a ping', async () => {
    await watching({ deps: { fullPassMs: 60_000 } }, async ({ api, watcher, events }) => {
      await synced(watcher);

      const id = api.tasks.create(aTask());
      await eventually(() => expect(events).to.deep.equal([id]));
      const stamp = watcher.get(id)?.lastChange;
      api.tasks.ping(id);
      await eventually(() => expect(watcher.get(id)?.lastChange).not.to.equal(stamp));
      api.tasks.patchRuntime(id, { 'unknown key': 1 });
      await afterLists(api, 3);
      expect(events).to.deep.equal([id]);

      api.tasks.patchRuntime(id, { _PORT: 8081 });
      await eventually(() => expect(events).to.deep.equal([id, id]));
      expect(watcher.get(id)?.runtime['_PORT']).to.equal(8081);
    });
  });

  it('tells the end of a task by the poll alone', async () => {
    const seed = { tasks: [aTask({ id: 'a1' })] };
    await watching({ seed, deps: { fullPassMs: 60_000 } }, async ({ api, watcher }) => {
      await synced(watcher);

      api.tasks.setStatus('a1', 'stopped');

      await eventually(() => expect(watcher.get('a1')?.status).to.equal('stopped'));
    });
  });

  it('sees by id that the tag is gone', async () => {
    const seed = { tasks: [aTask({ id: 'a1' })] };
    await watching({ seed }, async ({ api, watcher }) => {
      await synced(watcher);

      api.tasks.setSystemTags('a1', ['other']);

      await eventually(() => expect(watcher.get('a1')?.systemTags).to.deep.equal(['other']));
    });
  });

  it('believes that a task does not exist when it was said twice', async () => {
    const seed = { tasks: [aTask({ id: 'a1' })] };
    await watching({ seed, held: ['never'] }, async ({ api, watcher, events }) => {
      await synced(watcher);

      api.tasks.remove('a1');

      await eventually(() => expect(watcher.get('a1')?.status).to.equal('missing'));
      await eventually(() => expect(watcher.get('never')?.status).to.equal('missing'));
      expect(api.calls('tasks.get_by_id')).to.be.at.least(4);
      expect(events.filter((id) => id === 'never')).to.have.length(1);
    });
  });

  it('keeps every task while answers are empty, cut, refused, or no JSON', async () => {
    const seed = { tasks: [aTask({ id: 'a1' }), aTask({ id: 'a2' })] };
    await watching(
      { seed, deps: { pollMs: 5, fullPassMs: 10 } },
      async ({ api, watcher, events }) => {
        await synced(watcher);

        for (const fault of [
          { kind: 'empty-page' },
          { kind: 'cut' },
          { kind: 'status', status: 500 },
          { kind: 'html' },
          { kind: 'unauthorized' },
          { kind: 'reset' },
          { kind: 'throttle', retryAfterSeconds: 0 },
        ] as const) {
          api.orderFault({ endpoint: 'tasks\\.get_all_ex', fault });
          await afterLists(api, 4);
          api.clearFaults();
          await eventually(() => expect(watcher.state.lastError).to.equal(undefined));
        }

        expect(events.sort()).to.deep.equal(['a1', 'a2']);
        expect(watcher.get('a1')?.status).to.equal('in_progress');
      },
    );
  });

  it('keeps every task while ClearML is down, says so, and goes on', async () => {
    const seed = { tasks: [aTask({ id: 'a1' })] };
    await watching({ seed }, async ({ api, watcher, events }) => {
      await synced(watcher);
      let changes = 0;
      watcher.stateChanges.subscribe(() => changes++);

      await api.close();
      await eventually(() => expect(watcher.state.lastError?.code).to.equal('CLEARML_UNREACHABLE'));
      expect(watcher.get('a1')?.status).to.equal('in_progress');
      api.tasks.setStatus('a1', 'completed');
      await api.start();

      await eventually(() => expect(watcher.get('a1')?.status).to.equal('completed'));
      await eventually(() => expect(watcher.state.lastError).to.equal(undefined));
      expect(changes).to.equal(2);
      expect(events).to.deep.equal(['a1', 'a1']);
    });
  });

  it('reads a page in which one runtime holds a bare NaN', async () => {
    const seed = { tasks: [aTask({ id: 'a1' }), aTask({ id: 'a2', runtime: { _PORT: NaN } })] };
    await watching({ seed }, async ({ watcher }) => {
      await synced(watcher);

      expect(watcher.get('a1')?.runtime['_PORT']).to.equal(8080);
      expect(watcher.get('a2')?.runtime['_PORT']).to.equal('NaN');
    });
  });

  it('asks twice before it believes a status that ClearML does not document', async () => {
    const seed = { tasks: [aTask({ id: 'a1' })] };
    await watching({ seed }, async ({ api, watcher }) => {
      await synced(watcher);

      api.tasks.setStatus('a1', 'strange');

      await eventually(() => expect(watcher.get('a1')?.status).to.equal('strange'));
    });
  });

  it('finds more than 500 tasks of one stamp, and more of several', async () => {
    const stamp = '2026-01-01T00:00:00.000Z';
    const tasks = Array.from({ length: 1_300 }, (_, index) =>
      aTask({ id: `t${index}`, ...(index < 1_100 ? { lastChange: stamp } : {}) }),
    );
    await watching({ seed: { tasks } }, async ({ watcher }) => {
      await synced(watcher);

      expect([...watcher.ids()]).to.have.length(1_300);
    });
  }).timeout(20_000);

  it('meets by the poll alone 600 tasks that change at once', async () => {
    await watching({ deps: { fullPassMs: 600_000 } }, async ({ api, watcher }) => {
      await synced(watcher);
      const lastChange = new Date().toISOString();

      for (let index = 0; index < 600; index++) api.tasks.create(aTask({ lastChange }));

      await eventually(() => expect([...watcher.ids()]).to.have.length(600));
    });
  });

  it('tells ended or untagged tasks that carry our mark, and leaves those of others', async () => {
    const mark = (router: string): Record<string, string> => ({
      clearway: formatMark({ router, instance: 'i', upstreams: {} }),
      endpoint: 'http://gw/service/x/',
    });
    const seed = {
      tasks: [
        aTask({ id: 'ended', status: 'completed', runtime: mark('gw') }),
        aTask({ id: 'untagged', systemTags: [], runtime: mark('gw') }),
        aTask({ id: 'foreign', status: 'completed', runtime: mark('other') }),
        aTask({ id: 'rubbish', status: 'completed', runtime: { clearway: 5 } }),
      ],
    };
    await watching({ seed }, async ({ watcher, events }) => {
      await synced(watcher);

      expect([...watcher.ids()].sort()).to.deep.equal(['ended', 'untagged']);
      watcher.forget('ended');
      expect(watcher.get('ended')).to.equal(undefined);
      expect([...events].sort()).to.deep.equal(['ended', 'untagged']);
    });
  });

  it('looks at a task again when it is told to', async () => {
    const seed = { tasks: [aTask({ id: 'ended', status: 'stopped' })] };
    await watching(
      { seed, held: ['ended'], deps: { pollMs: 60_000, fullPassMs: 60_000 } },
      async ({ api, watcher }) => {
        await eventually(() => expect(watcher.get('ended')?.status).to.equal('stopped'));
        api.tasks.setStatus('ended', 'queued');

        watcher.refresh('ended');

        await eventually(() => expect(watcher.get('ended')?.status).to.equal('queued'));
      },
    );
  });

  it('tells a task that it was told to look at, though the view is as before', async () => {
    const seed = { tasks: [aTask({ id: 'a1' })] };
    await watching({ seed, deps: { fullPassMs: 60_000 } }, async ({ api, watcher, events }) => {
      await synced(watcher);
      events.length = 0;
      await afterLists(api, 3);
      expect(events).to.deep.equal([]);

      watcher.refresh('a1');
      await eventually(() => expect(events).to.deep.equal(['a1']));
      await afterLists(api, 3);
      expect(events).to.deep.equal(['a1']);
    });
  });

  it('knows the tasks that were held and ended while nobody looked', async () => {
    const seed = { tasks: [aTask({ id: 'ended', status: 'failed' })] };
    await watching({ seed, held: ['ended'] }, async ({ watcher }) => {
      await synced(watcher);

      expect(watcher.get('ended')?.status).to.equal('failed');
    });
  });

  it('ends soon after the signal', async () => {
    const started = performance.now();
    await watching({ deps: { pollMs: 60_000 } }, async ({ watcher }) => synced(watcher));
    expect(performance.now() - started).to.be.below(2_000);
  });
});
