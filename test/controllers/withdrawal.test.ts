import { expect } from 'chai';
import { MARK_KEY } from '../../src/domain/marks.ts';
import { TCP } from '../support/controlled-router.ts';
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

  it('goes from the task when tcp is switched off, and comes again with it', async () => {
    await inWorld(async ({ api, start, folder }) => {
      const state = await folder();
      const runtime = { _PORT: 8080, _ADDRESS: '192.0.2.7', kept: 'x' };
      const tcp = { external_address: '192.0.2.9', external_tcp_port: 10_022 };
      const id = api.tasks.create(anHttpTask({ runtime: { ...runtime, ...tcp } }));
      const on = await start({ state });
      await leased(api, id);
      const url = await published(api, id);
      await condition(on, `${id}.tcp`, ['Ready', 'True Ready']);
      await on[Symbol.asyncDispose]();

      const off = await start({ state, isTcpOff: true });
      await condition(off, `${id}.tcp`, ['Accepted', 'False TcpDisabled']);
      await eventually(() => expect(api.tasks.runtime(id)).to.include(tcp));
      expect(api.tasks.runtime(id)).to.include({ ...runtime, endpoint: url });
      expect(api.tasks.runtime(id)).not.to.have.property('upstream_task_port');
      await condition(off, `${id}.tcp`, ['Published', 'Unknown NotAccepted']);
      const refused = (await off.routes()).find(({ spec }) => spec.protocol === 'tcp');
      expect(refused?.status).not.to.have.any.keys('externalAddress', 'externalPort', 'upstream');
      await lists(api, 9);
      const before = edits(api);
      await lists(api, 6);
      expect(edits(api)).to.equal(before);
      await off[Symbol.asyncDispose]();

      const again = await start({ state });
      await leased(api, id);
      await condition(again, `${id}.tcp`, ['Ready', 'True Ready']);
    });
  });
});
