import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { NameLookup } from '../../src/composition/name-lookup.ts';
import type { EmbeddedClearml } from '../../src/embedded/api/embedded-clearml.ts';
import { resolveUpstream, type UpstreamFacts } from '../../src/domain/resolve-upstream.ts';
import { getCondition } from '../../src/resources/conditions.ts';
import { ALICE, startClearml } from '../support/clearml-world.ts';
import { eventually } from '../support/eventually.ts';
import { Gateway } from '../support/gateway-harness.ts';
import { notRun } from '../support/not-run.ts';

/** Addresses of this host, of its link, of everybody, and of services that clouds answer at. */
const NEVER = [
  ...[
    '127.0.0.1',
    '127.1.2.3',
    '::1',
    '[::1]',
    '::ffff:127.0.0.1',
    '0:0:0:0:0:ffff:7f00:1',
    'localhost',
  ],
  ...['0.0.0.0', '0.1.2.3', '::', '0:0:0:0:0:0:0:0', '169.254.169.254', '::ffff:169.254.169.254'],
  ...[
    '::ffff:a9fe:a9fe',
    '64:ff9b::169.254.169.254',
    '64:ff9b::7f00:1',
    'fe80::1',
    '224.0.0.1',
    'ff02::1',
  ],
  ...['240.0.0.1', '255.255.255.255', 'fd00:ec2::254', 'FD00:EC2:0:0:0:0:0:254', '100.100.100.200'],
  ...['168.63.129.16', '192.0.0.192', ' 127.0.0.1\n'],
];

/** What resolvers and URL parsers take for an address, and what is no address at all. */
const NO_ADDRESS = [
  ...[
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '127.1',
    '0x7f.1',
    '017700000001',
    '127.0.0.1.',
    '1.1.1.1.1',
  ],
  ...[
    'unix:/var/run/docker.sock',
    '/var/run/docker.sock',
    'http://127.0.0.1',
    '127.0.0.1:80',
    '127.0.0.1/x',
  ],
  ...[
    'user@127.0.0.1',
    '[::1',
    '::1]',
    'fe80::1%eth0',
    '[fe80::1%25eth0]',
    '127\u30020\u30020\u30021',
    '\u2460.0.0.1',
  ],
  ...['127.0.0.1#', '127.0.0.1?', '127.0.0.1\u0000', 'a b', '*', '$host', '-', '.', '%31.1.1.1'],
];

