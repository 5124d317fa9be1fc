import { expect } from 'chai';
import { MARK_KEY, formatMark, parseMark } from '../../src/domain/marks.ts';
import {
  aTcpTask,
  anHttpTask,
  condition,
  edits,
  inWorld,
  lists,
  published,
} from '../support/controlled-world.ts';
import { eventually } from '../support/eventually.ts';

const GPU = { name: 'gpu', url: 'https://gpu.example', namespace: 'default' };

describe('ownership of tasks', () => {
  it('leaves a task to the router whose mark is on it', async () => {
    await inWorld(async ({ api, start }) => {
      const mark = formatMark({ router: 'other', instance: 'x', upstreams: {} });
      const id = api.tasks.create(anHttpTask());
      api.tasks.patchRuntime(id, { [MARK_KEY]: mark });
      const before = api.tasks.runtime(id);
      const router = await start();

      await condition(router, `${id}.http`, ['Accepted', 'False OwnedByAnotherRouter']);
      await condition(router, `${id}.http`, ['Ready', 'False OwnedByAnotherRouter']);
      await lists(api, 9);
      expect(api.tasks.runtime(id)).to.deep.equal(before);
      expect(edits(api)).to.equal(0);
      expect(router.dataPlane.table.http).to.deep.equal({});
    });
  });

  it('leaves the marks of another router alone when the task ends', async () => {
    await inWorld(async ({ api, start }) => {
      const mark = formatMark({ router: 'other', instance: 'x', upstreams: {} });
      const id = api.tasks.create(anHttpTask());
      api.tasks.patchRuntime(id, { [MARK_KEY]: mark, endpoint: `http://o/service/${id}/` });
      const router = await start();
      await condition(router, `${id}.http`, ['Accepted', 'False OwnedByAnotherRouter']);
      const before = api.tasks.runtime(id);
      api.tasks.setStatus(id, 'stopped');

      await eventually(async () => expect(await router.routes()).to.deep.equal([]));
      await lists(api, 6);
      expect(api.tasks.runtime(id)).to.deep.equal(before);
    });
  });

  it('keeps its hands off a task of another installation under its own name', async () => {
    await inWorld(async ({ api, start }) => {
      const mark = formatMark({ router: 'gw', instance: 'another', upstreams: {} });
      const id = api.tasks.create(anHttpTask());
      api.tasks.patchRuntime(id, { [MARK_KEY]: mark });
      const router = await start();

      await condition(router, `${id}.http`, ['Accepted', 'False DuplicateRouterName']);
      expect(edits(api)).to.equal(0);
    });
  });

  it('takes a task over when the mark goes', async () => {
    await inWorld(async ({ api, start }) => {
      const mark = formatMark({ router: 'other', instance: 'x', upstreams: {} });
      const id = api.tasks.create(anHttpTask());
      api.tasks.patchRuntime(id, { [MARK_KEY]: mark });
      const router = await start();
      await condition(router, `${id}.http`, ['Accepted', 'False OwnedByAnotherRouter']);
      api.tasks.patchRuntime(id, {}, [MARK_KEY]);

      await published(api, id);
      await condition(router, `${id}.http`, ['Ready', 'True Ready']);
    });
  });

  it('ends with one owner when two routers want a task at once', async () => {
    await inWorld(async ({ api, start }) => {
      const routers = [await start(), await start({ settings: { router: GPU } })];
      const ids = Array.from({ length: 5 }, () => api.tasks.create(anHttpTask()));

      for (const id of ids) {
        await eventually(async () => {
          const owner = parseMark(api.tasks.runtime(id)[MARK_KEY])?.router;
          const [here, there] = owner === 'gw' ? routers : routers.toReversed();
          expect(await here?.condition(`${id}.http`, 'Ready')).to.equal('True Ready');
          expect(await there?.condition(`${id}.http`, 'Ready')).to.equal(
            'False OwnedByAnotherRouter',
          );
        });
      }
      await lists(api, 12);
      const before = edits(api);
      await lists(api, 12);
      expect(edits(api)).to.equal(before);
    });
  });

  it('serves the queues of its list and no others', async () => {
    const queues = ['queue1', 'queue2', 'queue3', 'gpu-a'].map((name) => ({ name }));
    await inWorld(
      async ({ api, start }) => {
        const tasks = Object.fromEntries(
          queues.map(({ name }) => [name, api.tasks.create(anHttpTask({ queue: name }))] as const),
        );
        const byHand = api.tasks.create(anHttpTask());
        const first = await start({ settings: { queues: 'queue1,queue2' } });
        const second = await start({ settings: { router: GPU, queues: 'queue3,gpu-*' } });

        await published(api, tasks['queue1']!);
        await published(api, tasks['queue2']!);
        await published(api, tasks['queue3']!, GPU.url);
        await published(api, tasks['gpu-a']!, GPU.url);
        await eventually(() => expect(first.isComplete() && second.isComplete()).to.equal(true));
        expect(await first.routes()).to.have.length(2);
        expect(await second.routes()).to.have.length(2);
        expect(api.tasks.runtime(byHand)).not.to.have.property('endpoint');
      },
      { queues },
    );
  });
});

