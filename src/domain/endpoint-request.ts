import { parseHost, parseHostPort, parsePort } from './host.ts';
import { readStaticRoute } from './static-request.ts';
import {
  NAME_SEPARATOR,
  NOT_AN_OBJECT_KEY,
  PORT_MAPPING_KEY,
  endpointKey,
} from './runtime-keys.ts';
import type { KnownRuntime } from './task-view.ts';

export { pickKnownKeys } from './runtime-keys.ts';

/** Why an endpoint request is refused, before anything is resolved. */
export type RefusalReason =
  | 'InvalidPort'
  | 'InvalidAddress'
  | 'InvalidName'
  | 'PortNotPublished'
  | 'LoopToOurselves'
  | 'InvalidRuntime'
  | 'InvalidStaticRoute'
  | 'TooManyEndpoints';

/** What a task asks for, parsed; or why it cannot be given. */
export interface EndpointRequest {
  readonly protocol: 'http' | 'tcp';
  /** As the task wrote it; empty for the default endpoint. */
  readonly name: string;
  /**
   * Where the task says that it listens. The address is empty where the task gave none of its own (none at all, or
   * ours): the task's container or worker must be found otherwise.
   */
  readonly target?: { readonly address: string; readonly port: number };
  readonly refusal?: { readonly reason: RefusalReason; readonly message: string };
  /** Name of the StaticRoute that it wants to be served at, as the task wrote it; http only. */
  readonly staticRoute?: string;
}

/** Hosts and a port at which the router serves http. */
export interface HttpListener {
  /** A host, or `*.<domain>` for every host below a domain. */
  readonly host: string;
  readonly port: number;
}

/** What parsing needs to know of the router. */
export interface RequestContext {
  /** Public TCP address of the router, when TCP is on. */
  readonly tcpAddress?: string;
  readonly tcpPorts?: { readonly start: number; readonly end: number };
  /** Where the router's own http listener is reached: an http endpoint there would lead to itself. */
  readonly httpListeners?: readonly HttpListener[];
  /** Mark that this router wrote on the task: the upstreams that its own addresses replaced, by endpoint name. */
  readonly replacedUpstreams: Readonly<Record<string, string>>;
}

/** Endpoints of one task and protocol that are served; as many again are named as refused, the rest is not read. */
export const MAX_ENDPOINTS = 64;

/** Longest name of an endpoint, in characters. */
export const MAX_NAME_LENGTH = 255;

type Target = NonNullable<EndpointRequest['target']>;
type Outcome = Pick<EndpointRequest, 'target' | 'refusal' | 'staticRoute'>;

const PORT_KEYS = { http: '_PORT', tcp: 'external_tcp_port' } as const;
const ADDRESS_KEYS = { http: '_ADDRESS', tcp: 'external_address' } as const;

/**
 * What the task asks for: http by `_PORT*` and tcp by `external_tcp_port*`, whatever `_SERVICE` says, as both share that
 * key and the last writer wins (protocol 1.2). Default endpoints first, then by name. Total: any value gives a result.
 *
 * | runtime | result |
 * | --- | --- |
 * | tagged, no port key (a clone, a reset task, an address before its port) | nothing |
 * | port `8080` or `"8080"`, legal address | target |
 * | port out of range, a fraction, a flag, text | `InvalidPort` |
 * | address that is neither a host name nor an IP address | `InvalidAddress` |
 * | no address | target without address |
 * | port mapping there, port not among its host ports | `PortNotPublished` |
 * | tcp, our address and one of our ports, the mark knows what they replaced | that target |
 * | tcp, our address and one of our ports, no mark | `LoopToOurselves` |
 * | tcp, our address and another port, as before or never replaced (a task on our host) | that target |
 * | tcp, our address and another port, something else was replaced (a session that was enqueued again) | target without address |
 * | http at our own listener, by any of its hosts | `LoopToOurselves` |
 * | http, asks for a static route | target with its name: see {@link readStaticRoute} |
 * | runtime is not an object | `InvalidRuntime` |
 */
export function parseEndpointRequests(
  runtime: KnownRuntime,
  context: RequestContext,
): readonly EndpointRequest[] {
  if (Object.hasOwn(runtime, NOT_AN_OBJECT_KEY)) return [INVALID_RUNTIME];
  return [
    ...requestsOf('http', runtime, (name) => httpOutcome(name, runtime, context)),
    ...requestsOf('tcp', runtime, (name) => tcpOutcome(name, runtime, context)),
  ];
}

const INVALID_RUNTIME: EndpointRequest = {
  protocol: 'http',
  name: '',
  ...refuse(
    'InvalidRuntime',
    'The runtime properties of the task are not an object. Reset the task.',
  ),
};

function requestsOf(
  protocol: 'http' | 'tcp',
  runtime: KnownRuntime,
  outcomeOf: (name: string) => Outcome,
): readonly EndpointRequest[] {
  const names = endpointNames(protocol, runtime);
  return names.slice(0, 2 * MAX_ENDPOINTS).map((name, index) => {
    if (name.length > MAX_NAME_LENGTH) {
      return { protocol, name: name.slice(0, MAX_NAME_LENGTH), ...NAME_TOO_LONG };
    }
    return { protocol, name, ...(index < MAX_ENDPOINTS ? outcomeOf(name) : TOO_MANY) };
  });
}

const NAME_TOO_LONG = refuse(
  'InvalidName',
  `The name of an endpoint may have ${MAX_NAME_LENGTH} characters. Give it a shorter one.`,
);

const TOO_MANY = refuse(
  'TooManyEndpoints',
  `A task may have ${MAX_ENDPOINTS} endpoints of one protocol; in the order of their names this one is beyond. Ask for fewer, or spread them over several tasks.`,
);

