import { expect } from 'chai';
import { MARK_KEY, parseMark } from '../../src/domain/marks.ts';
import type { EmbeddedClearml } from '../../src/embedded/api/embedded-clearml.ts';
import type { ControlledRouter } from '../support/controlled-router.ts';
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

interface World {
  readonly api: EmbeddedClearml;
  readonly router: ControlledRouter;
}

function withRouter(story: (world: World) => Promise<void>): Promise<void> {
  return inWorld(async ({ api, start }) => story({ api, router: await start() }));
}

describe('publication to ClearML', () => {
  it('gives a task its URLs and our mark, and leaves its other keys alone', async () => {
    await withRouter(async ({ api, router }) => {
      const id = api.tasks.create(anHttpTask());
      const url = await published(api, id);
      await condition(router, `${id}.http`, ['Ready', 'True Ready']);

      const runtime = api.tasks.runtime(id);
      expect(runtime).to.include({ browser_endpoint: url, kept: 'x', _PORT: 8080 });
      expect(parseMark(runtime[MARK_KEY])?.router).to.equal('gw');
    });
  });

  it('puts clobbered keys back', async () => {
    await withRouter(async ({ api, router }) => {
      const id = api.tasks.create(anHttpTask());
      await published(api, id);
      for (const [set, remove] of [
        [{ endpoint: 'http://other' }, []],
        [{}, ['browser_endpoint', MARK_KEY]],
      ] as const) {
        await condition(router, `${id}.http`, ['Published', 'True Published']);
        api.tasks.patchRuntime(id, set, remove);
        const url = await published(api, id);
        await eventually(() => expect(api.tasks.runtime(id)).to.include({ browser_endpoint: url }));
      }
    });
  });

  it('stops at the third contest in a minute, and says so', async () => {
    await withRouter(async ({ api, router }) => {
      const id = api.tasks.create(anHttpTask());
      for (let contest = 0; contest < 3; contest += 1) {
        await published(api, id);
        api.tasks.patchRuntime(id, { endpoint: 'http://other' });
      }
      await condition(router, `${id}.http`, ['Published', 'False ContestedByAnotherWriter']);
      const edits = api.calls('tasks.edit_runtime');

      await lists(api, 15);
      expect(api.calls('tasks.edit_runtime')).to.equal(edits);
      expect(api.tasks.runtime(id)['endpoint']).to.equal('http://other');
    });
  });

  it('writes nothing when nothing changed, though tasks ping', async () => {
    await withRouter(async ({ api, router }) => {
      const id = api.tasks.create(anHttpTask());
      await published(api, id);
      await condition(router, `${id}.http`, ['Ready', 'True Ready']);
      await eventually(() => expect(router.isComplete()).to.equal(true));
      await lists(api, 9);
      const before = work(api, router);
      for (let ping = 0; ping < 5; ping += 1) {
        api.tasks.ping(id);
        await lists(api, 6);
      }

      expect(work(api, router)).to.deep.equal(before);
    });
  });

  it('cleans up when the task ends, and restores the tcp address', async () => {
    await withRouter(async ({ api, router }) => {
      const id = api.tasks.create(aTcpTask());
      await leased(api, id);
      api.tasks.setStatus(id, 'completed');

      await eventually(() =>
        expect(api.tasks.runtime(id)).to.deep.equal({
          external_address: '192.0.2.9',
          external_tcp_port: 10_022,
          _ssh_password: 's',
        }),
      );
      await eventually(async () => expect(await router.routes()).to.deep.equal([]));
    });
  });

  it('publishes the endpoints of a task under their names, all in one edit', async () => {
    await withRouter(async ({ api }) => {
      const id = api.tasks.create(
        anHttpTask({
          runtime: {
            _PORT__api: 1,
            _ADDRESS__api: '192.0.2.7',
            _PORT__ui: 2,
            _ADDRESS__ui: '192.0.2.7',
          },
        }),
      );
      await eventually(() =>
        expect(api.tasks.runtime(id)).to.include({
          endpoint__api: `https://gw.example/service/${id}--api/`,
          endpoint__ui: `https://gw.example/service/${id}--ui/`,
        }),
      );

      expect(api.calls('tasks.edit')).to.be.at.most(2);
      expect(api.calls('tasks.edit_runtime')).to.equal(0);
    });
  });

  it('follows a tcp task that asks again with another address', async () => {
    await withRouter(async ({ api, router }) => {
      const id = api.tasks.create(aTcpTask());
      const port = await leased(api, id);
      api.tasks.patchRuntime(id, { external_address: '192.0.2.10', external_tcp_port: 2_222 });

      await eventually(() =>
        expect(parseMark(api.tasks.runtime(id)[MARK_KEY])?.upstreams).to.deep.equal({
          'tcp:': '192.0.2.10:2222',
        }),
      );
      expect(await leased(api, id)).to.equal(port);
      await eventually(() =>
        expect(router.dataPlane.table.tcp[String(port)]?.upstream).to.equal('192.0.2.10:2222'),
      );
    });
  });

  it('waits for the proxy before it publishes, and keeps what it published while the proxy is away', async () => {
    await withRouter(async ({ api, router }) => {
      router.dataPlane.disconnect();
      const id = api.tasks.create(anHttpTask());
      await condition(router, `${id}.http`, ['Programmed', 'False WaitingForProxy']);
      expect(api.tasks.runtime(id)).not.to.have.property('endpoint');
      router.dataPlane.connect();
      await published(api, id);

      router.dataPlane.disconnect();
      await lists(api, 9);
      await published(api, id);
      expect(await router.condition(`${id}.http`, 'Ready')).to.equal('True Ready');
    });
  });
});

/** What was done so far; the router's own status is written now and then. */
function work(api: EmbeddedClearml, router: ControlledRouter): Readonly<Record<string, unknown>> {
  return { ...router.reconciles, 'router-status': undefined, edits: edits(api) };
}
