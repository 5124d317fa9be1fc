import {
  LOOPBACK,
  NEVER_UPSTREAM,
  isAddress,
  networkSet,
  plainAddress,
  type NetworkSet,
} from './address.ts';

/** A container of the task, as far as resolution looks at it. */
export interface TaskContainer {
  readonly id: string;
  readonly running: boolean;
  readonly hostNetwork: boolean;
  readonly addresses: readonly string[];
}

/** Everything that {@link resolveUpstream} looks at. */
export interface UpstreamFacts {
  /** Address (or host name) and port that the task gives. */
  readonly target: { readonly address: string; readonly port: number };
  /** Addresses that the target's host name resolved to; the target itself when it is an address. */
  readonly resolved: readonly string[];
  /** Containers that carry this task's id, as far as the engine's word on them still holds. */
  readonly containers: readonly TaskContainer[];
  /** What the task wrote as `hostname`: inside a container, its short id. */
  readonly hostname?: string;
  readonly engineAvailable: boolean;
  /** True once an engine answered: its word is waited for, whatever the CIDRs say. */
  readonly engineSeen?: boolean;
  /** Subnets of local bridges, as CIDRs: an address in them means nothing on another host. */
  readonly bridgeSubnets: readonly string[];
  /** Address of the worker that runs the task, as ClearML heard it. */
  readonly workerAddress?: string;
  /** CLEARWAY_UPSTREAM_CIDRS. */
  readonly allowed?: readonly string[];
  /** Addresses of this host and ports that the proxy listens on there. */
  readonly ownAddresses: readonly string[];
  readonly ownPorts: (port: number) => boolean;
}

/** Where to connect, or why nowhere. */
export type UpstreamDecision =
  | {
      readonly address: string;
      readonly port: number;
      readonly source: 'task' | 'engine' | 'worker';
    }
  | { readonly reason: UpstreamRefusal; readonly message: string };

/** Why there is no upstream. */
export type UpstreamRefusal =
  | 'NameNotResolved'
  | 'AmbiguousBridgeAddress'
  | 'ContainerNotRunning'
  | 'AddressNotAllowed'
  | 'OwnListener';

/**
 * Decides where the proxy connects for a target.
 *
 * | the address that the task gives | decision |
 * | --- | --- |
 * | no address at all (our own came back) | the task's running container, else the worker |
 * | in a local bridge subnet, engine knows a running container with this task id | that container |
 * | in a local bridge subnet, the task's container is there and does not run | ContainerNotRunning |
 * | in a local bridge subnet, no such container | the worker, else AmbiguousBridgeAddress |
 * | in a local bridge subnet, there never was an engine, the CIDRs name it | as given |
 * | any other | as given |
 *
 * Every result is checked again: never loopback (unless the CIDRs name it), link-local, multicast, outside the CIDRs, or
 * one of our own listeners.
 */
export function resolveUpstream(facts: UpstreamFacts): UpstreamDecision {
  const container = pickContainer(facts);
  const given = facts.resolved.map(plainAddress);
  if (facts.target.address === '') return elsewhere(facts, container, 'LoopToOurselves');
  if (given.length === 0) {
    return {
      reason: 'NameNotResolved',
      message: `The host name ${facts.target.address} does not resolve to an address from the router. Make the name known to its resolver, or let the task give an address.`,
    };
  }
  const bridges = networkSet(facts.bridgeSubnets);
  const routable = given.filter((address) => !bridges.includes(address));
  const first = routable[0];
  if (first !== undefined) return deadOnThisHost(facts, first) ?? firstAllowed(facts, routable);
  return bridged(facts, container, given[0] ?? '');
}

function bridged(
  facts: UpstreamFacts,
  container: TaskContainer | undefined,
  address: string,
): UpstreamDecision {
  if (container?.addresses.includes(address) === true) return check(facts, address, 'engine');
  const seen = facts.engineAvailable || facts.engineSeen === true;
  const allowed = facts.allowed !== undefined && networkSet(facts.allowed).includes(address);
  if (!seen && allowed) return check(facts, address, 'task');
  return elsewhere(facts, container, facts.engineAvailable ? 'NoContainer' : 'NoEngine');
}