/** Names with a port, the default one (empty) first. A port that is null or empty asks for nothing. */
function endpointNames(protocol: 'http' | 'tcp', runtime: KnownRuntime): readonly string[] {
  const key = PORT_KEYS[protocol];
  const prefix = `${key}${NAME_SEPARATOR}`;
  return Object.entries(runtime)
    .filter(([, value]) => value !== null && value !== undefined && value !== '')
    .flatMap(([candidate]) => {
      if (candidate === key) return [''];
      return candidate.startsWith(prefix) && candidate !== prefix
        ? [candidate.slice(prefix.length)]
        : [];
    })
    .sort();
}

function httpOutcome(name: string, runtime: KnownRuntime, context: RequestContext): Outcome {
  const given = readTarget('http', name, runtime);
  const { target } = given;
  if (target === undefined) return given;
  const loops = context.httpListeners?.some(
    ({ host, port }) => target.port === port && isAmong(target.address, host),
  );
  const wish = readStaticRoute(name, runtime);
  if ('refusal' in wish) return wish;
  return { ...(loops === true ? LOOP : published(target, runtime)), ...wish };
}

function tcpOutcome(name: string, runtime: KnownRuntime, context: RequestContext): Outcome {
  const given = readTarget('tcp', name, runtime);
  const { target } = given;
  const { tcpAddress } = context;
  if (target === undefined) return given;
  if (tcpAddress === undefined || !sameHost(target.address, tcpAddress)) {
    return published(target, runtime);
  }
  const replaced = Object.hasOwn(context.replacedUpstreams, name)
    ? parseReplaced(context.replacedUpstreams[name] ?? '')
    : undefined;
  if (!isOwnPort(target.port, context)) return published(besideUs(target, replaced), runtime);
  const loops =
    replaced === undefined ||
    (sameHost(replaced.address, tcpAddress) && isOwnPort(replaced.port, context));
  return loops ? LOOP : published(replaced, runtime);
}

/**
 * Our address with a port that is not ours: a task on our own host; but after an address of ours had replaced another
 * one, a session that was enqueued again takes the one in its runtime for its own, wherever it runs (protocol 10.1).
 */
function besideUs(target: Target, replaced: Target | undefined): Target {
  const isAsBefore =
    replaced === undefined ||
    (sameHost(replaced.address, target.address) && replaced.port === target.port);
  return isAsBefore ? target : { address: '', port: target.port };
}

/** An upstream of a mark; its address is empty where the task had given none. */
function parseReplaced(text: string): Outcome['target'] {
  const port = text.startsWith(':') ? parsePort(text.slice(1)) : undefined;
  return port === undefined ? parseHostPort(text) : { address: '', port };
}

const LOOP = refuse(
  'LoopToOurselves',
  "The task gives this router's own address. Let it write the address where it listens itself.",
);

function readTarget(protocol: 'http' | 'tcp', name: string, runtime: KnownRuntime): Outcome {
  const portKey = endpointKey(PORT_KEYS[protocol], name);
  const port = parsePort(runtime[portKey]);
  if (port === undefined) {
    return refuse('InvalidPort', `${shown(portKey)} must be a whole number from 1 to 65535.`);
  }
  const addressKey = endpointKey(ADDRESS_KEYS[protocol], name);
  const written = runtime[addressKey];
  if (written === undefined || written === null || written === '')
    return { target: { address: '', port } };
  const address = typeof written === 'string' ? parseHost(written) : undefined;
  if (address !== undefined) return { target: { address, port } };
  return refuse(
    'InvalidAddress',
    `${shown(addressKey)} must be a host name or an IP address, without scheme, port or path.`,
  );
}

/** A port that was not published is still written by the task, with its host's address (protocol 10.1). */
function published(
  target: { readonly address: string; readonly port: number },
  runtime: KnownRuntime,
): Outcome {
  const mapping = runtime[PORT_MAPPING_KEY];
  if (typeof mapping !== 'string' || mapping.trim() === '') return { target };
  if (isHostPort(mapping, target.port)) return { target };
  return refuse(
    'PortNotPublished',
    `Port ${target.port} is not among the published ports of the task's container. Add -p ${target.port} to its docker arguments, or use host networking.`,
  );
}

/** True when the port is a host port of `out:in,out1-out2:in1-in2`. */
function isHostPort(mapping: string, port: number): boolean {
  return mapping.split(',').some((entry) => {
    const range = /^\s*(\d{1,5})(?:-(\d{1,5}))?:\d{1,5}(?:-\d{1,5})?(?:\/tcp)?\s*$/.exec(entry);
    if (range === null) return false;
    const first = Number(range[1]);
    return port >= first && port <= Number(range[2] ?? first);
  });
}

function isOwnPort(port: number, context: RequestContext): boolean {
  const ports = context.tcpPorts;
  return ports !== undefined && port >= ports.start && port <= ports.end;
}

/** True when the address is this host, or one below the domain of `*.<domain>`. */
function isAmong(address: string, host: string): boolean {
  return host.startsWith('*.') ? address.endsWith(host.slice(1)) : sameHost(address, host);
}

function sameHost(left: string, right: string): boolean {
  return left !== '' && parseHost(left) === parseHost(right);
}

function refuse(reason: RefusalReason, message: string): Pick<EndpointRequest, 'refusal'> {
  return { refusal: { reason, message } };
}

/** A key that a task wrote, fit for a message. */
function shown(key: string): string {
  return key.slice(0, 80).replace(/[^\x20-\x7e]/g, '?');
}
