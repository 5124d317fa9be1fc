import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pino } from 'pino';
import type { AccessAnswer, AccessQuestion } from '../../src/controllers/contracts.ts';
import type { HttpEntry, RouteTable, TcpEntry } from '../../src/domain/route-table.ts';
import { ProxyDataPlane } from '../../src/proxy/data-plane.ts';
import { nginxFolder, prepareFolder } from '../../src/proxy/folder.ts';
import type { ProxyConfig } from '../../src/proxy/proxy-config.ts';
import { makeRenderer, readTemplates, writeProxyFiles } from '../../src/proxy/render.ts';
import { realClock } from './clocks.ts';
import { EchoApp } from './echo-app.ts';
import { eventually } from './eventually.ts';
import { freePort, freeRange } from './free-ports.ts';

const TOP = resolve(import.meta.dirname, '../..');

/** A line of the supervisor, of nginx or of the request log. */
export type LogLine = Readonly<Record<string, unknown>>;

/** Decides like a router whose ClearML answers what the test says. */
export type Decide = (question: AccessQuestion) => AccessAnswer | Promise<AccessAnswer>;

/** What a test may choose; the rest is small and quick. */
export interface HarnessOptions {
  readonly config?: Partial<ProxyConfig>;
  readonly decide?: Decide;
  readonly freshSeconds?: number;
  readonly usableSeconds?: number;
  /** Ports of the TCP range; 0 leaves TCP off. */
  readonly tcpPorts?: number;
  /** What the router answers where its pages are asked for; else 404. */
  readonly pages?: (request: IncomingMessage, response: ServerResponse) => void;
  readonly prepare?: (nginxFolder: string) => Promise<void>; // before anything starts
  /** False leaves starting the router's side to the test. */
  readonly router?: boolean;
}

/** A real nginx under its supervisor in a folder of its own, and the router's side of the channel. */
export class ProxyHarness {
  readonly folder: string;
  readonly config: ProxyConfig;
  readonly lines: LogLine[] = [];
  readonly answered: string[] = [];
  readonly questions: AccessQuestion[] = [];
  readonly #options: HarnessOptions;
  #plane: ProxyDataPlane | undefined;
  #stopPlane = new AbortController();
  #supervisor: ChildProcess | undefined;
  #pages: EchoApp | undefined;

  private constructor(folder: string, config: ProxyConfig, options: HarnessOptions) {
    this.folder = folder;
    this.config = config;
    this.#options = options;
  }

  /** Starts everything and waits until all workers are live; `stop` must be called. */
  static async start(options: HarnessOptions = {}): Promise<ProxyHarness> {
    const folder = await mkdtemp(join(tmpdir(), 'clearway-proxy-'));
    const harness = new ProxyHarness(folder, await makeConfig(options), options);
    try {
      await harness.#start();
    } catch (error) {
      console.error(harness.lines.map((line) => JSON.stringify(line)).join('\n'));
      await harness.stop();
      throw error;
    }
    return harness;
  }

  get nginxFolder(): string {
    return join(this.folder, 'nginx');
  }

  get runFolder(): string {
    return join(this.folder, 'run');
  }

  get port(): number {
    return this.config.listenPort;
  }

