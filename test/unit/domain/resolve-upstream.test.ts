import { expect } from 'chai';
import fc from 'fast-check';
import { isAddress, LOOPBACK, NEVER_UPSTREAM } from '../../../src/domain/address.ts';
import {
  resolveUpstream,
  type TaskContainer,
  type UpstreamFacts,
} from '../../../src/domain/resolve-upstream.ts';

const BRIDGE = '172.17.0.0/16';
const OWN = '198.51.100.1';

/** Facts about a task that gives `address`; a literal address is resolved already. */
function facts(address: string, overrides: Partial<UpstreamFacts> = {}): UpstreamFacts {
  return {
    target: { address, port: 8888 },
    resolved: isAddress(address) ? [address] : [],
    containers: [],
    engineAvailable: true,
    bridgeSubnets: [BRIDGE],
    ownAddresses: [OWN, '2001:db8::99'],
    ownPorts: (port) => port === 8080,
    ...overrides,
  };
}

function aContainer(overrides: Partial<TaskContainer> = {}): TaskContainer {
  return {
    id: 'c'.repeat(64),
    running: true,
    hostNetwork: false,
    addresses: ['172.17.0.3'],
    ...overrides,
  };
}

/** `address:port by source`, or the reason. */
function decide(given: UpstreamFacts): string {
  const decision = resolveUpstream(given);
  return 'reason' in decision
    ? decision.reason
    : `${decision.address}:${decision.port} by ${decision.source}`;
}

const ROWS: readonly (readonly [what: string, facts: UpstreamFacts, decision: string])[] = [
  ['takes an ordinary address as given', facts('192.0.2.7'), '192.0.2.7:8888 by task'],
  ['takes an IPv6 address as given', facts('2001:db8::7'), '2001:db8::7:8888 by task'],
  ['writes a mapped address as IPv4', facts('::ffff:192.0.2.7'), '192.0.2.7:8888 by task'],
  [
    'takes the first allowed address of a name',
    facts('app.example', { resolved: ['127.0.0.1', '192.0.2.8'] }),
    '192.0.2.8:8888 by task',
  ],
  ['says that a name does not resolve', facts('app.example'), 'NameNotResolved'],
  [
    'takes the running container when the task gave no address',
    facts('', { containers: [aContainer()] }),
    '172.17.0.3:8888 by engine',
  ],
  [
    'takes the worker when the task gave no address and has no container here',
    facts('', { workerAddress: '192.0.2.50' }),
    '192.0.2.50:8888 by worker',
  ],
  ['refuses when there is no address at all', facts(''), 'AmbiguousBridgeAddress'],
  [
    "uses a bridge address that is the task's container's",
    facts('172.17.0.3', { containers: [aContainer()] }),
    '172.17.0.3:8888 by engine',
  ],
  [
    "goes to the task's container when the bridge address is not its own",
    facts('172.17.0.3', { containers: [aContainer({ addresses: ['172.17.0.9'] })] }),
    '172.17.0.9:8888 by engine',
  ],
  [
    'says that the container is there and does not run',
    facts('172.17.0.3', { containers: [aContainer({ running: false, addresses: [] })] }),
    'ContainerNotRunning',
  ],
  [
    'says that the container does not run, though a worker is known',
    facts('172.17.0.3', {
      containers: [aContainer({ running: false })],
      workerAddress: '192.0.2.50',
    }),
    'ContainerNotRunning',
  ],
  [
    "takes the worker for a bridge address of no container of the task's",
    facts('172.17.0.3', { workerAddress: '192.0.2.50' }),
    '192.0.2.50:8888 by worker',
  ],
  ['refuses a bridge address of no container', facts('172.17.0.3'), 'AmbiguousBridgeAddress'],
  [
    'refuses a worker inside a bridge subnet',
    facts('172.17.0.3', { workerAddress: '172.17.0.1' }),
    'AmbiguousBridgeAddress',
  ],
  [
    'refuses a worker that is our own listener',
    facts('172.17.0.3', { workerAddress: OWN, target: { address: '172.17.0.3', port: 8080 } }),
    'AmbiguousBridgeAddress',
  ],
  [
    'refuses a bridge address while the engine cannot be asked',
    facts('172.17.0.3', { engineAvailable: false }),
    'AmbiguousBridgeAddress',
  ],
  [
    "keeps to the task's container while the engine is dead",
    facts('172.17.0.3', { engineAvailable: false, engineSeen: true, containers: [aContainer()] }),
    '172.17.0.3:8888 by engine',
  ],
  [
    'does not take the CIDRs for an answer while an engine that was there is dead',
    facts('172.17.0.3', { engineAvailable: false, engineSeen: true, allowed: [BRIDGE] }),
    'AmbiguousBridgeAddress',
  ],
  [
    'uses a bridge address without an engine when the CIDRs name it',
    facts('172.17.0.3', { engineAvailable: false, allowed: [BRIDGE] }),
    '172.17.0.3:8888 by task',
  ],
  [
    'does not take the CIDRs for an answer while there is an engine',
    facts('172.17.0.3', { allowed: [BRIDGE] }),
    'AmbiguousBridgeAddress',
  ],
  [
    'prefers the container whose id the task wrote',
    facts('', {
      hostname: 'b'.repeat(12),
      containers: [
        aContainer({ addresses: ['172.17.0.4'] }),
        aContainer({ id: 'b'.repeat(64), addresses: ['172.17.0.5'] }),
      ],
    }),
    '172.17.0.5:8888 by engine',
  ],
  [
    'does not take a short word for a container id',
    facts('', { hostname: 'c', containers: [aContainer({ addresses: [] })] }),
    'AmbiguousBridgeAddress',
  ],
  [
    'follows the container of a task that runs on this host by its life',
    facts(OWN, { containers: [aContainer({ running: false, hostNetwork: true })] }),
    'ContainerNotRunning',
  ],
  [
    'is not blinded by an old container of a task that runs elsewhere',
    facts('192.0.2.7', { containers: [aContainer({ running: false })] }),
    '192.0.2.7:8888 by task',
  ],
  [
    'refuses what the CIDRs leave out',
    facts('192.0.2.7', { allowed: ['10.0.0.0/8'] }),
    'AddressNotAllowed',
  ],
  [
    'takes what the CIDRs name',
    facts('10.0.0.7', { allowed: ['10.0.0.0/8'] }),
    '10.0.0.7:8888 by task',
  ],
  [
    'takes loopback when the CIDRs name it',
    facts('127.0.0.1', { allowed: ['127.0.0.0/8'] }),
    '127.0.0.1:8888 by task',
  ],
  [
    'refuses our own listener on loopback though the CIDRs name it',
    facts('127.0.0.2', { allowed: ['127.0.0.0/8'], target: { address: '127.0.0.2', port: 8080 } }),
    'OwnListener',
  ],
  ['refuses our own listener', facts(OWN, { target: { address: OWN, port: 8080 } }), 'OwnListener'],
  [
    'refuses our own listener in every spelling',
    facts('2001:DB8:0:0::99', { target: { address: '2001:DB8:0:0::99', port: 8080 } }),
    'OwnListener',
  ],
  ['takes another port of this host', facts(OWN), `${OWN}:8888 by task`],
  [
    'refuses metadata although the CIDRs name everything',
    facts('169.254.169.254', { allowed: ['0.0.0.0/0'] }),
    'AddressNotAllowed',
  ],
];

