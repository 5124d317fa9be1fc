import { expect } from 'chai';
import { MARK_KEY } from '../../src/domain/marks.ts';
import { TCP } from '../support/controlled-router.ts';
import { aTcpTask, condition, inWorld, leased, lists } from '../support/controlled-world.ts';
import { eventually } from '../support/eventually.ts';

describe('an endpoint that is taken away', () => {
  it('stays away when the task removes its own tcp keys', async () => {
    await inWorld(async ({ api, start }) => {
      const id = api.tasks.create(aTcpTask());
      const router = await start();
      await leased(api, id);
      await condition(router, `${id}.tcp`, ['Ready', 'True Ready']);

      api.tasks.patchRuntime(id, {}, ['external_address', 'external_tcp_port']);

      await eventually(() => expect(router.dataPlane.table.tcp).to.deep.equal({}));
      await eventually(() => expect(api.tasks.runtime(id)).not.to.have.property(MARK_KEY));
      await lists(api, 4);
      expect(api.tasks.runtime(id)).not.to.have.any.keys('external_address', 'external_tcp_port');
      expect(router.dataPlane.table.tcp).to.deep.equal({});
    });
  });

  it('keeps its lease and says so when another program has its port', async () => {
    await inWorld(async ({ api, start }) => {
      const id = api.tasks.create(aTcpTask());
      const router = await start();
      const port = await leased(api, id);
      await condition(router, `${id}.tcp`, ['Ready', 'True Ready']);

      router.dataPlane.hold([TCP.start + 1, TCP.start + 2]);
      await condition(router, `${id}.tcp`, ['Programmed', 'False PortNotHeld']);
      expect(await leased(api, id)).to.equal(port);

      router.dataPlane.hold([TCP.start, TCP.start + 1, TCP.start + 2]);
      await condition(router, `${id}.tcp`, ['Ready', 'True Ready']);
      expect(await leased(api, id)).to.equal(port);
    });
  });
});
