import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { BareNumber } from '../../src/embedded/api/json.ts';
import type { EmbeddedClearml } from '../../src/embedded/api/embedded-clearml.ts';
import { MARK_KEY } from '../../src/domain/marks.ts';
import { endpointUrl, taskRouteName } from '../../src/domain/route-name.ts';
import { getCondition } from '../../src/resources/conditions.ts';
import { addTask, ALICE, anEndpoint, startClearml, tokenOf } from '../support/clearml-world.ts';
import { startApp, type TaskApp } from '../support/e2e-app.ts';
import { eventually } from '../support/eventually.ts';
import { Gateway } from '../support/gateway-harness.ts';
import { childrenOf } from '../support/processes.ts';

const SLOW = { timeoutMs: 15_000, everyMs: 100 };

/** Texts that mean something to nginx, Lua, njs, a shell, a template, a path, JSON or a terminal. */
const HOSTILE_TEXTS = [
  '127.0.0.1; } http { server { listen 1; } }',
  '"; os.execute("id"); --',
  ']] .. os.exit() .. [[',
  '$(reboot)`reboot`',
  '${clearway_uri}',
  '{{revision}} {{> x}}',
  '../../../../etc/passwd',
  '..%2f..%2f%00',
  'unix:/var/run/docker.sock',
  '\r\nSet-Cookie: a=b\r\n\r\n<script>',
  '\u001b[2J\u0007\u202e\ud800',
  '"}],"http":{"x":{}}',
  '__proto__',
  'constructor',
  'a'.repeat(100_000),
  '%s%n {0} \\',
];

const PORTS = [0, -1, 65_536, 1e300, 80.5, true, '', ' ', '80 80', '0x50', '8080; listen 1'];

/** A runtime of a task, and what must be said of an endpoint of it. */
interface Case {
  readonly says: string;
  readonly runtime: unknown;
  readonly protocol?: 'http' | 'tcp';
  readonly name?: string;
  readonly condition: 'Accepted' | 'UpstreamResolved';
  readonly reason: string;
}

function refused(reason: string, runtime: unknown, more: Partial<Case> = {}): Case {
  const says = `${reason}: ${JSON.stringify(runtime).slice(0, 80)}`;
  return { says, runtime, condition: 'Accepted', reason, ...more };
}

function http(address: unknown, port: unknown): Readonly<Record<string, unknown>> {
  return { _SERVICE: 'EXTERNAL', _ADDRESS: address, _PORT: port };
}

function portCases(): readonly Case[] {
  const ports = [...PORTS.slice(0, 6), ...PORTS.slice(7), ...HOSTILE_TEXTS, {}, [], [80]];
  const tcp = { protocol: 'tcp' } as const;
  return [
    ...ports.map((port) => refused('InvalidPort', http('127.0.0.1', port))),
    ...ports.map((port) =>
      refused(
        'InvalidPort',
        { external_address: '127.0.0.1', external_tcp_port: port, upstream_task_port: port },
        tcp,
      ),
    ),
    {
      ...refused('InvalidPort', http('127.0.0.1', 0)),
      runtime: http('127.0.0.1', new BareNumber('NaN')),
    },
  ];
}

function addressCases(): readonly Case[] {
  // The others may be host names; a test must not ask a resolver for them.
  const texts = HOSTILE_TEXTS.filter((text) => !/^[a-z_]{1,20}$/.test(text));
  const illegal = [...texts, 'http://127.0.0.1', '127.0.0.1:80', '[::1', 'a b', '999.1.1.1/8'];
  const never = ['0.0.0.0', '::', '::1', '169.254.169.254', '224.0.0.1', '255.255.255.255'];
  return [
    ...[...illegal, 1, true, {}, ['127.0.0.1']].map((address) =>
      refused('InvalidAddress', http(address, 8080)),
    ),
    ...never.map((address) =>
      refused('AddressNotAllowed', http(address, 8080), { condition: 'UpstreamResolved' }),
    ),
  ];
}

function shapeCases(): readonly Case[] {
  const many = Array.from({ length: 70 }, (_, index) => `n${String(100 + index)}`);
  const ports = Object.fromEntries(many.map((name) => [`_PORT__${name}`, 1]));
  const long = 'n'.repeat(256);
  return [
    ...['', 'text', [], [['_PORT', 80]], 7].map((runtime) => refused('InvalidRuntime', runtime)),
    refused('TooManyEndpoints', ports, { name: 'n169' }),
    refused('InvalidName', { [`_PORT__${long}`]: 80 }, { name: long.slice(0, 255) }),
    refused('PortNotPublished', {
      ...http('127.0.0.1', 8080),
      _external_host_tcp_port_mapping: '10:20; }',
    }),
  ];
}

function ownCases(gateway: Gateway): readonly Case[] {
  const { start } = gateway.tcpPorts;
  const own = { condition: 'UpstreamResolved' } as const;
  return [
    refused('LoopToOurselves', http('127.0.0.1', gateway.port)),
    refused('OwnListener', http('127.0.0.2', gateway.port), own),
    refused('OwnListener', http('localhost', start), own),
    refused('OwnListener', http('127.0.0.1', new URL(gateway.metricsUrl).port), own),
    refused(
      'LoopToOurselves',
      { external_address: '127.0.0.1', external_tcp_port: start },
      { protocol: 'tcp' },
    ),
  ];
}