const V4 = Object.values(networkInterfaces())
  .flatMap((entries) => entries ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address;

describe('addresses that tasks give', function () {
  this.timeout(40_000);
  let clearml: EmbeddedClearml;
  let gateway: Gateway;

  before(async () => {
    clearml = await startClearml();
    gateway = await Gateway.start({
      clearml,
      tcpPorts: 3,
      environment: { CLEARWAY_UPSTREAM_CIDRS: '' },
    });
  });

  after(async () => {
    await gateway.stop();
    await clearml.close();
  });

  function plant(address: string, port: number): string {
    const [systemTags, status] = [['external_service'], 'in_progress'];
    const id = clearml.tasks.create({ name: 'a task', status, systemTags, user: ALICE.name });
    clearml.tasks.setRuntime(id, {
      _SERVICE: 'EXTERNAL',
      _ADDRESS: address,
      _PORT: port,
      external_address: address,
      external_tcp_port: port,
    });
    return id;
  }

  async function expectRefusals(
    cases: readonly (readonly [address: string, port: number, reasons: readonly string[]])[],
  ): Promise<void> {
    const planted = cases.map(([address, port, reasons]) => ({
      address,
      reasons,
      task: plant(address, port),
    }));
    await eventually(
      async () => {
        const routes = new Map(
          (await gateway.routes()).map((route) => [route.metadata.name, route]),
        );
        for (const { address, reasons, task } of planted)
          for (const name of [`${task}.http`, `${task}.tcp`]) {
            const { conditions = [] } = routes.get(name)?.status ?? {};
            const [accepted, resolved] = ['Accepted', 'UpstreamResolved'].map((type) =>
              getCondition(conditions, type),
            );
            const found = accepted?.status === 'False' ? accepted : resolved;
            expect([found?.status, address], name).to.deep.equal(['False', address]);
            expect(found?.reason, `${address} ${name}`).to.be.oneOf(reasons);
          }
      },
      { timeoutMs: 20_000, everyMs: 100 },
    );
    const snapshot = JSON.parse(
      await readFile(join(gateway.folder, 'nginx', 'snapshot.json'), 'utf8'),
    ) as {
      readonly http: Readonly<Record<string, object>>;
      readonly tcp: Readonly<Record<string, object>>;
    };
    for (const entry of [...Object.values(snapshot.http), ...Object.values(snapshot.tcp)])
      expect(entry).to.not.have.any.keys('host', 'upstream');
    for (const { task } of planted) clearml.tasks.setStatus(task, 'stopped');
  }

  // Attack: have the gateway connect where the task cannot, or where whoever answers trusts the gateway: loopback, the metadata
  // service of a cloud, sockets, and all of them in other words.
  // Outcome: refused where the address is read, whichever way it is written, and again where it is connected to.
  it('T6: no address of this host, its link or its cloud is an upstream', () =>
    expectRefusals([
      ...NEVER.map((address) => [address, 8_080, ['AddressNotAllowed']] as const),
      ...NO_ADDRESS.map((address) => [address, 8_080, ['InvalidAddress']] as const),
    ]));

  // Attack: the gateway's own listeners, at an address of the host that is no loopback.
  it('T7 by an address of the host: no listener of the gateway is an upstream', async function () {
    if (V4 === undefined) notRun(this, 'this host has no address but loopback');
    const ports = [gateway.port, gateway.tcpPorts.start, Number(new URL(gateway.metricsUrl).port)];
    await expectRefusals(
      ports.map((port) => [V4, port, ['OwnListener', 'LoopToOurselves']] as const),
    );
  });

  const facts: UpstreamFacts = {
    target: { address: 'task.example', port: 80 },
    resolved: [],
    containers: [],
    engineAvailable: false,
    bridgeSubnets: [],
    ownAddresses: [],
    ownPorts: () => false,
  };

  // Attack: a name that leads to an address which is allowed, and a moment later, or beside it, to one that is not.
  it('T6 by name: every address is looked at, each time that a name is looked up', async () => {
    let answer: readonly string[] = ['192.0.2.1'];
    let now = 0;
    const names = new NameLookup({
      clock: { now: () => now },
      resolve: () => Promise.resolve(answer),
    });
    const decide = async (): Promise<unknown> => {
      names.lookup('task.example');
      await new Promise((done) => setImmediate(done));
      const found = names.lookup('task.example');
      const resolved = typeof found === 'object' ? found.addresses : [];
      const decision = resolveUpstream({ ...facts, resolved });
      return 'address' in decision ? decision.address : decision.reason;
    };
    expect(await decide()).to.equal('192.0.2.1');
    for (const address of ['169.254.169.254', '::ffff:127.0.0.1', '0.0.0.0', '::1']) {
      [answer, now] = [[address], now + 60_000];
      expect(await decide(), address).to.equal('AddressNotAllowed');
      [answer, now] = [[address, '192.0.2.1'], now + 60_000];
      expect(await decide(), address).to.equal('192.0.2.1');
    }
  });

  it('T6 outside the networks that are named: no upstream, nor what those must never name', () => {
    const decide = (address: string, allowed: readonly string[]): unknown => {
      const decision = resolveUpstream({ ...facts, allowed, resolved: [address] });
      return 'address' in decision ? decision.address : decision.reason;
    };
    expect(decide('10.1.2.3', ['10.1.0.0/16'])).to.equal('10.1.2.3');
    for (const address of ['10.2.0.1', '192.0.2.1', '127.0.0.1', '2001:db8::1', '::ffff:10.2.0.1'])
      expect(decide(address, ['10.1.0.0/16']), address).to.equal('AddressNotAllowed');
    for (const address of [
      '169.254.169.254',
      '0.0.0.0',
      'fe80::1',
      '::',
      'fd00:ec2::254',
      '168.63.129.16',
    ])
      expect(decide(address, ['0.0.0.0/0', '::/0']), address).to.equal('AddressNotAllowed');
  });
});