describe('bad tasks', () => {
  it('harm nobody else, and show why', async () => {
    await inWorld(async ({ api, start }) => {
      const good = api.tasks.create(anHttpTask());
      const bad = {
        port: api.tasks.create(anHttpTask({ runtime: { _PORT: 99_999, _ADDRESS: '192.0.2.7' } })),
        address: api.tasks.create(anHttpTask({ runtime: { _PORT: 80, _ADDRESS: 'a b;' } })),
        runtime: api.tasks.create(anHttpTask({ runtime: [] })),
        loopback: api.tasks.create(anHttpTask({ runtime: { _PORT: 80, _ADDRESS: '127.0.0.1' } })),
        bridge: api.tasks.create(anHttpTask({ runtime: { _PORT: 80, _ADDRESS: '172.17.0.3' } })),
        own: api.tasks.create(anHttpTask({ runtime: { _PORT: 443, _ADDRESS: 'gw.example' } })),
        name: api.tasks.create(anHttpTask({ name: '"; }\n{{x}}'.repeat(500) })),
      };
      const router = await start();

      await condition(router, `${good}.http`, ['Ready', 'True Ready']);
      await condition(router, `${bad.name}.http`, ['Ready', 'True Ready']);
      await condition(router, `${bad.port}.http`, ['Accepted', 'False InvalidPort']);
      await condition(router, `${bad.address}.http`, ['Accepted', 'False InvalidAddress']);
      await condition(router, `${bad.runtime}.http`, ['Accepted', 'False InvalidRuntime']);
      await condition(router, `${bad.own}.http`, ['Accepted', 'False LoopToOurselves']);
      await condition(router, `${bad.loopback}.http`, [
        'UpstreamResolved',
        'False AddressNotAllowed',
      ]);
      await condition(router, `${bad.bridge}.http`, [
        'UpstreamResolved',
        'False AmbiguousBridgeAddress',
      ]);
      const hosts = Object.values(router.dataPlane.table.http).flatMap(({ host }) => host ?? []);
      expect(new Set(hosts)).to.deep.equal(new Set(['192.0.2.7']));
    });
  });

  it('say that the ports are exhausted, and get one when one is free', async () => {
    await inWorld(async ({ api, start }) => {
      const ids = Array.from({ length: 5 }, (_, index) =>
        api.tasks.create({ ...aTcpTask(`192.0.2.${index + 1}`), id: `${index}`.repeat(32) }),
      );
      const router = await start();
      const [first, last] = [ids[0]!, ids[4]!];
      await condition(router, `${last}.tcp`, ['Programmed', 'False PortRangeExhausted']);
      api.tasks.setStatus(first, 'completed');

      await condition(router, `${last}.tcp`, ['Ready', 'True Ready']);
    });
  });
});
