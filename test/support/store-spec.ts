import { expect } from 'chai';
import type { TaskRoute } from '../../src/resources/kinds.ts';
import type { ResourceStore } from '../../src/store/contract.ts';
import { aPortPool, aTaskRoute, aTaskRouteSpec } from './resources.ts';
import { expectCode, type StoreUnderTest, type WithStore } from './store-subject.ts';
import { describeConcurrency, describeWholeObjects } from './store-objects-spec.ts';
import { describeWatch } from './store-watch-spec.ts';

/** What every {@link ResourceStore} does, whatever is behind it. */
export function describeStore(name: string, makeStore: () => Promise<StoreUnderTest>): void {
  const withStore =
    (story: (store: ResourceStore, subject: StoreUnderTest) => Promise<void>) =>
    async (): Promise<void> => {
      const subject = await makeStore();
      try {
        await story(subject.store, subject);
      } finally {
        await subject.close();
      }
    };

  describe(`${name} as a ResourceStore`, () => {
    describeReadsAndWrites(withStore);
    describeWholeObjects(withStore);
    describeConcurrency(withStore);
    describeWatch(withStore);
  });
}

function describeReadsAndWrites(withStore: WithStore): void {
  it(
    'gives a new object a uid, a version, a time and generation 1',
    withStore(async (store) => {
      const created = await store.create(aTaskRoute('a.http'));

      const { metadata } = created;
      expect(created).to.include({ apiVersion: 'clearway.dev/v1alpha1', kind: 'TaskRoute' });
      expect(metadata).to.include({ name: 'a.http', generation: 1 });
      expect(metadata.labels).to.deep.equal({ 'clearway.dev/router': 'router-a' });
      expect(metadata.uid).to.match(/^[0-9a-f-]{36}$/);
      expect(metadata.creationTimestamp).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(created.spec).to.deep.equal(aTaskRouteSpec());
      expect(created.status).to.deep.equal({});
      expect(await store.get('TaskRoute', 'a.http')).to.deep.equal(created);
    }),
  );

  it(
    'knows no object that was never made',
    withStore(async (store) => {
      expect(await store.get('TaskRoute', 'a.http')).to.equal(undefined);
      expect((await store.list('TaskRoute')).items).to.deep.equal([]);
    }),
  );

  it(
    'lists the objects of one kind, by name',
    withStore(async (store) => {
      const b = await store.create(aTaskRoute('b.http'));
      const a = await store.create(aTaskRoute('a.http'));
      await store.create(aPortPool('a'));

      expect((await store.list('TaskRoute')).items).to.deep.equal([a, b]);
    }),
  );

  it(
    'refuses a second object of a name, but not one of another kind',
    withStore(async (store) => {
      await store.create(aTaskRoute('same'));
      await store.create(aPortPool('same'));

      await expectCode(store.create(aTaskRoute('same')), 'RESOURCE_EXISTS');
    }),
  );

  it(
    'refuses what the schema does not allow, and keeps nothing of it',
    withStore(async (store) => {
      const port = { address: '192.0.2.7', port: 70_000 };
      await expectCode(store.create(aTaskRoute('a.http', { target: port })), 'RESOURCE_INVALID');
      await expectCode(store.create(aTaskRoute('No Name')), 'RESOURCE_INVALID');
      const pool = await store.create(aPortPool('pool'));
      const spec = { ...pool.spec, end: 1 };
      await expectCode(store.update<'PortPool'>({ ...pool, spec }), 'RESOURCE_INVALID');
      const status = { free: -1 };
      await expectCode(store.updateStatus<'PortPool'>({ ...pool, status }), 'RESOURCE_INVALID');

      expect((await store.list('TaskRoute')).items).to.deep.equal([]);
      expect(await store.get('PortPool', 'pool')).to.deep.equal(pool);
    }),
  );

  it(
    'drops fields that the schema does not know',
    withStore(async (store) => {
      const spec = { ...aTaskRouteSpec(), surprise: 1 };
      const created = await store.create({ ...aTaskRoute('a.http'), spec });

      expect(created.spec).to.deep.equal(aTaskRouteSpec());
    }),
  );

  it(
    'counts a change of spec in generation, and leaves status alone',
    withStore(async (store) => {
      const created = await store.create(aTaskRoute('a.http'));
      const status = { endpoint: 'https://gateway.example/service/a/' };
      const reported = await store.updateStatus<'TaskRoute'>({ ...created, status });
      const spec = aTaskRouteSpec({ pathMode: 'keep' });

      const updated = await store.update<'TaskRoute'>({ ...reported, spec, status: {} });

      expect(updated.spec).to.deep.equal(spec);
      expect(updated.status).to.deep.equal(status);
      expect(updated.metadata.generation).to.equal(2);
      expect(updated.metadata.uid).to.equal(created.metadata.uid);
      expect(updated.metadata.resourceVersion).not.to.equal(reported.metadata.resourceVersion);
    }),
  );

  it(
    'writes status and nothing else, without a new generation',
    withStore(async (store) => {
      const created = await store.create(aTaskRoute('a.http'));

      const updated = await store.updateStatus<'TaskRoute'>({
        ...created,
        metadata: { ...created.metadata, labels: { other: 'label' } },
        spec: aTaskRouteSpec({ pathMode: 'keep' }),
        status: { externalPort: 30_000 },
      });

      expect(updated.spec).to.deep.equal(created.spec);
      expect(updated.metadata.labels).to.deep.equal(created.metadata.labels);
      expect(updated.metadata.generation).to.equal(1);
      expect(updated.status).to.deep.equal({ externalPort: 30_000 });
    }),
  );

  it(
    'changes labels and annotations without a new generation',
    withStore(async (store) => {
      const created = await store.create(aTaskRoute('a.http'));
      const metadata = { ...created.metadata, labels: {}, annotations: { note: 'Über' } };

      const updated = await store.update<'TaskRoute'>({ ...created, metadata });

      expect(updated.metadata).to.deep.include({ generation: 1, annotations: { note: 'Über' } });
      expect(updated.metadata.labels ?? {}).to.deep.equal({});
    }),
  );

  it(
    'keeps any text as it is',
    withStore(async (store) => {
      const task = { id: 'a', name: 'zero \u0000 quote \' " pair 🎈 half \ud800 </script>' };
      await store.create(aTaskRoute('a.http', { task }));

      expect((await store.get('TaskRoute', 'a.http'))?.spec.task).to.deep.equal(task);
    }),
  );

  it(
    'keeps the version when a write changes nothing, whatever the order of keys',
    withStore(async (store) => {
      const created = await store.create(aTaskRoute('a.http'));
      const spec = Object.fromEntries(Object.entries(created.spec).toReversed());
      const status = { externalPort: 1, externalAddress: 'a' };
      const reported = await store.updateStatus<'TaskRoute'>({ ...created, status });

      const same = await store.update<'TaskRoute'>({
        ...reported,
        spec: spec as unknown as TaskRoute['spec'],
      });
      const again = await store.updateStatus<'TaskRoute'>({
        ...same,
        status: { externalAddress: 'a', externalPort: 1 },
      });

      expect(same).to.deep.equal(reported);
      expect(again).to.deep.equal(reported);
    }),
  );

  it(
    'deletes',
    withStore(async (store) => {
      await store.create(aTaskRoute('a.http'));
      await store.delete('TaskRoute', 'a.http');

      expect(await store.get('TaskRoute', 'a.http')).to.equal(undefined);
      await expectCode(store.delete('TaskRoute', 'a.http'), 'RESOURCE_NOT_FOUND');
    }),
  );

  it(
    'makes another object of the same name after a deletion',
    withStore(async (store) => {
      const first = await store.create(aTaskRoute('a.http'));
      await store.delete('TaskRoute', 'a.http');
      const second = await store.create(aTaskRoute('a.http'));

      expect(second.metadata.uid).not.to.equal(first.metadata.uid);
      expect(second.metadata.generation).to.equal(1);
      await expectCode(store.update<'TaskRoute'>(first), 'RESOURCE_CONFLICT');
    }),
  );

  it(
    'does nothing when the signal has aborted',
    withStore(async (store) => {
      const failure = await store.create(aTaskRoute('a.http'), AbortSignal.abort()).then(
        () => undefined,
        (error: unknown) => error,
      );

      expect(failure).to.have.property('name', 'AbortError');
      expect(await store.get('TaskRoute', 'a.http')).to.equal(undefined);
    }),
  );
}
