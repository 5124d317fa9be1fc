import type { ContainerInspectInfo, ContainerInfo, NetworkInspectInfo } from 'dockerode';
import type { ContainerFact } from '../controllers/contracts.ts';

/** A container as it was last inspected; of its environment nothing but the task id is kept. */
export interface SeenContainer {
  readonly fact: ContainerFact;
  /** Id of the container whose network it shares (`--network container:…`). */
  readonly sharesNetworkOf?: string;
}

/** What engines send where a container has no value: null, whatever the API says. */
type Sparse<T> = { readonly [K in keyof T]: T[K] | null };

const TASK_ID = /^CLEARML_TASK_ID=([A-Za-z0-9_-]{1,64})$/;

/**
 * What an inspection says of a container. A container that is being restarted does not run; a paused one does, for it keeps
 * its addresses and connections. Networks count one by one: the top-level address is empty on user-defined ones.
 */
export function readContainer(info: ContainerInspectInfo): SeenContainer {
  const taskId = (info.Config.Env as readonly string[] | null)
    ?.map((entry) => TASK_ID.exec(entry)?.[1])
    .find((value) => value !== undefined);
  const mode = info.HostConfig.NetworkMode ?? '';
  return {
    fact: {
      id: info.Id,
      name: info.Name.replace(/^\//, ''),
      ...(taskId === undefined ? {} : { taskId }),
      running: info.State.Running && !info.State.Restarting,
      hostNetwork: mode === 'host',
      addresses: addressesOf(info.NetworkSettings.Networks),
      published: publishedPorts(info.NetworkSettings.Ports),
    },
    ...(mode.startsWith('container:') ? { sharesNetworkOf: mode.slice('container:'.length) } : {}),
  };
}

/** Changes whenever an inspection would tell something else: identity, name, state and addresses of a list entry. */
export function signatureOf(entry: ContainerInfo): string {
  const { NetworkSettings: settings, Ports: ports } = entry as Sparse<ContainerInfo>;
  return JSON.stringify([
    entry.Names,
    entry.State,
    entry.Status.startsWith('Restarting'),
    Object.values(settings?.Networks ?? {}).map((network) => [
      network.IPAddress,
      network.GlobalIPv6Address,
    ]),
    (ports ?? [])
      .map((port) => [port.IP, port.PrivatePort, port.PublicPort, port.Type].join())
      .sort(),
  ]);
}

/** Subnets, in CIDR form, of the networks that are bridges of this host. */
export function bridgeSubnetsOf(networks: readonly NetworkInspectInfo[]): readonly string[] {
  return networks
    .filter((network) => network.Driver === 'bridge')
    .flatMap((network) => network.IPAM?.Config ?? [])
    .map((config) => config.Subnet)
    .filter((subnet): subnet is string => subnet !== undefined && subnet !== '')
    .sort();
}

/** The facts, with the addresses of a shared network given to each container that shares it. */
export function withSharedNetworks(
  seen: ReadonlyMap<string, SeenContainer>,
): readonly ContainerFact[] {
  return [...seen.values()].map(({ fact, sharesNetworkOf }) => {
    const owner = sharesNetworkOf === undefined ? undefined : seen.get(sharesNetworkOf)?.fact;
    if (owner === undefined || !fact.running) return fact;
    const { addresses, hostNetwork, published } = owner;
    return { ...fact, addresses, hostNetwork, published };
  });
}

function addressesOf(
  networks: ContainerInspectInfo['NetworkSettings']['Networks'],
): readonly string[] {
  return Object.values(networks)
    .flatMap((network) => [network.IPAddress, network.GlobalIPv6Address])
    .filter((address) => address !== '');
}

type PortBindings = Readonly<
  Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[] | null>
>;

function publishedPorts(ports: PortBindings): ContainerFact['published'] {
  return Object.entries(ports).flatMap(([key, bindings]) => {
    const [port, protocol] = key.split('/');
    if (protocol !== 'tcp') return [];
    return (bindings ?? []).map(({ HostIp, HostPort }) => ({
      containerPort: Number(port),
      hostAddress: HostIp,
      hostPort: Number(HostPort),
    }));
  });
}
