import { expect } from 'chai';
import fc from 'fast-check';
import { hasCode } from '../../src/errors.ts';
import type { Kind, TaskRoute } from '../../src/resources/kinds.ts';
import type { ResourceStore, WatchEvent } from '../../src/store/contract.ts';
import { aPortPool, aTaskRoute, aTaskRouteSpec } from './resources.ts';
import { expectCode, type WithStore } from './store-subject.ts';

/** What a watch promises, whatever store is behind it. */
export function describeWatch(withStore: WithStore): void {
  it(
    'tells a watcher every change after the version it listed, in order',
    withStore(async (store) => {
      await store.create(aTaskRoute('before.http'));
      const { resourceVersion } = await store.list('TaskRoute');
      const created = await store.create(aTaskRoute('a.http'));
      await store.create(aPortPool('pool'));
      const reported = await store.updateStatus<'TaskRoute'>({
        ...created,
        status: { externalPort: 1 },
      });
      await store.delete('TaskRoute', 'a.http');

      const events = await take(store, 'TaskRoute', resourceVersion, 3);

      expect(events.map((event) => event.type)).to.deep.equal(['added', 'modified', 'deleted']);
      expect(events[0]?.object).to.deep.equal(created);
      expect(events[1]?.object).to.deep.equal(reported);
      expect(events[2]?.object.metadata.uid).to.equal(created.metadata.uid);
      expect(events[2]?.object.status).to.deep.equal({ externalPort: 1 });
    }),
  );

  it(
    'gives the object before a change beside the one after it',
    withStore(async (store) => {
      const { resourceVersion } = await store.list('TaskRoute');
      const created = await store.create(aTaskRoute('a.http'));
      const metadata = { ...created.metadata, labels: { other: 'label' } };
      const labelled = await store.update<'TaskRoute'>({ ...created, metadata });
      await store.updateStatus<'TaskRoute'>({ ...labelled, status: { externalPort: 1 } });
      await store.delete('TaskRoute', 'a.http');

      const events = await take(store, 'TaskRoute', resourceVersion, 4);

      expect(events.map((event) => event.previous)).to.deep.equal([
        undefined,
        created,
        labelled,
        undefined,
      ]);
    }),
  );

  it(
    'gives a deletion a version of its own',
    withStore(async (store) => {
      const created = await store.create(aTaskRoute('a.http'));
      const { resourceVersion } = await store.list('TaskRoute');
      await store.delete('TaskRoute', 'a.http');
      const [event] = await take(store, 'TaskRoute', resourceVersion, 1);

      const { resourceVersion: version } = event!.object.metadata;
      expect(version).not.to.equal(created.metadata.resourceVersion);
      await store.create(aTaskRoute('b.http'));
      const [next] = await take(store, 'TaskRoute', version, 1);
      expect(next?.object.metadata.name).to.equal('b.http');
    }),
  );

  it(
    'goes on from the version of any event',
    withStore(async (store) => {
      const { resourceVersion } = await store.list('TaskRoute');
      for (const name of ['a', 'b', 'c']) await store.create(aTaskRoute(name));
      const [, second] = await take(store, 'TaskRoute', resourceVersion, 2);

      const rest = await take(store, 'TaskRoute', second!.object.metadata.resourceVersion, 1);

      expect(rest.map((event) => event.object.metadata.name)).to.deep.equal(['c']);
    }),
  );

  it(
    'wakes a watcher that waits, and every other one too',
    withStore(async (store) => {
      const { resourceVersion } = await store.list('TaskRoute');
      const watchers = [1, 2, 3].map(() => take(store, 'TaskRoute', resourceVersion, 1));
      await store.create(aTaskRoute('a.http'));

      for (const events of await Promise.all(watchers)) {
        expect(events.map((event) => event.object.metadata.name)).to.deep.equal(['a.http']);
      }
    }),
  );

  it(
    'tells nobody of a write that changed nothing',
    withStore(async (store) => {
      const created = await store.create(aTaskRoute('a.http'));
      const { resourceVersion } = await store.list('TaskRoute');
      await store.update<'TaskRoute'>(created);
      await store.updateStatus<'TaskRoute'>(created);
      await store.create(aTaskRoute('b.http'));

      const [event] = await take(store, 'TaskRoute', resourceVersion, 1);

      expect(event?.object.metadata.name).to.equal('b.http');
    }),
  );

  it(
    'ends a watch quietly when its signal aborts, also one that waits',
    withStore(async (store) => {
      const { resourceVersion } = await store.list('TaskRoute');
      const abort = new AbortController();
      const watching = readAll(store.watch('TaskRoute', resourceVersion, abort.signal));
      await store.create(aTaskRoute('a.http'));
      setImmediate(() => abort.abort());

      expect((await watching).length).to.be.at.most(1);
    }),
  );

  it(
    'refuses a watch from a version that history no longer reaches',
    withStore(async (store, { expireHistory }) => {
      const { resourceVersion } = await store.list('TaskRoute');
      await store.create(aTaskRoute('a.http'));
      await expireHistory();

      await expectCode(take(store, 'TaskRoute', resourceVersion, 1), 'RESOURCE_VERSION_EXPIRED');
      const now = await store.list('TaskRoute');
      await store.create(aTaskRoute('b.http'));
      const [event] = await take(store, 'TaskRoute', now.resourceVersion, 1);
      expect(event?.object.metadata.name).to.equal('b.http');
    }),
  );

  it(
    'ends a watcher that does not read, instead of keeping everything for it',
    withStore(async (store, { expireHistory }) => {
      const { resourceVersion } = await store.list('TaskRoute');
      const abort = new AbortController();
      const watching = store
        .watch('TaskRoute', resourceVersion, abort.signal)
        [Symbol.asyncIterator]();
      await store.create(aTaskRoute('a.http'));
      await watching.next();
      await expireHistory();

      const rest = (async () => {
        while ((await watching.next()).done !== true);
      })();
      await expectCode(rest, 'RESOURCE_VERSION_EXPIRED');
      abort.abort();
    }),
  );

  it('lets a watcher rebuild every state from any list, whatever is written meanwhile', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(aStep, { minLength: 1, maxLength: 40 }), async (steps) => {
        await withStore(async (store) => {
          const half = Math.floor(steps.length / 2);
          for (const step of steps.slice(0, half)) await apply(store, step);
          const list = await store.list('TaskRoute');
          const rebuilt = new Map(list.items.map((item) => [item.metadata.name, item]));
          const abort = new AbortController();
          const following = follow(store, list.resourceVersion, rebuilt, abort.signal);
          await Promise.all(steps.slice(half).map((step) => apply(store, step)));
          await store.create(aTaskRoute('last'));
          await following;
          abort.abort();

          const desired = (await store.list('TaskRoute')).items;
          const names = [...rebuilt.keys()].toSorted();
          expect(names.map((name) => rebuilt.get(name))).to.deep.equal(desired);
        })();
      }),
      { numRuns: 25 },
    );
  });
}

