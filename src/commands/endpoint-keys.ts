import { parseEndpointRequests } from '../domain/endpoint-request.ts';
import { formatMark, MARK_KEY, parseMark } from '../domain/marks.ts';
import { endpointKey, PORT_MAPPING_KEY } from '../domain/runtime-keys.ts';
import { EXTERNAL_TAG, type TaskView } from '../domain/task-view.ts';

/** An endpoint of a task by protocol and name; the name is empty for the default one. */
export interface EndpointRef {
  readonly protocol: 'http' | 'tcp';
  readonly name: string;
}

/** An endpoint that a user asks for in place of the task. */
export interface ExposedEndpoint extends EndpointRef {
  /** Where the application listens, as it sees it itself. */
  readonly port: number;
  /** Undefined keeps what the task wrote; where it wrote nothing, the router looks for the task. */
  readonly address?: string;
}

/** What must change in a task. */
export interface TaskChange {
  readonly set: Readonly<Record<string, string | number>>;
  readonly remove: readonly string[];
  readonly systemTags: readonly string[];
}

const SERVICES = { http: 'EXTERNAL', tcp: 'EXTERNAL_TCP' } as const;

const REQUEST_KEYS = {
  http: ['_PORT', '_ADDRESS', '_ROUTER_ENDPOINT_MODE', '_ROUTER_ENDPOINT_MODE_PARAM'],
  tcp: ['external_tcp_port', 'external_address', 'upstream_task_port'],
} as const;

/** What a router answers with; for tcp it answers in the keys of the request. */
const ANSWER_KEYS = { http: ['endpoint', 'browser_endpoint'], tcp: [] } as const;

/**
 * What the SDK would write for this endpoint (protocol 1.1): service, port, address, and the tag.
 *
 * @returns `unpublished` when the container of the task publishes its ports, and not this one
 */
export function exposeChange(
  task: TaskView,
  endpoint: ExposedEndpoint,
): TaskChange | 'unpublished' {
  const port = hostPort(task.runtime[PORT_MAPPING_KEY], endpoint.port);
  if (port === undefined) return 'unpublished';
  const { protocol, name, address } = endpoint;
  const keys =
    protocol === 'http'
      ? { port: '_PORT', address: '_ADDRESS' }
      : { port: 'external_tcp_port', address: 'external_address' };
  return {
    set: {
      [endpointKey('_SERVICE', name)]: SERVICES[protocol],
      [endpointKey(keys.port, name)]: port,
      ...(address === undefined ? {} : { [endpointKey(keys.address, name)]: address }),
      ...(protocol === 'tcp' ? { [endpointKey('upstream_task_port', name)]: port } : {}),
    },
    remove: [],
    systemTags: [...new Set([...task.systemTags, EXTERNAL_TAG])],
  };
}

/** What takes these endpoints away; the tag goes with the last endpoint of the task. */
export function unexposeChange(task: TaskView, endpoints: readonly EndpointRef[]): TaskChange {
  const remains = listEndpoints(task).filter(
    (other) => !endpoints.some((endpoint) => isSame(endpoint, other)),
  );
  const set: Record<string, string> = { ...markWithout(task, endpoints) };
  const remove: string[] = endpoints.flatMap(({ protocol, name }) =>
    [...REQUEST_KEYS[protocol], ...ANSWER_KEYS[protocol]].map((key) => endpointKey(key, name)),
  );
  for (const { name } of endpoints) {
    const service = endpointKey('_SERVICE', name);
    const sharing = remains.find((other) => other.name === name);
    // Both protocols of one name share this key.
    if (sharing === undefined) remove.push(service);
    else set[service] = SERVICES[sharing.protocol];
  }
  const systemTags =
    remains.length > 0 ? task.systemTags : task.systemTags.filter((tag) => tag !== EXTERNAL_TAG);
  return { set, remove, systemTags };
}

/** The endpoints that the task asks for, refused ones included. */
export function listEndpoints(task: TaskView): readonly EndpointRef[] {
  return parseEndpointRequests(task.runtime, { replacedUpstreams: {} }).map(
    ({ protocol, name }) => ({ protocol, name }),
  );
}

/** True when the endpoints are the same one. */
export function isSame(left: EndpointRef, right: EndpointRef): boolean {
  return left.protocol === right.protocol && left.name === right.name;
}

/** An endpoint in words. */
export function describeEndpoint({ protocol, name }: EndpointRef): string {
  return name === ''
    ? `the default ${protocol} endpoint`
    : `the ${protocol} endpoint ${JSON.stringify(name)}`;
}

// What the mark still says of a tcp endpoint would be written back as a request when the router lets go.
function markWithout(
  task: TaskView,
  endpoints: readonly EndpointRef[],
): Readonly<Record<string, string>> {
  const mark = parseMark(task.runtime[MARK_KEY]);
  const gone = new Set(
    endpoints.filter(({ protocol }) => protocol === 'tcp').map(({ name }) => `tcp:${name}`),
  );
  if (mark === undefined || gone.size === 0) return {};
  const upstreams = Object.entries(mark.upstreams).filter(([key]) => !gone.has(key));
  return { [MARK_KEY]: formatMark({ ...mark, upstreams: Object.fromEntries(upstreams) }) };
}

/** The host port of a container port by `out:in,out1-out2:in1-in2`; the port itself without a mapping. */
function hostPort(mapping: unknown, port: number): number | undefined {
  if (typeof mapping !== 'string' || mapping.trim() === '') return port;
  const ranges = mapping.split(',').flatMap((entry) => {
    const [, out, , inner, innerEnd] =
      /^\s*(\d{1,5})(-\d{1,5})?:(\d{1,5})(?:-(\d{1,5}))?(?:\/tcp)?\s*$/.exec(entry) ?? [];
    if (out === undefined || inner === undefined) return [];
    return [{ out: Number(out), start: Number(inner), end: Number(innerEnd ?? inner) }];
  });
  const range = ranges.find(({ start, end }) => start <= port && port <= end);
  return range === undefined ? undefined : range.out + port - range.start;
}
