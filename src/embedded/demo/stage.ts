import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedClearml } from '../api/embedded-clearml.ts';
import { findSshd } from '../workloads/ssh-server.ts';
import { DEMO_QUEUES, lastingTasks } from './cast.ts';
import { signIn } from './clearml.ts';
import type { ClearmlCaller } from './clearml.ts';
import { childOrder, makeGatewayFolders } from './gateway.ts';
import type { GatewayOrder } from './gateway.ts';
import { KeptChild } from './kept-child.ts';
import { writeDemoKubeconfig } from './kubeconfig.ts';
import { startLife } from './life.ts';
import type { LifeParts, LivingTask } from './life.ts';
import type { RouterPlace } from './look.ts';
import { isLoopbackHost } from './options.ts';
import type { DemoOptions } from './options.ts';
import { holdPorts, rangeStarts, readEphemeral } from './ports.ts';
import type { HeldPorts } from './ports.ts';
import { step } from './progress.ts';
import type { ReadyFacts } from './ready-file.ts';
import type { DemoOutput } from './screen.ts';
import { defineStaticRoute } from './static-routes.ts';

/** What a stage is set with. */
export interface StageParts {
  readonly options: DemoOptions;
  readonly output: DemoOutput;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Takes what has to be undone at the end, in the reverse order. */
  readonly cleanUp: AsyncDisposableStack;
  /** Aborts when the end must not take any longer. */
  readonly force: AbortSignal;
  /** Learns that router or proxy cannot be kept running. */
  readonly onFailure: (error: Error) => void;
}

/** Everything that runs while the demo runs. */
export interface Stage {
  readonly folder: string;
  readonly users: ReadyFacts['users'];
  readonly router: RouterPlace & { readonly name: string; readonly port: number };
  readonly metricsPort: number;
  /** The key pair of the router's own account, and the API. */
  readonly caller: ClearmlCaller;
  /** Bearer token of that account's user, who sees every task. */
  readonly token: string;
  readonly life: LifeParts;
  readonly tasks: readonly LivingTask[];
  readonly proxy: KeptChild;
  readonly routerProcess: KeptChild;
  /** Path of a kubeconfig with the role admin. */
  readonly kubeconfig: string;
}

interface Api {
  readonly caller: ClearmlCaller;
  readonly users: ReadyFacts['users'];
  readonly callers: LifeParts['callers'];
  readonly cookieName: string;
}

const ROUTER_NAME = 'demo';
const TCP_PORTS = 20;

/** Starts all parts of the demo, in their order; whatever has been started is left to `cleanUp`. */
export async function setStage(parts: StageParts, signal: AbortSignal): Promise<Stage> {
  const { options, output } = parts;
  const folder = await makeFolder(parts);
  const ports = await step(output, 'Finding free ports', () => findPorts(parts));
  const router = placeOf(options, ports);
  const api = await step(output, 'Starting the embedded ClearML API', () =>
    startApi(parts, router.url, signal),
  );
  const life = { callers: api.callers, folder };
  const tasks = await step(output, 'Starting applications and their tasks', () =>
    startLastingTasks(parts, life, signal),
  );
  const { caller, cookieName } = api;
  const [metricsPort, apiPort] = [ports.metrics.start, ports.api.start];
  const { environment } = parts;
  const order = { folder, router, metricsPort, apiPort, caller, cookieName, environment };
  const gateway = await step(output, 'Starting router and proxy', () =>
    startGateway(parts, order, ports),
  );
  return {
    ...{ folder, router, metricsPort, caller, life, tasks },
    ...gateway,
    kubeconfig: await step(output, 'Writing a kubeconfig, defining a static route', () =>
      openResources(parts, folder, signal),
    ),
    users: api.users,
    token: await signIn(api.callers.alice, signal),
  };
}

async function makeFolder({ cleanUp }: StageParts): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'clearway-demo-'));
  cleanUp.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}

interface StagePorts {
  readonly http: HeldPorts;
  readonly tcp: HeldPorts;
  readonly metrics: HeldPorts;
  readonly api: HeldPorts;
}

