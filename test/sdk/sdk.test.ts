import { expect } from 'chai';
import { EmbeddedClearml } from '../../src/embedded/api/embedded-clearml.ts';
import {
  installSdk,
  startSession,
  type SdkLine,
  type SdkSession,
  type SdkStep,
} from './sdk-session.ts';
import { GATEWAY, simulateGateway } from './simulated-gateway.ts';

const ALICE = { name: 'alice', accessKey: 'ALICEKEY', secretKey: 'alice-secret' };

interface Run {
  readonly lines: readonly SdkLine[];
  readonly task: string;
  readonly api: EmbeddedClearml;
}

async function run(
  version: string,
  featureSet: 'basic' | 'advanced',
  steps: readonly SdkStep[],
): Promise<Run> {
  const python = await installSdk(version);
  const api = new EmbeddedClearml({
    seed: {
      users: [ALICE],
      routes: [
        { name: 'known', enabled: true, type: 'path', load_balancer: { enabled: true } },
        ...(['taken', 'disabled'] as const).map((name) => ({
          name,
          enabled: name === 'taken',
          type: 'path' as const,
          status: 'active',
          load_balancer: { enabled: false },
        })),
      ],
    },
    featureSet,
  });
  const { url } = await api.start();
  const stop = new AbortController();
  const gateway = simulateGateway(api, stop.signal);
  let session: SdkSession | undefined;
  try {
    session = await startSession(python, { apiHost: url, ...ALICE }, steps);
    return { lines: await within(60_000, session), task: session.task, api };
  } finally {
    session?.kill();
    stop.abort();
    await gateway;
    await api.close();
  }
}

/** The lines of a session; ends it when it takes longer. */
async function within(ms: number, session: SdkSession): Promise<readonly SdkLine[]> {
  const timer = setTimeout(() => session.kill(), ms);
  try {
    return await session.ended;
  } finally {
    clearTimeout(timer);
  }
}

function resultsOf({ lines }: Run): readonly unknown[] {
  return lines.filter((line) => line.do !== undefined).map((line) => line.result ?? line.error);
}

describe('the ClearML SDK on the embedded API', function () {
  this.timeout(90_000);

  it('2.1.7 gets a default and a named http endpoint', async () => {
    const done = await run('2.1.7', 'advanced', [
      { do: 'request', port: 8000 },
      { do: 'request', port: 9000, name: 'api' },
      { do: 'list' },
    ]);

    const [first, named, list] = resultsOf(done) as [unknown, unknown, readonly unknown[]];
    expect(first).to.include({
      endpoint: `${GATEWAY.url}/service/${done.task}/`,
      port: 8000,
      protocol: 'http',
    });
    expect(named).to.include({
      endpoint: `${GATEWAY.url}/service/${done.task}--api/`,
      port: 9000,
      name: 'api',
    });
    expect(list).to.have.length(2);
  });

  it('2.1.7 gets the gateway address for tcp, once the gateway wrote it', async () => {
    const done = await run('2.1.7', 'advanced', [
      { do: 'request', port: 2222, protocol: 'tcp', wait: false },
      // The SDK takes its own private address for an answer (protocol 1.2): an http request gives time.
      { do: 'request', port: 8000 },
      { do: 'wait', protocol: 'tcp' },
      { do: 'runtime' },
    ]);

    const [, , tcp, runtime] = resultsOf(done);
    expect(tcp).to.include({ endpoint: `${GATEWAY.address}:${GATEWAY.port}`, protocol: 'tcp' });
    expect(runtime).to.include({ upstream_task_port: 2222, external_tcp_port: GATEWAY.port });
  });

  it('2.1.7 finds a static route by name, and refuses one that is unknown, taken or disabled', async () => {
    const done = await run('2.1.7', 'advanced', [
      { do: 'request', port: 8000, static_route: 'known', wait: false },
      ...['unknown', 'taken', 'disabled', 'know'].map(
        (name) => ({ do: 'request', port: 8001, static_route: name, wait: false }) as const,
      ),
      { do: 'runtime' },
    ]);

    const results = resultsOf(done);
    const runtime = results.at(-1);
    expect(results.slice(1, -1)).to.deep.equal(Array.from({ length: 4 }, () => 'ValueError'));
    expect(runtime).to.include({
      _ROUTER_ENDPOINT_MODE: 'path',
      _ROUTER_ENDPOINT_MODE_PARAM: 'known',
    });
  });

  it('1.17.1 waits for http and for tcp', async () => {
    const done = await run('1.17.1', 'advanced', [
      { do: 'request', port: 8000 },
      { do: 'request', port: 2222, protocol: 'tcp' },
    ]);

    const [http, tcp] = resultsOf(done);
    expect(http).to.include({ endpoint: `${GATEWAY.url}/service/${done.task}/` });
    expect(tcp).to.include({ endpoint: `${GATEWAY.address}:${GATEWAY.port}` });
  });

  it('1.9.2, which cannot ask, writes what its Gradio binding writes', async () => {
    const done = await run('1.9.2', 'basic', [
      { do: 'request', port: 8000 },
      { do: 'gradio', port: 7860, address: '127.0.0.1' },
      { do: 'runtime' },
    ]);

    const [refused, , runtime] = resultsOf(done);
    expect(refused).to.equal('AttributeError');
    expect(runtime).to.include({ _SERVICE: 'EXTERNAL', _ADDRESS: '127.0.0.1', _PORT: 7860 });
    expect(done.api.tasks.get(done.task)?.system_tags).to.include('external_service');
  });

  for (const version of ['2.1.7', '1.17.1']) {
    it(`${version} refuses to ask on the open-source feature set`, async () => {
      const done = await run(version, 'basic', [{ do: 'request', port: 8000 }]);

      const [line] = done.lines.filter((said) => said.do === 'request');
      expect(line?.error).to.equal('ValueError');
      expect(line?.message).to.match(/advanced/);
      expect(done.api.tasks.get(done.task)?.status).to.equal('completed');
    });
  }
});
