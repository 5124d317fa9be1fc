import { expect } from 'chai';
import type { ContainerInspectInfo, NetworkInspectInfo } from 'dockerode';
import {
  bridgeSubnetsOf,
  readContainer,
  withSharedNetworks,
} from '../../../src/docker/container-fact.ts';

interface Overrides {
  readonly id?: string;
  readonly env?: readonly string[] | null;
  readonly state?: Partial<ContainerInspectInfo['State']>;
  readonly mode?: string;
  readonly networks?: Readonly<Record<string, { IPAddress: string; GlobalIPv6Address: string }>>;
  readonly ports?: Readonly<Record<string, { HostIp: string; HostPort: string }[] | null>>;
}

/** The parts of an inspection that matter, as engine API 1.41 sends them. */
function anInspection(overrides: Overrides = {}): ContainerInspectInfo {
  return {
    Id: overrides.id ?? 'c0ffee',
    Name: '/happy_task',
    State: { Running: true, Paused: false, Restarting: false, ...overrides.state },
    Config: { Env: overrides.env === undefined ? ['PATH=/bin'] : overrides.env },
    HostConfig: { NetworkMode: overrides.mode ?? 'default' },
    NetworkSettings: {
      IPAddress: '',
      Networks: overrides.networks ?? {
        bridge: { IPAddress: '172.17.0.2', GlobalIPv6Address: '' },
      },
      Ports: overrides.ports ?? {},
    },
  } as unknown as ContainerInspectInfo;
}

describe('readContainer', () => {
  it('reads the task id and no other variable', () => {
    const env = ['CLEARML_API_SECRET_KEY=hush', 'CLEARML_TASK_ID=0123abc', 'X=CLEARML_TASK_ID=no'];

    const { fact } = readContainer(anInspection({ env }));

    expect(fact).to.deep.equal({
      id: 'c0ffee',
      name: 'happy_task',
      taskId: '0123abc',
      running: true,
      hostNetwork: false,
      addresses: ['172.17.0.2'],
      published: [],
    });
  });

  for (const env of [
    null,
    [],
    ['CLEARML_TASK_ID='],
    ['CLEARML_TASK_ID=a b'],
    ['clearml_task_id=a'],
  ]) {
    it(`finds no task id in ${JSON.stringify(env)}`, () => {
      expect(readContainer(anInspection({ env })).fact).not.to.have.property('taskId');
    });
  }

  it('takes a paused container for running and one in restart for not running', () => {
    const paused = anInspection({ state: { Paused: true } });
    const restarting = anInspection({ state: { Restarting: true } });

    expect(readContainer(paused).fact.running).to.equal(true);
    expect(readContainer(restarting).fact.running).to.equal(false);
  });

  it('collects the addresses of every network, v6 too, and leaves out the empty ones of a stopped container', () => {
    const networks = {
      one: { IPAddress: '172.18.0.2', GlobalIPv6Address: 'fd00::2' },
      two: { IPAddress: '', GlobalIPv6Address: '' },
    };

    expect(readContainer(anInspection({ networks })).fact.addresses).to.deep.equal([
      '172.18.0.2',
      'fd00::2',
    ]);
  });

  it('lists published tcp ports, once per host address', () => {
    const ports = {
      '8080/tcp': [
        { HostIp: '0.0.0.0', HostPort: '49153' },
        { HostIp: '::', HostPort: '49153' },
      ],
      '53/udp': [{ HostIp: '0.0.0.0', HostPort: '49154' }],
      '9090/tcp': null,
    };

    expect(readContainer(anInspection({ ports })).fact.published).to.deep.equal([
      { containerPort: 8080, hostAddress: '0.0.0.0', hostPort: 49153 },
      { containerPort: 8080, hostAddress: '::', hostPort: 49153 },
    ]);
  });
});

describe('withSharedNetworks', () => {
  it('gives a container that shares a network the addresses of the one that owns it', () => {
    const owner = readContainer(anInspection({ id: 'aaa' }));
    const sharer = readContainer(anInspection({ id: 'bbb', mode: 'container:aaa', networks: {} }));

    const facts = withSharedNetworks(
      new Map([
        ['aaa', owner],
        ['bbb', sharer],
      ]),
    );

    expect(facts[1]?.addresses).to.deep.equal(['172.17.0.2']);
  });
});

describe('bridgeSubnetsOf', () => {
  it('keeps the subnets of bridges and of no other network', () => {
    const networks = [
      {
        Driver: 'bridge',
        IPAM: { Config: [{ Subnet: '172.18.0.0/16' }, { Subnet: 'fd00::/64' }] },
      },
      { Driver: 'macvlan', IPAM: { Config: [{ Subnet: '192.168.1.0/24' }] } },
      { Driver: 'host', IPAM: { Config: null } },
      { Driver: 'bridge' },
    ] as unknown as NetworkInspectInfo[];

    expect(bridgeSubnetsOf(networks)).to.deep.equal(['172.18.0.0/16', 'fd00::/64']);
  });
});