interface Step {
  readonly act: 'create' | 'update' | 'status' | 'delete';
  readonly name: string;
  readonly port: number;
}

const aStep: fc.Arbitrary<Step> = fc.record({
  act: fc.constantFrom('create', 'update', 'status', 'delete'),
  name: fc.constantFrom('a', 'b', 'c'),
  port: fc.integer({ min: 1, max: 3 }),
});

/** Refusals (gone, exists, changed meanwhile) are a part of the story. */
async function apply(store: ResourceStore, { act, name, port }: Step): Promise<void> {
  try {
    if (act === 'create') await store.create(aTaskRoute(name));
    if (act === 'delete') await store.delete('TaskRoute', name);
    const read = await store.get('TaskRoute', name);
    if (read === undefined) return;
    if (act === 'status') {
      await store.updateStatus<'TaskRoute'>({ ...read, status: { externalPort: port } });
    }
    if (act === 'update') {
      const spec = aTaskRouteSpec({ target: { address: 'a', port } });
      await store.update<'TaskRoute'>({ ...read, spec });
    }
  } catch (error) {
    const expected = ['RESOURCE_EXISTS', 'RESOURCE_NOT_FOUND', 'RESOURCE_CONFLICT'] as const;
    if (!expected.some((code) => hasCode(error, code))) throw error;
  }
}

async function follow(
  store: ResourceStore,
  resourceVersion: string,
  rebuilt: Map<string, TaskRoute>,
  signal: AbortSignal,
): Promise<void> {
  for await (const event of store.watch('TaskRoute', resourceVersion, signal)) {
    const { name } = event.object.metadata;
    expect(rebuilt.has(name)).to.equal(event.type !== 'added');
    if (event.type === 'deleted') rebuilt.delete(name);
    else rebuilt.set(name, event.object);
    if (name === 'last') return;
  }
}

async function take<K extends Kind>(
  store: ResourceStore,
  kind: K,
  resourceVersion: string,
  count: number,
): Promise<WatchEvent<K>[]> {
  const abort = new AbortController();
  const events: WatchEvent<K>[] = [];
  for await (const event of store.watch(kind, resourceVersion, abort.signal)) {
    events.push(event);
    if (events.length === count) abort.abort();
  }
  return events;
}

async function readAll<T>(events: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const event of events) all.push(event);
  return all;
}
