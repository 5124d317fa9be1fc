import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EmbeddedClearml } from '../../src/embedded/api/embedded-clearml.ts';
import { startChild, type ChildOrder, type DemoChild } from '../../src/embedded/demo/child.ts';
import {
  childOrder,
  makeGatewayFolders,
  type GatewayOrder,
} from '../../src/embedded/demo/gateway.ts';
import { holdPorts, rangeStarts, readEphemeral } from '../../src/embedded/demo/ports.ts';
import { descendantsOf, isAlive, sendSignal } from '../../src/embedded/workloads/process-tree.ts';
import { getCondition } from '../../src/resources/conditions.ts';
import type { TaskRoute } from '../../src/resources/kinds.ts';
import { STORE_FILE } from '../../src/store/database.ts';
import type { ResourceStore } from '../../src/store/contract.ts';
import type { SqliteStore } from '../../src/store/sqlite-store.ts';
import { putPair, type KeyPair } from './certificates.ts';
import { callerOf, SERVICE } from './clearml-world.ts';
import { eventually } from './eventually.ts';
import { openStore } from './sqlite.ts';
import { tempFolder } from './temp-folder.ts';

/** What a test may choose of a {@link Gateway}. */
export interface GatewayOptions {
  readonly clearml: EmbeddedClearml;
  /** ROUTER_NAME. */
  readonly name?: string;
  readonly tcpPorts?: number;
  /** Host of ROUTER_URL, 127.0.0.1 unless given. Only browsers that are told where it is can use another one. */
  readonly host?: string;
  /** Makes the gateway speak TLS. */
  readonly certificate?: KeyPair;
  /** Prepares the nginx folder, which is still empty. */
  readonly prepare?: (nginxFolder: string) => Promise<void>;
  /** More settings, or others, of router and proxy. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** An answer of the gateway. */
export interface GatewayAnswer {
  readonly status: number;
  readonly text: string;
}

const POLL_SECONDS = '0.2';
const START_MS = 15_000;
const never = new AbortController().signal;

/** `clearway router` or `clearway proxy` as a process of its own, that can be ended in every way and started again. */
export class GatewayProcess {
  readonly #order: ChildOrder;
  #child: DemoChild | undefined;

  constructor(order: ChildOrder) {
    this.#order = order;
  }