  get plane(): ProxyDataPlane {
    if (this.#plane === undefined) throw new Error('the router is not running');
    return this.#plane;
  }

  /** The router's pages, which remember what they were asked. */
  get pages(): EchoApp {
    if (this.#pages === undefined) throw new Error('the router is not running');
    return this.#pages;
  }

  get supervisorPid(): number {
    return this.#supervisor?.pid ?? -1;
  }

  /** Pid of nginx's master. */
  async nginxPid(): Promise<number> {
    return Number((await readFile(join(this.runFolder, 'nginx.pid'), 'utf8')).trim());
  }

  /** `http://127.0.0.1:port` and a path. */
  url(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /** Publishes a table and waits until every worker serves it. */
  async publish(table: Partial<RouteTable>): Promise<void> {
    const generation = await this.plane.apply({ http: {}, tcp: {}, ...table });
    await eventually(() => {
      if (this.plane.acknowledged < generation) throw new Error('not acknowledged');
    });
  }

  /** Renders the configuration, with changes, into the nginx folder; gives its revision. */
  async render(changes: Partial<ProxyConfig> = {}): Promise<string> {
    const files = makeRenderer(await readTemplates(join(TOP, 'templates')))({
      ...this.config,
      ...changes,
    });
    await writeProxyFiles(nginxFolder(this.nginxFolder), files);
    return files.revision;
  }

  async startRouter(): Promise<void> {
    this.#stopPlane = new AbortController();
    this.#plane = new ProxyDataPlane({
      folder: this.nginxFolder,
      clock: realClock,
      logger: pino({ level: 'silent' }),
      decider: { decide: async (question) => this.#decide(question) },
      freshSeconds: this.#options.freshSeconds ?? 60,
      usableSeconds: this.#options.usableSeconds ?? 900,
    });
    this.#plane.answered.subscribe(({ route }) => this.answered.push(route));
    await this.#plane.start(this.#stopPlane.signal);
    const handle = this.#options.pages ?? answerNotFound;
    this.#pages = await EchoApp.start(handle, join(this.nginxFolder, 'pages.sock'));
  }

  async stopRouter(): Promise<void> {
    this.#stopPlane.abort();
    await this.#plane?.close();
    await this.#pages?.stop();
    this.#plane = undefined;
    this.#pages = undefined;
  }

  /** Starts the supervisor, with more variables for its environment, by the words of a command in front of it. */
  startSupervisor(environment: Readonly<Record<string, string>> = {}, by: string[] = []): void {
    const supervisor = spawn('env', [...by, join(TOP, 'proxy/supervisor')], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        PATH: process.env['PATH'],
        CLEARWAY_NGINX_FOLDER: this.nginxFolder,
        CLEARWAY_RUN_FOLDER: this.runFolder,
        CLEARWAY_STOP_SECONDS: '2',
        CLEARWAY_CHECK_SECONDS: '1',
        ...environment,
      },
    });
    this.#supervisor = supervisor;
    let rest = '';
    supervisor.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.lines.push(JSON.parse(line) as LogLine);
    });
  }

  /** Ends the supervisor, by default as `docker stop` does, and waits for it. */
  async stopSupervisor(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const supervisor = this.#supervisor;
    if (supervisor === undefined) return;
    this.#supervisor = undefined;
    if (supervisor.exitCode !== null || supervisor.signalCode !== null) return;
    const ended = new Promise((done) => supervisor.once('close', done));
    supervisor.kill(signal);
    await ended;
  }

  /** Waits until all workers of the newest configuration are live. */
  async untilComplete(revision?: string): Promise<void> {
    await eventually(
      () => {
        const complete = this.plane.proxies.some(
          (proxy) => proxy.complete && (revision ?? proxy.configRevision) === proxy.configRevision,
        );
        if (!complete) throw new Error('no complete proxy');
      },
      { timeoutMs: 10_000 },
    );
  }

  /** Waits for a line whose fields have these values. */
  untilLine(fields: LogLine, timeoutMs = 8_000): Promise<LogLine> {
    return eventually(
      () => {
        const found = this.lines.find((line) =>
          Object.entries(fields).every(([name, value]) => line[name] === value),
        );
        if (found === undefined) throw new Error(`no line ${JSON.stringify(fields)}`);
        return found;
      },
      { timeoutMs },
    );
  }

  /** Ends everything, by default as `docker stop` does; by SIGKILL it takes no second. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.stopSupervisor(signal);
    await this.stopRouter();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  async #start(): Promise<void> {
    await prepareFolder(nginxFolder(this.nginxFolder));
    await this.#options.prepare?.(this.nginxFolder);
    await this.render();
    if (this.#options.router !== false) await this.startRouter();
    this.startSupervisor();
    if (this.#options.router === false) return;
    await this.untilComplete();
    await this.publish({});
  }

  async #decide(question: AccessQuestion): Promise<AccessAnswer> {
    this.questions.push(question);
    return (await this.#options.decide?.(question)) ?? { verdict: 'unauthenticated' };
  }
}

/** An entry of an application on loopback. */
export function anHttpEntry(port: number, overrides: Partial<HttpEntry> = {}): HttpEntry {
  const task = overrides.task ?? 'a'.repeat(32);
  return { route: `${task}.http`, task, host: '127.0.0.1', port, since: Date.now(), ...overrides };
}

/** An entry of a TCP service on loopback. */
export function aTcpEntry(port: number, task = 'b'.repeat(32)): TcpEntry {
  return { route: `${task}.tcp`, task, upstream: `127.0.0.1:${port}` };
}

function answerNotFound(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  response.writeHead(404).end('no such page\n');
}

async function makeConfig({ config, tcpPorts = 0 }: HarnessOptions): Promise<ProxyConfig> {
  const tcpStart = tcpPorts === 0 ? 0 : await freeRange(tcpPorts);
  return {
    workers: 2,
    workerConnections: 1024,
    rlimitNofile: 4096,
    authEnabled: false,
    cookieName: 'clearml_token',
    sessionCookie: 'clearway-0a1b2c3d',
    idleSeconds: 600,
    routerScheme: 'http',
    routerPort: 80,
    tcp: tcpPorts > 0,
    listenPort: await freePort(),
    tcpStart,
    tcpEnd: tcpPorts === 0 ? 0 : tcpStart + tcpPorts - 1,
    metricsPort: 0,
    apiPort: 0,
    hosts: '*',
    routerUrl: 'http://127.0.0.1',
    routeDomain: '',
    corsOrigins: '',
    frameAncestors: '',
    trustedProxies: [],
    trusts: false,
    tlsCertificate: '',
    tlsKey: '',
    ...config,
  };
}