describe('a gateway among hostile tasks', function () {
  this.timeout(60_000);
  let clearml: EmbeddedClearml;
  let gateway: Gateway;
  let app: TaskApp;
  let canary: string;
  let before_: { readonly conf: string; readonly workers: readonly number[] };

  const observe = async (): Promise<typeof before_> => ({
    conf: await gateway.nginxConf(),
    workers: await childrenOf(await gateway.nginxPid()),
  });

  const bearer = (): Record<string, string> => ({
    authorization: `Bearer ${tokenOf(clearml, ALICE)}`,
  });

  function plant(runtime: unknown, name = 'a task'): string {
    const [systemTags, status] = [['external_service'], 'in_progress'];
    const id = clearml.tasks.create({ name, status, systemTags, user: ALICE.name });
    clearml.tasks.setRuntime(id, runtime);
    return id;
  }

  before(async () => {
    clearml = await startClearml();
    app = await startApp('the canary');
    gateway = await Gateway.start({ clearml, environment: { CLEARWAY_FULL_PASS_SECONDS: '2' } });
    canary = addTask(clearml, [anEndpoint('http', app.port)]);
    await eventually(async () =>
      expect((await gateway.get(`/service/${canary}/`, bearer())).status).to.equal(200),
    );
    before_ = await observe();
  });

  afterEach('nothing of nginx changed, and others are served', async () => {
    expect(await observe()).to.deep.equal(before_);
    expect(await gateway.get(`/service/${canary}/`, bearer())).to.deep.equal({
      status: 200,
      text: 'the canary',
    });
    const log = `${await gateway.router.log()}${await gateway.proxy.log()}`;
    const errors = log.split('\n').filter((line) => /"level":"(?:error|fatal)"/.test(line));
    expect(errors).to.deep.equal([]);
    expect((await gateway.get('/')).status).to.equal(401);
  });

  after(async () => {
    await gateway.stop();
    await app[Symbol.asyncDispose]();
    await clearml.close();
  });

  async function expectReasons(cases: readonly Case[]): Promise<void> {
    const planted = cases.map((one) => ({ ...one, task: plant(one.runtime) }));
    await eventually(async () => {
      const routes = new Map((await gateway.routes()).map((one) => [one.metadata.name, one]));
      for (const { says, task, protocol = 'http', name = '', condition, reason } of planted) {
        const route = routes.get(taskRouteName({ task, protocol, endpointName: name }));
        const found = getCondition(route?.status.conditions ?? [], condition);
        expect({ says, status: found?.status, reason: found?.reason }).to.deep.equal({
          says,
          status: 'False',
          reason,
        });
        expect(found?.message, says).to.match(/^[\x20-\x7e]{10,500}$/);
      }
    }, SLOW);
    for (const { task } of planted) {
      expect(clearml.tasks.runtime(task)).to.not.have.any.keys('endpoint', MARK_KEY);
      expect((await gateway.get(`/service/${task}/`, bearer())).status).to.be.oneOf([404, 503]);
    }
  }

  it('names the fault of every port that is none', () => expectReasons(portCases()));

  it('names the fault of every address that is none, or not to be used', () =>
    expectReasons(addressCases()));

  it('names the fault of every runtime that cannot be read', () => expectReasons(shapeCases()));

  it('names the fault of every upstream that is the gateway itself', () =>
    expectReasons(ownCases(gateway)));

  it('serves tasks with hostile names, tags, endpoint names and neighbouring keys', async () => {
    const planted = HOSTILE_TEXTS.map((text) => {
      const endpointName = text.slice(0, 200);
      const task = plant(
        { ...http('127.0.0.1', app.port), [`_PORT__${endpointName}`]: app.port, [text]: text },
        text,
      );
      clearml.tasks.patchRuntime(task, { [`_ADDRESS__${endpointName}`]: '127.0.0.1' });
      return { task, endpointName };
    });

    for (const { task, endpointName } of planted) {
      const url = endpointUrl({ routerUrl: gateway.url }, { task, protocol: 'http', endpointName });
      await eventually(async () => {
        for (const path of [`/service/${task}/`, new URL(url).pathname])
          expect((await gateway.get(path, bearer())).text, endpointName).to.equal('the canary');
        expect(clearml.tasks.runtime(task)[`endpoint__${endpointName}`], endpointName).to.equal(
          url,
        );
      }, SLOW);
    }
    for (const { task } of planted) clearml.tasks.remove(task);
  });

  it('takes no harm from marks and answers of its own that others wrote', async () => {
    const own = JSON.stringify({
      router: 'e2e',
      instance: 'x',
      upstreams: { 'tcp:': '10.0.0.1:1' },
    });
    const marks = [...HOSTILE_TEXTS, own, '{"router":7}', 'null', 5, {}, []];
    const planted = marks.map((mark) =>
      plant({ ...http('127.0.0.1', app.port), [MARK_KEY]: mark, endpoint: mark }),
    );
    await eventually(async () => {
      const routes = await gateway.routes();
      for (const task of planted) {
        const route = routes.find(({ metadata }) => metadata.name === `${task}.http`);
        const reasons = (route?.status.conditions ?? []).map(({ reason }) => reason);
        expect(reasons, JSON.stringify(clearml.tasks.get(task)?.runtime)).to.satisfy(
          (all: readonly string[]) =>
            all.includes('Published') || all.includes('DuplicateRouterName'),
        );
      }
    }, SLOW);
  });

  it('withdraws them all when they end', async () => {
    for (const id of clearml.tasks.ids()) if (id !== canary) clearml.tasks.setStatus(id, 'stopped');

    await eventually(async () => expect(await gateway.routes()).to.have.length(1), SLOW);
    await eventually(async () => {
      const text = await readFile(`${gateway.folder}/nginx/snapshot.json`, 'utf8');
      const snapshot = JSON.parse(text) as { readonly http: Readonly<Record<string, unknown>> };
      expect(Object.keys(snapshot.http)).to.deep.equal([canary]);
    });
  });
});
