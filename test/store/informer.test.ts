import { expect } from 'chai';
import { OperatorError } from '../../src/errors.ts';
import type { ResourceStore } from '../../src/store/contract.ts';
import { Informer, type InformerOptions } from '../../src/store/informer.ts';
import type { SqliteStore } from '../../src/store/sqlite-store.ts';
import { realClock } from '../support/clocks.ts';
import { eventually } from '../support/eventually.ts';
import { aTaskRoute, aTaskRouteSpec } from '../support/resources.ts';
import { openStore } from '../support/sqlite.ts';
import { tempFolder } from '../support/temp-folder.ts';

interface Running {
  readonly informer: Informer<'TaskRoute'>;
  /** Names that came or changed, and `-name` of those that went. */
  readonly changes: string[];
  readonly errors: unknown[];
  readonly stop: () => Promise<void>;
}

function run(store: InformerOptions<'TaskRoute'>['store']): Running {
  const errors: unknown[] = [];
  const changes: string[] = [];
  const abort = new AbortController();
  const informer = new Informer<'TaskRoute'>({
    store,
    kind: 'TaskRoute',
    clock: { sleep: (_ms, signal) => realClock.sleep(1, signal) },
    indexes: { task: (route) => [route.spec.task.id] },
    onError: (error) => errors.push(error),
  });
  informer.changes.subscribe(({ name, object }) => {
    changes.push(object === undefined ? `-${name}` : name);
  });
  const running = informer.run(abort.signal);
  const stop = async (): Promise<void> => {
    abort.abort();
    await running;
  };
  return { informer, changes, errors, stop };
}

async function withStore(story: (store: SqliteStore) => Promise<void>): Promise<void> {
  await using temp = await tempFolder();
  const store = openStore(temp.path, { history: 100 });
  try {
    await story(store);
  } finally {
    store.close();
  }
}

function names({ informer }: Running): string[] {
  return [...informer.items()].map((route) => route.metadata.name).toSorted();
}

describe('Informer', () => {
  it('holds what was there, and follows what happens', () =>
    withStore(async (store) => {
      await store.create(aTaskRoute('a.http'));
      const running = run(store);
      await running.informer.synced;
      expect(names(running)).to.deep.equal(['a.http']);

      const b = await store.create(aTaskRoute('b.http'));
      const reported = await store.updateStatus<'TaskRoute'>({ ...b, status: { externalPort: 1 } });
      await store.delete('TaskRoute', 'a.http');
      await eventually(() =>
        expect(running.changes).to.deep.equal(['a.http', 'b.http', 'b.http', '-a.http']),
      );

      expect(names(running)).to.deep.equal(['b.http']);
      expect(running.informer.get('b.http')).to.deep.equal(reported);
      expect(running.informer.get('a.http')).to.equal(undefined);
      await running.stop();
    }));

  it('finds objects by index, also after the indexed value changed', () =>
    withStore(async (store) => {
      const running = run(store);
      await running.informer.synced;
      const find = (task: string): string[] =>
        running.informer.byIndex('task', task).map((route) => route.metadata.name);
      const a = await store.create(aTaskRoute('a', { task: { id: 'one', name: '' } }));
      await store.create(aTaskRoute('b', { task: { id: 'one', name: '' } }));
      await eventually(() => expect(find('one')).to.deep.equal(['a', 'b']));

      const spec = aTaskRouteSpec({ task: { id: 'two', name: '' } });
      await store.update<'TaskRoute'>({ ...a, spec });
      await eventually(() => expect(find('two')).to.deep.equal(['a']));
      expect(find('one')).to.deep.equal(['b']);

      await store.delete('TaskRoute', 'b');
      await eventually(() => expect(find('one')).to.deep.equal([]));
      expect(() => running.informer.byIndex('other', '')).to.throw(TypeError);
      await running.stop();
    }));

  it('lists again when history has passed it by, and tells only what differs', () =>
    withStore(async (store) => {
      await store.create(aTaskRoute('same'));
      await store.create(aTaskRoute('gone'));
      const running = run(store);
      await running.informer.synced;

      // All of these happen before the informer gets a turn to read its first event.
      const deleted = store.delete('TaskRoute', 'gone');
      const created = Array.from({ length: 300 }, (_, number) =>
        store.create(aTaskRoute(`new-${number}`)),
      );
      await Promise.all([deleted, ...created]);
      await eventually(() => expect(names(running)).to.have.length(301));

      expect(running.changes.filter((name) => name === 'same')).to.have.length(1);
      expect(running.changes.filter((name) => name === '-gone')).to.have.length(1);
      expect(running.changes.filter((name) => name === 'new-0')).to.have.length(1);
      expect(running.errors).to.deep.equal([]);
      await running.stop();
    }));

  it('keeps what it has through errors and ended watches, and reports the errors', () =>
    withStore(async (store) => {
      await store.create(aTaskRoute('a.http'));
      const failure = new OperatorError('STORE_WRITE_FAILED');
      let calls = 0;
      const flaky: Pick<ResourceStore, 'list' | 'watch'> = {
        list: (kind, signal) => {
          calls += 1;
          return calls === 2 ? Promise.reject(failure) : store.list(kind, signal);
        },
        watch: (kind, version, signal) =>
          store.watch(kind, version, calls === 1 ? AbortSignal.timeout(20) : signal),
      };
      const running = run(flaky);
      await running.informer.synced;
      await eventually(() => expect(calls).to.equal(3));
      await store.create(aTaskRoute('b.http'));

      await eventually(() => expect(running.changes).to.deep.equal(['a.http', 'b.http']));
      expect(running.errors).to.deep.equal([failure]);
      await running.stop();
    }));

  it('rejects synced when it is stopped before the first list', async () => {
    const never: Pick<ResourceStore, 'list' | 'watch'> = {
      list: (_kind, signal) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => {
            reject(signal.reason as Error);
          });
        }),
      watch: () => {
        throw new Error('not reached');
      },
    };
    const running = run(never);
    await running.stop();

    const outcome = await running.informer.synced.catch((error: unknown) => error);
    expect(outcome).to.have.property('name', 'AbortError');
    expect(running.errors).to.deep.equal([]);
  });
});
