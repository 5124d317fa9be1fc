import { expect } from 'chai';
import { hasCode } from '../../src/errors.ts';
import type { ManagedFieldsEntry } from '../../src/resources/kinds.ts';
import { aPortPool, aTaskRoute } from './resources.ts';
import { expectCode, type WithStore } from './store-subject.ts';

/** What a store keeps of an object beside spec and status, and that nobody changes it in passing. */
export function describeWholeObjects(withStore: WithStore): void {
  it(
    'keeps who manages which fields, by both ways of writing',
    withStore(async (store) => {
      const created = await store.create({
        ...aTaskRoute('a.http'),
        metadata: { name: 'a.http', managedFields: [aManager('kubectl')] },
      });
      expect(created.metadata.managedFields).to.deep.equal([aManager('kubectl')]);

      const two = { ...created.metadata, managedFields: [aManager('kubectl'), aManager('other')] };
      const updated = await store.update<'TaskRoute'>({ ...created, metadata: two });
      const one = { ...updated.metadata, managedFields: [aManager('status')] };
      const reported = await store.updateStatus<'TaskRoute'>({ ...updated, metadata: one });

      expect(updated.metadata).to.deep.include({ generation: 1, managedFields: two.managedFields });
      expect(reported.metadata.managedFields).to.deep.equal(one.managedFields);
      const none = { ...reported.metadata, managedFields: [] };
      const freed = await store.update<'TaskRoute'>({ ...reported, metadata: none });
      expect(freed.metadata.managedFields ?? []).to.deep.equal([]);
      expect(await store.get('TaskRoute', 'a.http')).to.deep.equal(freed);
    }),
  );

  it(
    'cannot be changed through what it handed out or took',
    withStore(async (store) => {
      const draft = aTaskRoute('a.http', { target: { address: '192.0.2.7', port: 8080 } });
      const created = await store.create(draft);
      const wanted = structuredClone(created);
      const listed = (await store.list('TaskRoute')).items;

      attemptTo(() => Object.assign(draft.spec.target!, { port: 1 }));
      attemptTo(() => Object.assign(created.spec.target!, { port: 1 }));
      attemptTo(() => Object.assign(created.metadata, { generation: 7 }));
      attemptTo(() => (listed as unknown[]).pop());

      expect(await store.get('TaskRoute', 'a.http')).to.deep.equal(wanted);
      expect((await store.list('TaskRoute')).items).to.deep.equal([wanted]);
    }),
  );
}

/** What a store does for writers that do not know of each other. */
export function describeConcurrency(withStore: WithStore): void {
  it(
    'refuses a write of what was changed since it was read',
    withStore(async (store) => {
      const read = await store.create(aTaskRoute('a.http'));
      await store.updateStatus<'TaskRoute'>({ ...read, status: { externalPort: 1 } });

      await expectCode(store.update<'TaskRoute'>(read), 'RESOURCE_CONFLICT');
      await expectCode(
        store.updateStatus<'TaskRoute'>({ ...read, status: { externalPort: 2 } }),
        'RESOURCE_CONFLICT',
      );
      expect((await store.get('TaskRoute', 'a.http'))?.status.externalPort).to.equal(1);
    }),
  );

  it(
    'refuses a write of what is gone',
    withStore(async (store) => {
      const read = await store.create(aTaskRoute('a.http'));
      await store.delete('TaskRoute', 'a.http');

      await expectCode(store.update<'TaskRoute'>(read), 'RESOURCE_NOT_FOUND');
      await expectCode(store.updateStatus<'TaskRoute'>(read), 'RESOURCE_NOT_FOUND');
    }),
  );

  it(
    'lets exactly one of many writers of one version win',
    withStore(async (store) => {
      const read = await store.create(aPortPool('pool'));
      const writes = Array.from({ length: 8 }, (_, free) =>
        store.updateStatus<'PortPool'>({ ...read, status: { free } }),
      );

      const results = await Promise.allSettled(writes);

      expect(results.filter((result) => result.status === 'fulfilled')).to.have.length(1);
      for (const result of results) {
        if (result.status === 'rejected') {
          expect(hasCode(result.reason, 'RESOURCE_CONFLICT')).to.equal(true);
        }
      }
    }),
  );

  it(
    'loses nothing of writers that read, change, and begin again when another was faster',
    withStore(async (store) => {
      await store.create(aPortPool('pool'));
      const addOne = async (): Promise<void> => {
        for (;;) {
          const read = (await store.get('PortPool', 'pool'))!;
          await new Promise((resolve) => setImmediate(resolve));
          const status = { free: (read.status.free ?? 0) + 1 };
          try {
            await store.updateStatus<'PortPool'>({ ...read, status });
            return;
          } catch (error) {
            if (!hasCode(error, 'RESOURCE_CONFLICT')) throw error;
          }
        }
      };
      const writers = Array.from({ length: 6 }, async () => {
        for (let count = 0; count < 5; count += 1) await addOne();
      });
      await Promise.all(writers);

      expect((await store.get('PortPool', 'pool'))?.status.free).to.equal(30);
    }),
  );

  it(
    'deletes only the very object that was meant',
    withStore(async (store) => {
      const read = await store.create(aTaskRoute('a.http'));
      const { uid, resourceVersion } = read.metadata;
      const changed = await store.updateStatus<'TaskRoute'>({
        ...read,
        status: { externalPort: 1 },
      });

      const other = '00000000-0000-4000-8000-000000000000';
      await expectCode(store.delete('TaskRoute', 'a.http', { uid: other }), 'RESOURCE_CONFLICT');
      await expectCode(
        store.delete('TaskRoute', 'a.http', { resourceVersion }),
        'RESOURCE_CONFLICT',
      );
      await store.delete('TaskRoute', 'a.http', {
        uid,
        resourceVersion: changed.metadata.resourceVersion,
      });
      expect(await store.get('TaskRoute', 'a.http')).to.equal(undefined);
    }),
  );
}

/** A store may hand out copies, or objects that refuse to be changed. */
function attemptTo(change: () => unknown): void {
  try {
    change();
  } catch (error) {
    expect(error).to.be.instanceOf(TypeError);
  }
}

function aManager(manager: string): ManagedFieldsEntry {
  return {
    manager,
    operation: 'Update',
    apiVersion: 'clearway.dev/v1alpha1',
    time: '2026-01-01T00:00:00Z',
    fieldsType: 'FieldsV1',
    fieldsV1: { 'f:spec': { 'f:target': {} } },
  };
}
