import { OperatorError } from '../../errors.ts';

/** Somebody who calls a ClearML API with a key pair. */
export interface ClearmlCaller {
  /** URL of the API, without a trailing slash. */
  readonly apiHost: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

/** A task that asks for endpoints, as far as the demo shows it. */
export interface SeenTask {
  readonly id: string;
  readonly name: string;
  readonly user: string;
  readonly status: string;
  /** Unix time in ms. */
  readonly started: number;
  readonly runtime: Readonly<Record<string, unknown>>;
}

/** Where an application of a task listens, and what it asks for. */
export interface WantedEndpoint {
  readonly protocol: 'http' | 'tcp';
  /** Empty for the default endpoint. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** Name of the StaticRoute that it is to be served at. */
  readonly staticRoute?: string;
}

type Dict = Readonly<Record<string, unknown>>;

const EXTERNAL_TAG = 'external_service';

/**
 * Calls the ClearML API and gives the `data` of its answer.
 *
 * @throws {@link OperatorError} `DEMO_FAILED` when the answer is not a success.
 */
export async function callClearml(
  caller: ClearmlCaller,
  call: { readonly name: string; readonly body?: Dict },
  signal: AbortSignal,
): Promise<Dict> {
  const pair = Buffer.from(`${caller.accessKey}:${caller.secretKey}`).toString('base64');
  const response = await fetch(`${caller.apiHost}/v2.23/${call.name}`, {
    method: 'POST',
    headers: { authorization: `Basic ${pair}`, 'content-type': 'application/json' },
    body: JSON.stringify(call.body ?? {}),
    signal,
  });
  const answer = (await response.json()) as { readonly data?: Dict };
  if (!response.ok || answer.data === undefined) {
    const reason = `${call.name} was answered with status ${String(response.status)}`;
    throw new OperatorError('DEMO_FAILED', { part: 'ClearML API', reason });
  }
  return answer.data;
}

/** Signs in and gives a bearer token. */
export async function signIn(caller: ClearmlCaller, signal: AbortSignal): Promise<string> {
  const data = await callClearml(caller, { name: 'auth.login' }, signal);
  return String(data['token']);
}

/** Makes a task, puts it in a queue and starts it, as an agent would; gives its id. */
export async function startTask(
  caller: ClearmlCaller,
  task: { readonly name: string; readonly queue: string },
  signal: AbortSignal,
): Promise<string> {
  const create = { name: 'tasks.create', body: { name: task.name, type: 'application' } };
  const id = String((await callClearml(caller, create, signal))['id']);
  const enqueue = { name: 'tasks.enqueue', body: { task: id, queue_name: task.queue } };
  await callClearml(caller, enqueue, signal);
  await callClearml(caller, { name: 'tasks.started', body: { task: id } }, signal);
  return id;
}

/** Ends a task well. */
export async function completeTask(
  caller: ClearmlCaller,
  task: string,
  signal: AbortSignal,
): Promise<void> {
  await callClearml(caller, { name: 'tasks.completed', body: { task, force: true } }, signal);
}

/** Asks for endpoints with the calls and keys of the SDK (protocol 0 and 1.1): the runtime first, then the tag. */
export async function requestEndpoints(
  caller: ClearmlCaller,
  task: string,
  wanted: readonly WantedEndpoint[],
  signal: AbortSignal,
): Promise<void> {
  const read = { name: 'tasks.get_by_id', body: { task } };
  const document = (await callClearml(caller, read, signal))['task'] as Dict;
  const keys = Object.assign({}, ...wanted.map(endpointKeys)) as Dict;
  const runtime = { ...(document['runtime'] as Dict), ...keys };
  const edit = (body: Dict): Promise<Dict> =>
    callClearml(caller, { name: 'tasks.edit', body: { task, force: true, ...body } }, signal);
  await edit({ runtime });
  const tags = (document['system_tags'] as readonly string[] | undefined) ?? [];
  await edit({ system_tags: [...new Set([...tags, EXTERNAL_TAG])] });
}

/** Writes the runtime keys of one endpoint request. */
export function endpointKeys(wanted: WantedEndpoint): Dict {
  const suffix = wanted.name === '' ? '' : `__${wanted.name}`;
  return wanted.protocol === 'http'
    ? {
        [`_SERVICE${suffix}`]: 'EXTERNAL',
        [`_ADDRESS${suffix}`]: wanted.address,
        [`_PORT${suffix}`]: wanted.port,
        ...staticKeys(wanted.staticRoute, suffix),
      }
    : {
        [`_SERVICE${suffix}`]: 'EXTERNAL_TCP',
        [`external_address${suffix}`]: wanted.address,
        [`external_tcp_port${suffix}`]: wanted.port,
        [`upstream_task_port${suffix}`]: wanted.port,
      };
}

function staticKeys(staticRoute: string | undefined, suffix: string): Dict {
  if (staticRoute === undefined) return {};
  return {
    [`_ROUTER_ENDPOINT_MODE${suffix}`]: 'path',
    [`_ROUTER_ENDPOINT_MODE_PARAM${suffix}`]: staticRoute,
  };
}

/** Lists the tasks that ask for endpoints or did, the ones that changed last first. */
export async function listTasks(
  caller: ClearmlCaller,
  signal: AbortSignal,
): Promise<readonly SeenTask[]> {
  const body = {
    system_tags: [EXTERNAL_TAG],
    only_fields: ['id', 'name', 'user.name', 'status', 'started', 'runtime'],
    order_by: ['-last_change'],
    search_hidden: true,
    page: 0,
    page_size: 100,
  };
  const data = await callClearml(caller, { name: 'tasks.get_all_ex', body }, signal);
  return (data['tasks'] as readonly Dict[]).map(seenTask);
}

function seenTask(task: Dict): SeenTask {
  const user = task['user'] as { readonly name?: unknown } | undefined;
  const { runtime } = task;
  return {
    id: text(task['id']),
    name: text(task['name']),
    user: text(user?.name),
    status: text(task['status']),
    started: Date.parse(text(task['started'])),
    runtime: typeof runtime === 'object' && runtime !== null ? (runtime as Dict) : {},
  };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