async function findPorts({ options, cleanUp }: StageParts): Promise<StagePorts> {
  const count = (start: number): readonly number[] =>
    Array.from({ length: 50 }, (_, i) => start + i);
  const wanted = options.port === undefined ? count(8080) : [options.port];
  const hold = async (what: string, from: readonly number[], size: number): Promise<HeldPorts> => {
    const ports = await holdPorts(what, from, size);
    cleanUp.defer(() => ports.release());
    return ports;
  };
  const http = await hold('listen port', wanted, 1);
  const metrics = await hold('metrics port', count(9180), 1);
  const api = await hold('API port', count(7443), 1);
  const starts = rangeStarts(TCP_PORTS, await readEphemeral());
  return { http, metrics, api, tcp: await hold('TCP ports', starts, TCP_PORTS) };
}

function placeOf(options: DemoOptions, ports: StagePorts): Stage['router'] {
  const port = ports.http.start;
  return {
    name: ROUTER_NAME,
    port,
    url: new URL(`http://${options.host}:${String(port)}`).origin,
    tcpAddress: options.host,
    tcpPorts: { start: ports.tcp.start, end: ports.tcp.end },
  };
}

async function startApi(parts: StageParts, routerUrl: string, signal: AbortSignal): Promise<Api> {
  const { options, cleanUp } = parts;
  const secret = (): string => randomBytes(18).toString('base64url');
  const account = (name: string): ReadyFacts['users'][number] => ({
    name,
    password: secret(),
    accessKey: randomBytes(10).toString('hex').toUpperCase(),
    secretKey: secret(),
  });
  const [alice, bob, service] = [account('alice'), account('bob'), account('clearway')];
  const clearml = new EmbeddedClearml({
    seed: {
      users: [alice, bob, { ...service, service: true }],
      queues: DEMO_QUEUES.map((name) => ({ name })),
    },
    featureSet: 'advanced',
    host: isLoopbackHost(options.host) ? '127.0.0.1' : '0.0.0.0',
    signInTargets: [routerUrl],
  });
  await clearml.start();
  cleanUp.defer(() => clearml.close());
  signal.throwIfAborted();
  const apiHost = `http://${options.host}:${new URL(clearml.url).port}`;
  const caller = (of: ReadyFacts['users'][number]): ClearmlCaller => ({
    apiHost,
    accessKey: of.accessKey,
    secretKey: of.secretKey,
  });
  return {
    caller: caller(service),
    users: [alice, bob],
    callers: { alice: caller(alice), bob: caller(bob) },
    cookieName: clearml.cookieName,
  };
}

async function startLastingTasks(
  parts: StageParts,
  life: LifeParts,
  signal: AbortSignal,
): Promise<readonly LivingTask[]> {
  const hasSshd = (await findSshd()) !== undefined;
  const tasks: LivingTask[] = [];
  for (const cast of lastingTasks(hasSshd)) {
    const task = await startLife(life, cast, signal);
    parts.cleanUp.defer(() => task.close());
    tasks.push(task);
  }
  return tasks;
}

async function startGateway(
  parts: StageParts,
  order: GatewayOrder,
  ports: StagePorts,
): Promise<{ readonly routerProcess: KeptChild; readonly proxy: KeptChild }> {
  const { force, onFailure } = parts;
  await makeGatewayFolders(order.folder);
  const [routerProcess, proxy] = (['router', 'proxy'] as const).map(
    (name) => new KeptChild({ name, order: childOrder(name, order), force, onFailure }),
  ) as [KeptChild, KeptChild];
  parts.cleanUp.defer(async () => {
    await Promise.all([routerProcess.stop(), proxy.stop()]);
  });
  await routerProcess.start();
  await Promise.all(Object.values(ports).map((held: HeldPorts) => held.release()));
  await proxy.start();
  return { routerProcess, proxy };
}

async function openResources(
  { options, cleanUp }: StageParts,
  folder: string,
  signal: AbortSignal,
): Promise<string> {
  const { readyFile } = options;
  const order = { folder, ...(readyFile === undefined ? {} : { readyFile }) };
  const path = await writeDemoKubeconfig(order, signal);
  cleanUp.defer(() => rm(path, { force: true }));
  await defineStaticRoute(join(folder, 'nginx', '.clearway-state'), signal);
  return path;
}

/** Writes a known_hosts file for the public address of an SSH server; gives its path. */
export async function writeKnownHosts(
  folder: string,
  place: { readonly endpoint: string; readonly hostKey: string },
): Promise<string> {
  const colon = place.endpoint.lastIndexOf(':');
  const [host, port] = [place.endpoint.slice(0, colon), place.endpoint.slice(colon + 1)];
  const file = join(folder, 'known_hosts');
  await writeFile(file, `[${host}]:${port} ${place.hostKey}\n`, { mode: 0o600 });
  return file;
}