  /** Starts it, with other settings where some are given: they hold for this start. */
  async start(environment: Readonly<Record<string, string>> = {}): Promise<void> {
    const order = { ...this.#order, environment: { ...this.#order.environment, ...environment } };
    this.#child = await startChild(order);
  }

  get pid(): number {
    if (this.#child === undefined) throw new Error('it was not started');
    return this.#child.pid;
  }

  /** SIGTERM, and SIGKILL for what is left after a while. */
  async stop(): Promise<void> {
    await this.#child?.stop(never);
    this.#child = undefined;
  }

  /** SIGKILL for the process and all that it started, as the end of a container is. */
  async kill(): Promise<void> {
    const pids = [this.pid, ...(await descendantsOf(this.pid))];
    for (const pid of pids) sendSignal(pid, 'SIGKILL');
    await allEnded(pids);
    await this.#child?.ended;
  }

  /** SIGKILL for the process alone. Returns the pids of all that it had started. */
  async killAlone(): Promise<readonly number[]> {
    const left = await descendantsOf(this.pid);
    sendSignal(this.pid, 'SIGKILL');
    await this.#child?.ended;
    return left;
  }

  /** All that it has written, over every start. */
  log(): Promise<string> {
    return readFile(this.#order.logFile, 'utf8');
  }
}

/** A router and a proxy of a host without Docker, as two real processes over one folder. */
export class Gateway {
  readonly folder: string;
  readonly router: GatewayProcess;
  readonly proxy: GatewayProcess;
  readonly url: string;
  readonly port: number;
  readonly tcpPorts: { readonly start: number; readonly end: number };
  readonly metricsUrl: string;
  /** Loopback port of the resource API. */
  readonly apiPort: number;
  /** Folder with the state of the router, and its control socket. */
  readonly stateFolder: string;

  private constructor(order: GatewayOrder, environment: Readonly<Record<string, string>>) {
    const part = (name: 'router' | 'proxy'): GatewayProcess => {
      const child = childOrder(name, order);
      return new GatewayProcess({
        ...child,
        environment: { ...child.environment, ...environment },
      });
    };
    this.folder = order.folder;
    this.router = part('router');
    this.proxy = part('proxy');
    this.url = order.router.url;
    this.port = order.router.port;
    this.tcpPorts = order.router.tcpPorts;
    this.metricsUrl = `http://127.0.0.1:${String(order.metricsPort)}`;
    this.apiPort = order.apiPort;
    this.stateFolder = join(order.folder, 'nginx', '.clearway-state');
  }

  /** Starts both, and waits until the router is ready and has ports to lease; `stop` must be called. */
  static async start(options: GatewayOptions): Promise<Gateway> {
    const { clearml, name = 'e2e', tcpPorts = 8, host = '127.0.0.1', certificate } = options;
    const scheme = certificate === undefined ? 'http' : 'https';
    const folder = await mkdtemp(join(tmpdir(), 'clearway-e2e-'));
    await makeGatewayFolders(folder);
    await options.prepare?.(join(folder, 'nginx'));
    if (certificate !== undefined) await putPair(join(folder, 'nginx', 'tls'), certificate);
    const ports = await findPorts(tcpPorts + 3);
    const [port, metricsPort, apiPort] = [ports.start, ports.start + 1, ports.start + 2];
    const order: GatewayOrder = {
      folder,
      metricsPort,
      apiPort,
      router: {
        name,
        port,
        url: `${scheme}://${host}:${String(port)}`,
        tcpAddress: '127.0.0.1',
        tcpPorts: { start: ports.start + 3, end: ports.end },
      },
      caller: callerOf(clearml, SERVICE),
      cookieName: clearml.cookieName,
      environment: process.env,
    };
    const gateway = new Gateway(order, {
      CLEARWAY_POLL_SECONDS: POLL_SECONDS,
      // Whatever engine this machine has knows nothing of these tasks.
      CLEARWAY_DOCKER_SOCKET: join(folder, 'no-engine.sock'),
      ...options.environment,
    });
    try {
      await gateway.router.start();
      await gateway.proxy.start();
      await gateway.untilReady();
      await gateway.untilPortsFree();
    } catch (error) {
      console.error(await gateway.router.log(), await gateway.proxy.log());
      await gateway.stop();
      throw error;
    }
    return gateway;
  }

  /** Waits until the router says that it serves. */
  async untilReady(): Promise<void> {
    await eventually(
      async () => {
        const { status } = await fetch(`${this.metricsUrl}/readyz`);
        if (status !== 200) throw new Error(`/readyz answers ${String(status)}`);
      },
      { timeoutMs: START_MS, everyMs: 50 },
    );
  }

  /** Waits until the router has answered for itself, whatever it says. */
  async untilMetricsAnswer(): Promise<void> {
    await eventually(() => this.metric('clearway_routes'), { timeoutMs: START_MS, everyMs: 50 });
  }

  /** Process id of nginx's master. */
  async nginxPid(): Promise<number> {
    return Number((await readFile(join(this.folder, 'run', 'nginx.pid'), 'utf8')).trim());
  }

  /** Waits until TCP ports can be leased: after a start without memory they rest. */
  async untilPortsFree(): Promise<void> {
    await eventually(
      async () => {
        if ((await this.metric('clearway_port_leases{state="free"}')) === 0)
          throw new Error('no port is free');
      },
      { timeoutMs: START_MS, everyMs: 50 },
    );
  }

  /** Value of a metric of the router, by its name with its labels; 0 when there is none. */
  async metric(name: string): Promise<number> {
    const text = await (await fetch(`${this.metricsUrl}/metrics`)).text();
    const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
    return Number(line?.slice(name.length + 1) ?? 0);
  }

  /** Asks the gateway for a path, on a connection of its own. */
  async get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<GatewayAnswer> {
    const answer = await fetch(`${this.url}${path}`, {
      headers: { connection: 'close', ...headers },
      redirect: 'manual',
    });
    return { status: answer.status, text: await answer.text() };
  }

  /** The TaskRoutes that the router keeps, read from a copy of its store. */
  async routes(): Promise<readonly TaskRoute[]> {
    return this.#readStore(async (store) => (await store.list('TaskRoute')).items);
  }

  /** Reason of a condition of the TaskRoute with this name; undefined while there is none. */
  async reason(route: string, condition: string): Promise<string | undefined> {
    const found = (await this.routes()).find(({ metadata }) => metadata.name === route);
    return getCondition(found?.status.conditions ?? [], condition)?.reason;
  }

  /** The file that the router rendered for nginx. */
  nginxConf(): Promise<string> {
    return readFile(join(this.folder, 'nginx', 'nginx.conf'), 'utf8');
  }

  /** Changes what the router keeps; it must not be running. */
  async changeStore(change: (store: ResourceStore) => Promise<unknown>): Promise<void> {
    const store = openStore(this.stateFolder);
    try {
      await change(store);
    } finally {
      store.close();
    }
  }

  /** Deletes what the router keeps; it must not be running. */
  async loseState(): Promise<void> {
    await rm(this.stateFolder, { recursive: true });
  }

  async stop(): Promise<void> {
    await this.proxy.stop();
    await this.router.stop();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  /** The router holds the lock of its store; a copy can be read beside it. */
  async #readStore<T>(read: (store: SqliteStore) => Promise<T>): Promise<T> {
    await using copy = await tempFolder();
    for (const name of [STORE_FILE, `${STORE_FILE}-wal`]) {
      await copyFile(join(this.stateFolder, name), join(copy.path, name)).catch(() => undefined);
    }
    const store = openStore(copy.path);
    try {
      return await read(store);
    } finally {
      store.close();
    }
  }
}

async function allEnded(pids: readonly number[]): Promise<void> {
  await eventually(async () => {
    for (const pid of pids) if (await isAlive(pid)) throw new Error(`${String(pid)} still runs`);
  });
}

/** A free span of ports, away from those that outgoing connections get, and from where other tests look first. */
async function findPorts(size: number): Promise<{ readonly start: number; readonly end: number }> {
  const starts = rangeStarts(size, await readEphemeral());
  const at = Math.floor(Math.random() * starts.length);
  const held = await holdPorts('ports', [...starts.slice(at), ...starts.slice(0, at)], size);
  await held.release();
  return { start: held.start, end: held.end };
}
