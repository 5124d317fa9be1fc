import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  DockerScope,
  buildImages,
  docker,
  engineOrSkip,
  stopEngine,
  uniqueName,
} from '../support/docker-harness.ts';
import {
  echo,
  freePort,
  get,
  makeProject,
  rightsOf,
  runtimeOf,
  startClearml,
  startTaskContainer,
  type ComposeProject,
  type StackClearml,
} from '../support/docker-stack.ts';
import { accepts } from '../support/free-ports.ts';
import { seenByAdministrator } from '../support/docker-kubeconfig.ts';
import { eventually } from '../support/eventually.ts';

const ROUTER_UID = 65532;
const PROXY_UID = 65533;
/** Where the API is reached unless it is set. */
const API_PORT = 7_443;
const NET_BIND_SERVICE = 1 << 10;
const SLOW = { timeoutMs: 40_000, everyMs: 200 };
// A router without memory lets every port rest for a minute before it leases it.
const RESTED = { timeoutMs: 90_000, everyMs: 200 };

/** The router's container, and tasks that it serves. */
interface Held {
  readonly router: string;
  readonly tasks: readonly string[];
}

interface Names {
  readonly router: string;
  readonly proxy: string;
}

/** The environment names that both compose files take. */
function settingsOf(clearml: StackClearml, router: string, port: number, tcpStart: number) {
  return {
    ROUTER_NAME: router,
    ROUTER_URL: `http://127.0.0.1:${port}`,
    CLEARML_API_HOST: clearml.caller.apiHost,
    CLEARML_API_ACCESS_KEY: clearml.caller.accessKey,
    CLEARML_API_SECRET_KEY: clearml.caller.secretKey,
    AUTH_COOKIE_NAME: 'clearml_token_basic',
    AUTH_SECURE_ENABLED: 'false',
    TCP_ROUTER_ADDRESS: '127.0.0.1',
    TCP_PORT_START: String(tcpStart),
    TCP_PORT_END: String(tcpStart + 4),
  };
}

async function untilHealthy(container: string): Promise<void> {
  await eventually(async () => {
    const health = await docker('inspect', '--format', '{{.State.Health.Status}}', container);
    expect(health).to.equal('healthy');
  }, SLOW);
}

