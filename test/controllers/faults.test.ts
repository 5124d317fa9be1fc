import { expect } from 'chai';
import type { Fault } from '../../src/embedded/api/faults.ts';
import { getCondition } from '../../src/resources/conditions.ts';
import {
  aTcpTask,
  anHttpTask,
  condition,
  edits,
  inWorld,
  leased,
  lists,
  published,
} from '../support/controlled-world.ts';
import { eventually } from '../support/eventually.ts';

const FAULTS: readonly Fault[] = [
  { kind: 'status', status: 500, subcode: 0 },
  { kind: 'status', status: 400, subcode: 12 },
  { kind: 'unauthorized' },
  { kind: 'throttle', retryAfterSeconds: 0 },
  { kind: 'html', status: 200 },
  { kind: 'cut' },
  { kind: 'empty-page' },
  { kind: 'nan' },
  { kind: 'reset' },
];

describe('a ClearML API with faults', () => {
  for (const fault of FAULTS) {
    it(`takes no route away by ${JSON.stringify(fault)}`, async () => {
      await inWorld(async ({ api, start }) => {
        const http = api.tasks.create(anHttpTask());
        const tcp = api.tasks.create(aTcpTask());
        const router = await start();
        await condition(router, `${http}.http`, ['Ready', 'True Ready']);
        await condition(router, `${tcp}.tcp`, ['Ready', 'True Ready']);
        await eventually(() => expect(router.isComplete()).to.equal(true));
        const { table } = router.dataPlane;
        const before = edits(api);

        api.orderFault({ endpoint: '^(tasks|queues|workers)\\.(get|edit)', fault });
        await lists(api, 8);
        expect(router.dataPlane.table).to.deep.equal(table);
        expect(await router.condition(`${http}.http`, 'Ready')).to.equal('True Ready');
        expect(await router.condition(`${tcp}.tcp`, 'Ready')).to.equal('True Ready');
        expect(edits(api)).to.equal(before);

        api.clearFaults();
        const late = api.tasks.create(anHttpTask());
        await eventually(() => published(api, late), { timeoutMs: 10_000 });
        expect(router.dataPlane.table.http).to.include.keys(http, late);
      });
    });
  }

  it('takes no route away while it is down, and is caught up with afterwards', async () => {
    await inWorld(async ({ api, start }) => {
      const stays = api.tasks.create(anHttpTask());
      const goes = api.tasks.create(anHttpTask());
      const router = await start();
      for (const id of [stays, goes])
        await condition(router, `${id}.http`, ['Ready', 'True Ready']);
      await api.close();
      api.tasks.setStatus(goes, 'stopped');
      await eventually(async () => {
        const [found] = (await router.store.list('Router')).items;
        const reachable = getCondition(found?.status.conditions ?? [], 'ClearMLReachable');
        expect(reachable?.status).to.equal('False');
      });
      expect(router.dataPlane.table.http).to.include.keys(stays, goes);

      await api.start();
      await eventually(
        () => expect(Object.keys(router.dataPlane.table.http)).to.deep.equal([stays]),
        { timeoutMs: 15_000 },
      );
      await published(api, stays);
      await eventually(() => expect(api.tasks.runtime(goes)).not.to.have.property('endpoint'));
    });
  });

  it('is written to again after an edit that failed', async () => {
    await inWorld(async ({ api, start }) => {
      const router = await start();
      api.orderFault({
        endpoint: 'tasks.edit',
        fault: { kind: 'status', status: 500, subcode: 0 },
        count: 3,
      });
      const http = api.tasks.create(anHttpTask());
      const tcp = api.tasks.create(aTcpTask());

      await published(api, http);
      await leased(api, tcp);
      await condition(router, `${http}.http`, ['Ready', 'True Ready']);
    });
  });

  it('shows a task that nobody may write, and goes on with the others', async () => {
    await inWorld(async ({ api, start }) => {
      const poisoned = api.tasks.create(
        anHttpTask({ runtime: { _PORT__api: 1, _ADDRESS__api: '192.0.2.7', _cls: 'x' } }),
      );
      const good = api.tasks.create(anHttpTask());
      const router = await start();

      await condition(router, `${good}.http`, ['Ready', 'True Ready']);
      await condition(router, `${poisoned}--api.http`, ['Published', 'False TaskNotWritable']);
    });
  });

  it('deletes the route of a deleted task, and nothing of it stays behind', async () => {
    await inWorld(async ({ api, start }) => {
      const id = api.tasks.create(anHttpTask());
      const router = await start();
      await condition(router, `${id}.http`, ['Ready', 'True Ready']);
      api.tasks.remove(id);

      await eventually(async () => expect(await router.routes()).to.deep.equal([]));
      await eventually(() => expect(router.dataPlane.table.http).to.deep.equal({}));
      await lists(api, 9);
      const reads = api.calls('tasks.get_by_id');
      await lists(api, 9);
      expect(api.calls('tasks.get_by_id')).to.equal(reads);
    });
  });
});
