import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startChild, type DemoChild } from '../../src/embedded/demo/child.ts';

/** A whole Clearway as child processes, on loopback. */
export interface BenchGateway {
  readonly folder: string;
  readonly apiHost: string;
  readonly url: string;
  readonly metricsUrl: string;
  readonly api: DemoChild;
  readonly router: DemoChild;
  readonly proxy: DemoChild;
  /** Token of the first user. */
  readonly token: string;
  readonly call: (endpoint: string, body: unknown) => Promise<Record<string, unknown>>;
  stop(): Promise<void>;
}

/** What a {@link startGateway} starts with. */
export interface BenchOrder {
  readonly seed: Readonly<Record<string, unknown>>;
  readonly environment?: Readonly<Record<string, string>>;
}

const clearway = join(import.meta.dirname, '..', '..', 'bin', 'clearway');
const never = new AbortController().signal;

/** Starts API, router and proxy. */
export async function startGateway(order: BenchOrder): Promise<BenchGateway> {
  const folder = await mkdtemp(join(tmpdir(), 'clearway-bench-'));
  const [port, metrics] = [await freePort(), await freePort()];
  await mkdir(join(folder, 'nginx'));
  const seed = join(folder, 'seed.json');
  const ready = join(folder, 'ready.json');
  await writeFile(seed, JSON.stringify(order.seed));
  const inherited = { PATH: process.env['PATH'] ?? '', HOME: folder };
  const start = (name: string, args: string[], environment: Record<string, string>) =>
    startChild({
      command: clearway,
      args,
      environment: { ...inherited, ...environment },
      logFile: join(folder, `${name}.log`),
      graceMs: 5_000,
    });
  const api = await start(
    'api',
    ['demo-api', '--port', '0', '--seed', seed, '--ready-file', ready],
    {},
  );
  const { apiHost, users } = await waitForJson(ready);
  const [user] = users;
  const environment = {
    ROUTER_NAME: 'bench',
    ROUTER_URL: `http://127.0.0.1:${String(port)}`,
    ROUTER__WEBSERVER__SERVER_PORT: String(port),
    CLEARML_API_HOST: apiHost,
    CLEARML_API_ACCESS_KEY: user.accessKey,
    CLEARML_API_SECRET_KEY: user.secretKey,
    AUTH_COOKIE_NAME: 'clearml_token_basic',
    AUTH_SECURE_ENABLED: 'false',
    CLEARWAY_UPSTREAM_CIDRS: '127.0.0.0/8',
    CLEARWAY_NGINX_FOLDER: join(folder, 'nginx'),
    CLEARWAY_RUN_FOLDER: join(folder, 'run'),
    CLEARWAY_METRICS_PORT: String(metrics),
    ...order.environment,
  };
  const router = await start('router', ['router'], environment);
  const proxy = await start('proxy', ['proxy'], environment);
  const basic = Buffer.from(`${user.accessKey}:${user.secretKey}`).toString('base64');
  const call = async (endpoint: string, body: unknown): Promise<Record<string, unknown>> => {
    const answer = await fetch(`${apiHost}/${endpoint}`, {
      method: 'POST',
      headers: { Authorization: `Basic ${basic}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    const { data } = (await answer.json()) as { data: Record<string, unknown> };
    return data;
  };
  const { token } = (await call('auth.login', {})) as { token: string };
  return {
    folder,
    apiHost,
    url: `http://127.0.0.1:${String(port)}`,
    metricsUrl: `http://127.0.0.1:${String(metrics)}/metrics`,
    api,
    router,
    proxy,
    token,
    call,
    stop: async () => {
      for (const child of [proxy, router, api]) await child.stop(never);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Listens on a free loopback port. */
export async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** Waits until the check gives something, looking every `everyMs`. */
export async function until<T>(
  check: () => Promise<T | undefined>,
  timeoutMs: number,
  everyMs: number,
): Promise<T> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const found = await check().catch(() => undefined);
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error('waited too long');
    await sleep(everyMs);
  }
}

/** Sum of a metric's samples whose line holds the text. */
export async function metric(url: string, name: string, text = ''): Promise<number> {
  const lines = (await (await fetch(url)).text()).split('\n');
  return lines
    .filter((line) => line.startsWith(name) && line.includes(text))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

/** CPU seconds that a process has used, and its resident memory in MiB (proc(5)). */
export async function usage(pid: number): Promise<{ readonly cpu: number; readonly rss: number }> {
  const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const status = await readFile(`/proc/${String(pid)}/status`, 'utf8');
  const kib = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0);
  return { cpu: (Number(fields[11]) + Number(fields[12])) / 100, rss: kib / 1024 };
}

async function waitForJson(path: string): Promise<{
  readonly apiHost: string;
  readonly users: readonly [{ readonly accessKey: string; readonly secretKey: string }];
}> {
  return until(async () => JSON.parse(await readFile(path, 'utf8')) as never, 20_000, 100);
}
