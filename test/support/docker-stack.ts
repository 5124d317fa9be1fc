import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedClearml } from '../../src/embedded/api/embedded-clearml.ts';
import {
  requestEndpoints,
  startTask,
  type ClearmlCaller,
  type SeenTask,
} from '../../src/embedded/demo/clearml.ts';
import { demoSeed } from '../../src/embedded/demo-api.ts';
import {
  addressOf,
  docker,
  dockerClient,
  hostPidOf,
  run,
  type DockerScope,
} from './docker-harness.ts';

const TOP = join(import.meta.dirname, '../..');
const signal = (): AbortSignal => AbortSignal.timeout(30_000);

/** An embedded ClearML API that containers reach, and the user who owns the tasks. */
export interface StackClearml {
  readonly api: EmbeddedClearml;
  readonly caller: ClearmlCaller;
  /** Bearer token of that user. */
  readonly token: string;
}

/** Starts an embedded ClearML API on the engine's own bridge: reachable from containers, and from nowhere else. */
export async function startClearml(): Promise<StackClearml> {
  const host = await docker(
    'network',
    'inspect',
    '--format',
    '{{(index .IPAM.Config 0).Gateway}}',
    'bridge',
  );
  const seed = demoSeed();
  const user = seed.users[0];
  const api = new EmbeddedClearml({ seed, featureSet: 'advanced', host });
  const { url } = await api.start();
  const token = api.token(user?.name ?? '');
  if (user?.accessKey === undefined || user.secretKey === undefined || token === undefined) {
    throw new Error('the demo seed has no user with keys');
  }
  const caller = { apiHost: url, accessKey: user.accessKey, secretKey: user.secretKey };
  return { api, caller, token };
}

/** A task container: it serves HTTP on 8080, which tells task and path, and TCP on 9000, which echoes. */
export interface TaskContainer {
  readonly task: string;
  readonly container: string;
}

const APPLICATION = `
  const { createServer } = require('node:http');
  createServer((request, response) => response.end(process.env.CLEARML_TASK_ID + ' ' + request.url)).listen(8080);
  require('node:net').createServer((socket) => socket.on('error', () => {}).pipe(socket)).listen(9000);
`;

/** Starts a task in a container of its own and asks for its endpoints with the SDK's keys. */
export async function startTaskContainer(
  scope: DockerScope,
  clearml: StackClearml,
  place: {
    readonly queue?: string;
    readonly network?: string;
    readonly protocols?: readonly ('http' | 'tcp')[];
  },
): Promise<TaskContainer> {
  const { caller } = clearml;
  const { queue = 'default', network = 'bridge', protocols = ['http'] } = place;
  const task = await startTask(caller, { name: 'containerised', queue }, signal());
  const container = await scope.container([
    ...['--init', '--restart', 'always', '--network', network, '--env', `CLEARML_TASK_ID=${task}`],
    ...['node:24-bookworm-slim', 'node', '-e', APPLICATION],
  ]);
  const address = await addressOf(container, network);
  const wanted = protocols.map((protocol) => ({
    protocol,
    name: '',
    address,
    port: protocol === 'http' ? 8080 : 9000,
  }));
  await requestEndpoints(caller, task, wanted, signal());
  return { task, container };
}

/** What ClearML holds of a task's runtime now. */
export async function runtimeOf(
  { caller }: StackClearml,
  task: string,
): Promise<SeenTask['runtime']> {
  const pair = Buffer.from(`${caller.accessKey}:${caller.secretKey}`).toString('base64');
  const response = await fetch(`${caller.apiHost}/tasks.get_by_id`, {
    method: 'POST',
    headers: { authorization: `Basic ${pair}`, 'content-type': 'application/json' },
    body: JSON.stringify({ task }),
    signal: signal(),
  });
  const answer = (await response.json()) as { data: { task: { runtime?: SeenTask['runtime'] } } };
  return answer.data.task.runtime ?? {};
}

/** A compose project in a folder of its own; `close` takes everything of it away. */
export class ComposeProject {
  readonly #name: string;
  readonly #folder: string;
  readonly #before: readonly string[];

  constructor(deps: {
    readonly name: string;
    readonly folder: string;
    readonly before: readonly string[];
  }) {
    this.#name = deps.name;
    this.#folder = deps.folder;
    this.#before = deps.before;
  }

  /** Where the compose file was copied to. */
  get folder(): string {
    return this.#folder;
  }

  /** Runs a compose command; throws with its output when it fails. */
  async compose(...args: readonly string[]): Promise<string> {
    const [file = '', ...first] = this.#before;
    const all = [...first, '--env-file', 'runtime.env', '-p', this.#name, ...args];
    const outcome = await run(file, all, { cwd: this.#folder });
    if (outcome.code !== 0) throw new Error(`compose ${args.join(' ')}: ${outcome.stderr}`);
    return outcome.stdout.trim();
  }

  /** Id of the container of a service. */
  async container(service: string): Promise<string> {
    return this.compose('ps', '-q', service);
  }

  /** Host path of the project's named volume. */
  async volume(name: string): Promise<string> {
    return docker('volume', 'inspect', '--format', '{{.Mountpoint}}', `${this.#name}_${name}`);
  }

  /** What a service logged. */
  async logs(service: string): Promise<string> {
    const outcome = await run(dockerClient(), ['logs', await this.container(service)]);
    return outcome.stdout + outcome.stderr;
  }

  /** Takes containers, network, volumes and folder away. */
  async close(): Promise<void> {
    await this.compose('down', '--volumes', '--timeout', '10');
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Puts a compose file of the checkout and its settings into a folder of its own. */
export async function makeProject(
  file: string,
  name: string,
  settings: Readonly<Record<string, string>>,
): Promise<ComposeProject> {
  const folder = await mkdtemp(join(tmpdir(), 'clearway-compose-'));
  await copyFile(join(TOP, file), join(folder, 'docker-compose.yml'));
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`);
  await writeFile(join(folder, 'runtime.env'), lines.join(''), { mode: 0o600 });
  return new ComposeProject({ name, folder, before: await composeCommand() });
}

async function composeCommand(): Promise<readonly string[]> {
  const plugin = await run(dockerClient(), ['compose', 'version']);
  return plugin.code === 0 ? [dockerClient(), 'compose'] : ['docker-compose'];
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Ids, groups and capabilities of a process, as the kernel tells them. */
export interface ProcessRights {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  /** Effective capabilities, as a bit mask. */
  readonly capabilities: number;
}

function parseRights(status: string): ProcessRights {
  const field = (name: string): readonly string[] =>
    (new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '').trim().split(/\s+/);
  return {
    uid: Number(field('Uid')[1]),
    gid: Number(field('Gid')[1]),
    groups: field('Groups').map(Number),
    capabilities: Number.parseInt(field('CapEff')[0] ?? '0', 16),
  };
}

/** What the kernel grants the first process of a container. */
export async function rightsOf(container: string): Promise<ProcessRights> {
  const pid = await hostPidOf(container);
  return parseRights(await readFile(`/proc/${pid}/status`, 'utf8'));
}

/** Sends a text over TCP and gives the echo. */
export function echo(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.end(text));
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}

/** Asks with a bearer token. */
export async function get(url: string, token: string): Promise<{ status: number; body: string }> {
  const response = await fetch(url, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(5_000),
  });
  return { status: response.status, body: await response.text() };
}