describe('compose files', function () {
  this.timeout(300_000);
  const scope = new DockerScope();
  const projects: ComposeProject[] = [];
  let clearml: StackClearml | undefined;

  before(async function () {
    await engineOrSkip(this);
    await buildImages();
    clearml = await startClearml();
  });
  afterEach(async function () {
    for (const project of projects.splice(0)) {
      if (this.currentTest?.state === 'failed') {
        for (const service of [
          'router',
          'proxy',
          'task_traffic_router',
          'task_traffic_webserver',
        ]) {
          console.log(service, (await project.logs(service).catch(() => '')).slice(-6_000));
        }
      }
      await project.close();
    }
    await scope.close();
  });
  after(async () => {
    await clearml?.api.close();
    await stopEngine();
  });

  /** Brings a project up, its services in the order given. */
  async function up(
    file: string,
    settings: Readonly<Record<string, string>>,
    order: readonly string[],
  ): Promise<ComposeProject> {
    const project = await makeProject(file, uniqueName('clearway-test'), settings);
    projects.push(project);
    for (const service of order) await project.compose('up', '-d', service);
    return project;
  }

  /** Reaches a task by HTTP and TCP on the addresses that ClearML got. */
  async function reach(
    task: string,
    token: string,
    protocols: readonly ('http' | 'tcp')[] = ['http', 'tcp'],
  ): Promise<void> {
    const runtime = await eventually(async () => {
      const found = await runtimeOf(clearml!, task);
      expect(found).to.include.keys('endpoint');
      return found;
    }, SLOW);
    await eventually(async () => {
      expect(
        await get(`${String(runtime['endpoint'])}/x?y=1`.replace('//x', '/x'), token),
      ).to.deep.equal({
        status: 200,
        body: `${task} /x?y=1`,
      });
    }, SLOW);
    if (!protocols.includes('tcp')) return;
    const port = await eventually(async () => {
      const found = await runtimeOf(clearml!, task);
      expect(String(found['external_address'])).to.equal('127.0.0.1');
      return Number(found['external_tcp_port']);
    }, RESTED);
    await eventually(
      async () => expect(await echo(port, 'to and fro')).to.equal('to and fro'),
      SLOW,
    );
  }

  /** What must hold of both files once they are up. */
  async function holds(
    project: ComposeProject,
    names: Names,
    folder: string,
    protocols: readonly ('http' | 'tcp')[] = ['http', 'tcp'],
  ): Promise<Held> {
    const router = await project.container(names.router);
    const proxy = await project.container(names.proxy);
    const network = await scope.network();
    const onBridge = await startTaskContainer(scope, clearml!, { protocols });
    const onOwn = await startTaskContainer(scope, clearml!, { protocols, network });

    await reach(onBridge.task, clearml!.token, protocols);
    await reach(onOwn.task, clearml!.token, protocols);

    await untilHealthy(router);
    await untilHealthy(proxy);
    const socket = await stat(join(folder, 'router.sock'));
    expect([socket.uid, socket.gid, socket.mode & 0o777]).to.deep.equal([
      ROUTER_UID,
      ROUTER_UID,
      0o660,
    ]);
    const shared = await stat(folder);
    expect([shared.uid, shared.gid, shared.mode & 0o7777]).to.deep.equal([
      ROUTER_UID,
      ROUTER_UID,
      0o2750,
    ]);
    const state = await stat(join(folder, '.clearway-state'));
    expect([state.uid, state.mode & 0o777]).to.deep.equal([ROUTER_UID, 0o700]);
    const routerRights = await rightsOf(router);
    expect([routerRights.uid, routerRights.gid]).to.deep.equal([ROUTER_UID, ROUTER_UID]);
    expect(routerRights.capabilities).to.equal(0);
    expect(routerRights.groups).to.include((await stat('/var/run/docker.sock')).gid);
    const proxyRights = await rightsOf(proxy);
    expect([proxyRights.uid, proxyRights.gid]).to.deep.equal([PROXY_UID, ROUTER_UID]);
    expect(proxyRights.capabilities).to.equal(NET_BIND_SERVICE);
    const check = await docker('exec', router, 'clearway', 'check');
    expect(check)
      .to.match(/ 0 failures/)
      .and.not.match(/^FAIL/m);
    return { router, tasks: [onBridge.task, onOwn.task] };
  }

  /** What must hold of the API that is reached by a loopback port of the host. */
  async function letsAdministratorIn({ router, tasks }: Held): Promise<void> {
    const { mode, routes } = await seenByAdministrator(router);
    expect(mode).to.equal(0o600);
    expect(routes).to.include.members(tasks.map((task) => `${task}.http`));
  }

  const own = { router: 'router', proxy: 'proxy' };
  for (const order of [
    ['router', 'proxy'],
    ['proxy', 'router'],
  ]) {
    it(`compose/docker-compose.yml works, ${order.join(' before ')}`, async () => {
      const port = await freePort();
      const settings = {
        ...settingsOf(clearml!, 'own-file', port, 21_000),
        ROUTER__WEBSERVER__SERVER_PORT: String(port),
        CLEARWAY_API_PORT: String(await freePort()),
        CLEARWAY_PORT_REST_SECONDS: '1',
      };

      const project = await up('compose/docker-compose.yml', settings, order);

      await letsAdministratorIn(await holds(project, own, await project.volume('nginx')));
    });
  }

  const published = { router: 'task_traffic_router', proxy: 'task_traffic_webserver' };
  for (const order of [
    [published.router, published.proxy],
    [published.proxy, published.router],
  ]) {
    it(`the published file works with our images, ${order.join(' before ')}`, async () => {
      const settings = {
        ...settingsOf(clearml!, 'published', 8010, 21_010),
        ROUTER_TAG: 'clearway/router:latest',
        PROXY_TAG: 'clearway/proxy:latest',
      };

      // This file cannot set the port for kubectl.
      const isTaken = await accepts(API_PORT);
      const project = await up('test/docker/published/docker-compose.yml', settings, order);

      // Its ports rest for a minute, which cannot be set there: once is enough.
      const protocols =
        order[0] === published.router ? (['http', 'tcp'] as const) : (['http'] as const);
      const folder = join(project.folder, 'task_traffic_router/config/nginx');
      const held = await holds(project, published, folder, protocols);
      if (isTaken) console.log(`not run: kubectl's port, as somebody else has ${API_PORT}`);
      else await letsAdministratorIn(held);
    });
  }

  it('two routers of one tenant on one host serve only the tasks of their own queues', async () => {
    const make = async (name: string, queues: string, tcpStart: number) => {
      const port = await freePort();
      const settings = {
        ...settingsOf(clearml!, name, port, tcpStart),
        ROUTER__WEBSERVER__SERVER_PORT: String(port),
        LISTEN_QUEUE_NAME: queues,
      };
      await up('compose/docker-compose.yml', settings, ['router', 'proxy']);
      return settings.ROUTER_URL;
    };
    for (const queue of ['queue1', 'queue2', 'queue3', 'gpu-big', 'other'])
      clearml!.api.addQueue(queue);
    const first = await make('first', 'queue1,queue2', 21_030);
    const second = await make('second', 'queue3,gpu-*', 21_040);

    const byQueue = new Map<string, string>();
    for (const queue of ['queue1', 'queue2', 'queue3', 'gpu-big', 'other']) {
      const { task } = await startTaskContainer(scope, clearml!, { queue });
      byQueue.set(queue, task);
    }

    const served = { queue1: first, queue2: first, queue3: second, 'gpu-big': second };
    for (const [queue, url] of Object.entries(served)) {
      const task = byQueue.get(queue)!;
      const other = url === first ? second : first;
      await eventually(async () => {
        const answer = await get(`${url}/service/${task}/`, clearml!.token);
        expect(answer).to.deep.equal({ status: 200, body: `${task} /` });
      }, SLOW);
      expect((await get(`${other}/service/${task}/`, clearml!.token)).status).to.equal(404);
    }
    expect(await runtimeOf(clearml!, byQueue.get('other')!)).not.to.include.keys('endpoint');
  });
});