describe('resolveUpstream', () => {
  for (const [what, given, decision] of ROWS) {
    it(what, () => {
      expect(decide(given)).to.equal(decision);
    });
  }

  for (const address of [
    '127.0.0.1',
    '127.1.2.3',
    '::1',
    '::ffff:127.0.0.1',
    '0:0:0:0:0:ffff:7f00:1',
    '0.0.0.0',
    '169.254.169.254',
    '::ffff:169.254.169.254',
    'fe80::1',
    'fe80::1%eth0',
    'ff02::1',
    '224.0.0.1',
    '255.255.255.255',
  ]) {
    it(`refuses ${address}`, () => {
      expect(decide(facts(address))).to.equal('AddressNotAllowed');
    });
  }

  for (const address of ['2130706433', '0177.0.0.1', '0x7f.1', '127.1', 'localhost']) {
    it(`refuses ${address}, which a resolver takes for loopback`, () => {
      expect(decide(facts(address, { resolved: ['127.0.0.1'] }))).to.equal('AddressNotAllowed');
    });

    it(`does not hand on ${address} when nobody resolved it`, () => {
      expect(decide(facts(address, { resolved: [address] }))).to.equal('AddressNotAllowed');
    });
  }

  it('says what is missing, and which address it is about', () => {
    const decision = resolveUpstream(facts('172.17.0.3'));

    expect('message' in decision ? decision.message : '').to.include('172.17.0.3');
  });

  it("never gives a bridge address that is not the task's own container's", () => {
    const anyBridge = fc.integer({ min: 2, max: 9 }).map((last) => `172.17.0.${last}`);
    const anyText = fc.oneof(anyBridge, fc.ipV4(), fc.ipV6(), fc.constant(''));
    const containers = fc.array(
      fc.record({
        id: fc.constantFrom('a'.repeat(64), 'b'.repeat(64)),
        running: fc.boolean(),
        hostNetwork: fc.boolean(),
        addresses: fc.array(anyBridge, { maxLength: 2 }),
      }),
      { maxLength: 3 },
    );
    fc.assert(
      fc.property(
        anyText,
        containers,
        fc.boolean(),
        fc.option(anyText, { nil: undefined }),
        (address, found, engineAvailable, worker) => {
          const given = facts(address, {
            containers: found,
            engineAvailable,
            ...(worker === undefined ? {} : { workerAddress: worker }),
          });
          const decision = resolveUpstream(given);

          if (!('address' in decision)) return;
          const own = found
            .filter(({ running }) => running)
            .flatMap((container) => container.addresses);
          expect(LOOPBACK.includes(decision.address)).to.equal(false);
          expect(NEVER_UPSTREAM.includes(decision.address)).to.equal(false);
          if (decision.address.startsWith('172.17.')) {
            expect(own.includes(decision.address)).to.equal(true);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