/** The task's own container, else the worker, else a refusal that says what was missing. */
function elsewhere(
  facts: UpstreamFacts,
  container: TaskContainer | undefined,
  why: 'LoopToOurselves' | 'NoContainer' | 'NoEngine',
): UpstreamDecision {
  const address = container?.addresses[0];
  if (address !== undefined) return check(facts, address, 'engine');
  if (facts.containers.length > 0 && facts.containers.every((candidate) => !candidate.running)) {
    return { reason: 'ContainerNotRunning', message: NOT_RUNNING };
  }
  const worker = facts.workerAddress;
  const bridges = networkSet(facts.bridgeSubnets);
  if (worker !== undefined && isAddress(worker) && !bridges.includes(worker)) {
    const decision = check(facts, plainAddress(worker), 'worker');
    if ('address' in decision) return decision;
  }
  return { reason: 'AmbiguousBridgeAddress', message: ambiguous(facts.target.address, why) };
}

const NOT_RUNNING =
  "The task's container is not running. Start it, or end the task in ClearML; address and port are kept for its return.";

function ambiguous(address: string, why: 'LoopToOurselves' | 'NoContainer' | 'NoEngine'): string {
  const what = {
    LoopToOurselves: 'The task gives the address of this router itself',
    NoContainer: `${address} is an address of a local bridge and no running container of this host carries this CLEARML_TASK_ID`,
    NoEngine: `${address} is an address of a bridge and the Docker engine cannot be asked whose it is`,
  }[why];
  return `${what}. Run the task with host networking or a published port, give the router the engine's socket, or name the network in CLEARWAY_UPSTREAM_CIDRS.`;
}

/**
 * With host networking, or a published port, the address says nothing of the container's life; the engine does. Only for an
 * address of this host: an old container of a task that now runs elsewhere must not blind us.
 */
function deadOnThisHost(facts: UpstreamFacts, address: string): UpstreamDecision | undefined {
  const { containers } = facts;
  const dead = containers.length > 0 && containers.every((container) => !container.running);
  return dead && isOwnAddress(facts, address)
    ? { reason: 'ContainerNotRunning', message: NOT_RUNNING }
    : undefined;
}

/** Of several live containers with this task's id: the one whose id the task wrote, else the one with the address. */
function pickContainer(facts: UpstreamFacts): TaskContainer | undefined {
  const running = facts.containers.filter((container) => container.running);
  const { hostname } = facts;
  const named =
    hostname !== undefined && /^[0-9a-f]{12,64}$/.test(hostname)
      ? running.find((container) => container.id.startsWith(hostname))
      : undefined;
  const addressed = running.find((container) =>
    facts.resolved.some((address) => container.addresses.includes(plainAddress(address))),
  );
  return named ?? addressed ?? running.find((container) => container.addresses.length > 0);
}

function firstAllowed(facts: UpstreamFacts, addresses: readonly string[]): UpstreamDecision {
  const decisions = addresses.map((address) => check(facts, address, 'task'));
  const refused = decisions[0];
  return decisions.find((decision) => 'address' in decision) ?? (refused as UpstreamDecision);
}

function check(
  facts: UpstreamFacts,
  address: string,
  source: 'task' | 'engine' | 'worker',
): UpstreamDecision {
  const { port } = facts.target;
  const allowed = facts.allowed === undefined ? undefined : networkSet(facts.allowed);
  if (!isAllowed(address, allowed)) {
    return {
      reason: 'AddressNotAllowed',
      message: `The router may not connect to ${address}: ${allowed === undefined ? 'loopback, link-local, multicast and reserved addresses are refused' : 'it is outside CLEARWAY_UPSTREAM_CIDRS, or never allowed'}. Let the task give an address that others reach, or name the network in CLEARWAY_UPSTREAM_CIDRS.`,
    };
  }
  const own = LOOPBACK.includes(address) || isOwnAddress(facts, address);
  if (own && facts.ownPorts(port)) {
    return {
      reason: 'OwnListener',
      message: `Port ${port} of ${address} is this router's own listener: the route would lead to itself. Let the application listen on another port.`,
    };
  }
  return { address, port, source };
}

function isOwnAddress(facts: UpstreamFacts, address: string): boolean {
  return facts.ownAddresses.some((own) => plainAddress(own) === address);
}

function isAllowed(address: string, allowed: NetworkSet | undefined): boolean {
  if (!isAddress(address)) return false;
  if (NEVER_UPSTREAM.includes(address)) return false;
  if (allowed !== undefined) return allowed.includes(address);
  return !LOOPBACK.includes(address);
}
