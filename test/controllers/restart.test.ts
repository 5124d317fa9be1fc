import { expect } from 'chai';
import { MARK_KEY, parseMark } from '../../src/domain/marks.ts';
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
import { FakeDataPlane } from '../support/fake-data-plane.ts';
import { TCP } from '../support/controlled-router.ts';

const EDGE = { allowedHosts: [], trustedProxies: [], corsOrigins: [] };
const APART = { settings: { edge: { ...EDGE, routeDomain: 'apps.example' } } };
const PORTS = [TCP.start, TCP.start + 1, TCP.start + 2];

describe('a router that starts again', () => {
  it('keeps ports and writes nothing, with its state', async () => {
    await inWorld(async ({ api, start, folder }) => {
      const state = await folder();
      const ids = [api.tasks.create(aTcpTask()), api.tasks.create(aTcpTask('192.0.2.10'))];
      const first = await start({ state });
      const ports = await Promise.all(ids.map((id) => leased(api, id)));
      for (const id of ids) await condition(first, `${id}.tcp`, ['Ready', 'True Ready']);
      await first[Symbol.asyncDispose]();
      const before = edits(api);

      const second = await start({ state });
      await eventually(() => expect(second.isComplete()).to.equal(true));
      await lists(api, 6);
      expect(await Promise.all(ids.map((id) => leased(api, id)))).to.deep.equal(ports);
      expect(edits(api)).to.equal(before);
    });
  });

  it('finds ports and upstreams again by its marks, without its state, while a newcomer waits', async () => {
    await inWorld(async ({ api, start }) => {
      const ids = [api.tasks.create(aTcpTask()), api.tasks.create(aTcpTask('192.0.2.10'))];
      const first = await start();
      const ports = await Promise.all(ids.map((id) => leased(api, id)));
      for (const id of ids) await condition(first, `${id}.tcp`, ['Ready', 'True Ready']);
      await first[Symbol.asyncDispose]();
      const newcomer = api.tasks.create(aTcpTask('192.0.2.11'));
      const before = edits(api);

      const second = await start({ settings: { portRestSeconds: 60 } });
      for (const id of ids) await condition(second, `${id}.tcp`, ['Ready', 'True Ready']);
      expect(await Promise.all(ids.map((id) => leased(api, id)))).to.deep.equal(ports);
      expect(second.dataPlane.table.tcp).to.deep.equal({
        [String(ports[0])]: { route: `${ids[0]}.tcp`, task: ids[0], upstream: '192.0.2.9:10022' },
        [String(ports[1])]: { route: `${ids[1]}.tcp`, task: ids[1], upstream: '192.0.2.10:10022' },
      });
      await condition(second, `${newcomer}.tcp`, ['Programmed', 'False PortsResting']);
      expect(edits(api)).to.equal(before);
    });
  });

  it('gives no port away that a task shows, although nothing rests', async () => {
    await inWorld(async ({ api, start }) => {
      const holder = api.tasks.create({ ...aTcpTask(), id: 'f'.repeat(32) });
      const first = await start();
      const port = await leased(api, holder);
      await condition(first, `${holder}.tcp`, ['Ready', 'True Ready']);
      await first[Symbol.asyncDispose]();
      const newcomer = api.tasks.create({ ...aTcpTask('192.0.2.11'), id: 'a'.repeat(32) });

      const second = await start();
      await condition(second, `${newcomer}.tcp`, ['Ready', 'True Ready']);
      await condition(second, `${holder}.tcp`, ['Ready', 'True Ready']);
      expect(await leased(api, holder)).to.equal(port);
      expect(await leased(api, newcomer)).not.to.equal(port);
    });
  });

  it('cleans up after a task that ended meanwhile, without its state', async () => {
    await inWorld(async ({ api, start }) => {
      const id = api.tasks.create(aTcpTask());
      const first = await start();
      await leased(api, id);
      await condition(first, `${id}.tcp`, ['Ready', 'True Ready']);
      await first[Symbol.asyncDispose]();
      api.tasks.setStatus(id, 'stopped');

      await start();
      await eventually(() =>
        expect(api.tasks.runtime(id)).to.deep.equal({
          external_address: '192.0.2.9',
          external_tcp_port: 10_022,
          _ssh_password: 's',
        }),
      );
    });
  });

  it('serves what an earlier run served until it knows better, and drops it then', async () => {
    await inWorld(async ({ api, start }) => {
      const id = api.tasks.create(anHttpTask());
      const gone = { route: 'gone.http', task: 'gone', host: '192.0.2.1', port: 1, since: 1 };
      const former = { ...gone, route: `${id}.http`, task: id };
      const restored = { http: { gone, [id]: former }, tcp: {} };
      const dataPlane = new FakeDataPlane({ ports: PORTS, restored });
      const router = await start({ dataPlane });
      await eventually(() => expect(router.isComplete()).to.equal(true));
      await eventually(() => expect(Object.keys(dataPlane.table.http)).to.deep.equal([id]));

      const seen = dataPlane.tables.map(({ http }) => Object.keys(http).includes(id));
      expect(new Set(seen)).to.deep.equal(new Set([true]));
      expect(dataPlane.table.http[id]?.host).to.equal('192.0.2.7');
    });
  });

  it('publishes anew when its URL changed', async () => {
    await inWorld(async ({ api, start, folder }) => {
      const state = await folder();
      const id = api.tasks.create(anHttpTask());
      const first = await start({ state });
      await published(api, id);
      await condition(first, `${id}.http`, ['Ready', 'True Ready']);
      await first[Symbol.asyncDispose]();

      const router = { name: 'gw', url: 'https://new.example', namespace: 'default' };
      const second = await start({ state, settings: { router } });
      await published(api, id, 'https://new.example');
      await condition(second, `${id}.http`, ['Ready', 'True Ready']);
    });
  });

  it('publishes anew when endpoints get hosts of their own, and takes those back', async () => {
    await inWorld(async ({ api, start, folder }) => {
      const state = await folder();
      const id = api.tasks.create(anHttpTask());
      const first = await start({ state });
      await published(api, id);
      await first[Symbol.asyncDispose]();

      const second = await start({ state, ...APART });
      const url = `https://${id}.apps.example/`;
      await eventually(() =>
        expect(api.tasks.runtime(id)).to.include({ endpoint: url, browser_endpoint: url }),
      );
      await condition(second, `${id}.http`, ['Ready', 'True Ready']);
      await second[Symbol.asyncDispose]();

      await start({ state });
      await published(api, id);
    });
  });

  it('removes the host of a task that ended meanwhile, without its state', async () => {
    await inWorld(async ({ api, start }) => {
      const id = api.tasks.create(anHttpTask());
      const first = await start(APART);
      await eventually(() =>
        expect(api.tasks.runtime(id)['endpoint']).to.equal(`https://${id}.apps.example/`),
      );
      await first[Symbol.asyncDispose]();
      api.tasks.setStatus(id, 'stopped');

      await start(APART);
      await eventually(() =>
        expect(api.tasks.runtime(id)).not.to.include.any.keys('endpoint', 'browser_endpoint'),
      );
    });
  });

  it('adopts the tasks of a router that it is told to take over, with their ports', async () => {
    await inWorld(async ({ api, start, folder }) => {
      const state = await folder();
      const id = api.tasks.create(aTcpTask());
      const first = await start({ state });
      const port = await leased(api, id);
      await condition(first, `${id}.tcp`, ['Ready', 'True Ready']);
      await first[Symbol.asyncDispose]();

      const router = { name: 'heir', url: 'https://gw.example', namespace: 'default' };
      const second = await start({ state, settings: { router, takeOver: 'gw' } });
      await eventually(() =>
        expect(parseMark(api.tasks.runtime(id)[MARK_KEY])?.router).to.equal('heir'),
      );
      await condition(second, `${id}.tcp`, ['Ready', 'True Ready']);
      expect(await leased(api, id)).to.equal(port);
      expect(Object.keys(second.dataPlane.table.tcp)).to.deep.equal([String(port)]);
    });
  });

  it('converges wherever it was stopped', async () => {
    await inWorld(async ({ api, start, folder }) => {
      const state = await folder();
      const http = api.tasks.create(anHttpTask());
      const tcp = api.tasks.create(aTcpTask());
      for (const stopAfterMs of [1, 5, 10, 20, 40, 60, 80, 120, 160, 250]) {
        const router = await start({ state });
        await new Promise((resolve) => setTimeout(resolve, stopAfterMs));
        await router[Symbol.asyncDispose]();
      }
      const router = await start({ state });
      await condition(router, `${http}.http`, ['Ready', 'True Ready']);
      await condition(router, `${tcp}.tcp`, ['Ready', 'True Ready']);
      await published(api, http);
      await leased(api, tcp);

      api.tasks.setStatus(http, 'stopped');
      api.tasks.setStatus(tcp, 'stopped');
      await router[Symbol.asyncDispose]();
      for (const stopAfterMs of [1, 10, 30, 60, 100]) {
        const again = await start({ state });
        await new Promise((resolve) => setTimeout(resolve, stopAfterMs));
        await again[Symbol.asyncDispose]();
      }
      const last = await start({ state });
      await eventually(async () => expect(await last.routes()).to.deep.equal([]));
      await eventually(() => expect(api.tasks.runtime(http)).not.to.have.property('endpoint'));
      await eventually(() => expect(api.tasks.runtime(tcp)).not.to.have.property(MARK_KEY));
    });
  });
});
