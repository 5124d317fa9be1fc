import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { expect } from 'chai';
import type { EmbeddedClearml } from '../../src/embedded/api/embedded-clearml.ts';
import { startTcpEcho } from '../../src/embedded/workloads/tcp-echo.ts';
import type { Workload } from '../../src/embedded/workloads/workload.ts';
import { installSdk, startSession, type SdkStep } from '../sdk/sdk-session.ts';
import { ALICE, startClearml, tokenOf } from '../support/clearml-world.ts';
import { eventually } from '../support/eventually.ts';
import { Gateway } from '../support/gateway-harness.ts';
import { openSocket } from '../support/http-client.ts';
import { aStaticRoute } from '../support/resources.ts';

const SLOW = { timeoutMs: 30_000, everyMs: 50 };
const GREETING = 'hello from the task';

/** What became of a session, with the TCP addresses at which its task was reached. */
interface Story {
  readonly task: string;
  readonly tcp: readonly string[];
  /** Result of each step. */
  readonly said: readonly unknown[];
}

describe('the ClearML SDK behind the gateway', function () {
  this.timeout(180_000);
  let clearml: EmbeddedClearml;
  let gateway: Gateway;
  let web: Server;
  let port: number;
  let echo: Workload;
  /** All at once: each SDK takes ten seconds to end. */
  let stories: Readonly<Record<'new' | 'waiting' | 'gradio' | 'static', Promise<Story>>>;

  before(async () => {
    clearml = await startClearml();
    // On every address: SDKs before 1.18 write the one of the interface that leads out.
    web = createServer((request, response) => response.end(`asked for ${request.url ?? ''}`));
    web.listen(0, '0.0.0.0');
    await once(web, 'listening');
    ({ port } = web.address() as AddressInfo);
    echo = await startTcpEcho({ address: '0.0.0.0', port: 0, greeting: GREETING });
    const own = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ family }) => family === 'IPv4')
      .map(({ address }) => `${address}/32`);
    const environment = { CLEARWAY_UPSTREAM_CIDRS: ['127.0.0.0/8', ...own].join() };
    gateway = await Gateway.start({ clearml, environment });
    await addStaticRoute();
    stories = {
      new: tellNew(),
      waiting: tellWaiting(),
      gradio: tellGradio(),
      static: tellStatic(),
    };
    for (const story of Object.values(stories)) story.catch(() => undefined);
  });

  after(async () => {
    await gateway.stop();
    web.close();
    await echo.close();
    await clearml.close();
  });

  /** What an administrator defined, in the router and in the ClearML API, which the SDK asks about it. */
  async function addStaticRoute(): Promise<void> {
    await gateway.router.stop();
    await gateway.changeStore((store) => store.create(aStaticRoute('chat', { path: '/talk' })));
    await gateway.router.start();
    clearml.setRoutes([
      { name: 'chat', enabled: true, type: 'path', load_balancer: { enabled: false } },
    ]);
  }

  /** Runs the steps, looks at the addresses at their `hold`, and tells what each step said. */
  async function tell(
    version: string,
    steps: readonly SdkStep[],
    look: (task: string) => Promise<readonly string[]>,
  ): Promise<Story> {
    const access = { ...ALICE, apiHost: clearml.url };
    const session = await startSession(await installSdk(version), access, steps);
    try {
      const tcp = await look(session.task);
      session.release();
      const lines = await session.ended;
      const said = lines.filter((line) => line.do !== undefined && line.do !== 'hold');
      return { task: session.task, tcp, said: said.map((line) => line.result ?? line.error) };
    } finally {
      session.kill();
    }
  }

  const pathOf = (task: string, name = ''): string => `/service/${task}${name}/`;

  async function untilAnswers(path: string): Promise<void> {
    const token = tokenOf(clearml, ALICE);
    await eventually(async () => {
      for (const headers of [
        { authorization: `Bearer ${token}` },
        { cookie: `${clearml.cookieName}=${token}` },
      ])
        expect(await gateway.get(`${path}page?x=1`, headers)).to.deep.equal({
          status: 200,
          text: 'asked for /page?x=1',
        });
    }, SLOW);
  }

  /** The address that the gateway wrote, once it answers there. */
  async function untilEchoes(task: string, suffix = ''): Promise<string> {
    return eventually(async () => {
      const runtime = clearml.tasks.runtime(task);
      const tcpPort = Number(runtime[`external_tcp_port${suffix}`]);
      expect(tcpPort).to.be.within(gateway.tcpPorts.start, gateway.tcpPorts.end);
      const socket = await openSocket(tcpPort);
      const [heard] = (await once(socket, 'data')) as [Buffer];
      socket.destroy();
      expect(heard.toString()).to.equal(`${GREETING}\n`);
      return `${String(runtime[`external_address${suffix}`])}:${String(tcpPort)}`;
    }, SLOW);
  }

  async function untilGone(task: string): Promise<void> {
    const headers = { authorization: `Bearer ${tokenOf(clearml, ALICE)}` };
    await eventually(async () =>
      expect((await gateway.get(pathOf(task), headers)).status).to.equal(404),
    );
    await eventually(() => expect(clearml.tasks.runtime(task)).to.not.have.key('endpoint'));
  }

  function tellNew(): Promise<Story> {
    const steps: readonly SdkStep[] = [
      { do: 'request', port },
      { do: 'request', port, name: 'api' },
      // It takes its own private addresses for an answer (protocol 1.2), and does not wait.
      { do: 'request', port: echo.port, protocol: 'tcp' },
      { do: 'request', port: echo.port, protocol: 'tcp', name: 'shell' },
      { do: 'hold' },
      { do: 'list' },
    ];
    return tell('2.1.7', steps, async (task) => {
      await untilAnswers(pathOf(task));
      await untilAnswers(pathOf(task, '--api'));
      return [await untilEchoes(task), await untilEchoes(task, '__shell')];
    });
  }

  function tellWaiting(): Promise<Story> {
    const steps: readonly SdkStep[] = [
      { do: 'request', port },
      { do: 'request', port: echo.port, protocol: 'tcp' },
      { do: 'hold' },
    ];
    return tell('1.17.1', steps, async (task) => {
      await untilAnswers(pathOf(task));
      return [await untilEchoes(task)];
    });
  }

  function tellGradio(): Promise<Story> {
    const steps: readonly SdkStep[] = [
      { do: 'gradio', port, address: '127.0.0.1' },
      { do: 'hold' },
    ];
    return tell('1.9.2', steps, async (task) => {
      await untilAnswers(pathOf(task));
      return [];
    });
  }

  function tellStatic(): Promise<Story> {
    const steps: readonly SdkStep[] = [
      { do: 'request', port, static_route: 'chat' },
      { do: 'request', port, static_route: 'unknown', name: 'other', wait: false },
      { do: 'hold' },
    ];
    return tell('2.1.7', steps, async () => {
      await untilAnswers('/talk/');
      return [];
    });
  }

  it('2.1.7 is served at the static route that it asks for by name', async () => {
    const { task, said } = await stories.static;

    const endpoint = `${gateway.url}/talk/`;
    expect(said[0]).to.include({ endpoint, browser_endpoint: endpoint, port });
    expect(said[1]).to.equal('ValueError');
    await eventually(() => expect(clearml.tasks.runtime(task)).to.not.have.key('endpoint'));
  });

  it('2.1.7 gets addresses for http, named http and tcp, at which its task answers until it ends', async () => {
    const { task, tcp, said } = await stories.new;

    const [http, api, , , list] = said;
    const endpoint = `${gateway.url}${pathOf(task)}`;
    expect(http).to.include({ endpoint, browser_endpoint: endpoint, port, protocol: 'http' });
    expect(api).to.include({ endpoint: `${gateway.url}${pathOf(task, '--api')}`, name: 'api' });
    expect((list as readonly { endpoint: string }[]).map((one) => one.endpoint)).to.have.members([
      endpoint,
      `${gateway.url}${pathOf(task, '--api')}`,
      ...tcp,
    ]);
    await untilGone(task);
  });

  it('1.17.1 waits until both addresses are the ones of the gateway', async () => {
    const { task, tcp, said } = await stories.waiting;

    expect(said[0]).to.include({ endpoint: `${gateway.url}${pathOf(task)}` });
    expect(said[1]).to.include({ endpoint: tcp[0] });
    await untilGone(task);
  });

  it('1.9.2 finds its Gradio application at the path that is built into it', async () => {
    const { task } = await stories.gradio;

    await untilGone(task);
  });
});
