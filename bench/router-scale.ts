// Measures the router with many tasks, each of which pings: how fast it converges, what it costs while nothing changes, how soon
// a further task is reachable, and 1,000 route changes under an open websocket. Run: bench/run.sh router [tasks]
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket, WebSocketServer } from 'ws';
import {
  listen,
  metric,
  startGateway,
  until,
  usage,
  type BenchGateway,
} from './support/gateway.ts';

const COUNT = Number(process.argv[2] ?? 10_000);
const POLL_SECONDS = 2;
const FURTHER_TASKS = 10;
const CHANGES = 1_000;
const QUIET_SECONDS = 30;

const echo = createServer((_request, response) => response.end('ok'));
const sockets = new WebSocketServer({ server: echo });
sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
const port = await listen(echo);
const other = createServer((_request, response) => response.end('other'));
const otherPort = await listen(other);

const taskIds = Array.from({ length: COUNT }, () => randomBytes(16).toString('hex'));
const runtime = { _SERVICE: 'EXTERNAL', _ADDRESS: '127.0.0.1', _PORT: port };
const gateway = await startGateway({
  seed: {
    users: [{ name: 'bench', password: 'bench', accessKey: 'BENCH', secretKey: 'bench-secret' }],
    tasks: taskIds.map((id, index) => ({
      id,
      name: `task ${String(index)}`,
      status: 'in_progress',
      systemTags: ['external_service'],
      runtime,
    })),
  },
  environment: { CLEARWAY_POLL_SECONDS: String(POLL_SECONDS) },
});
const stopPings = new AbortController();
try {
  print('tasks', COUNT);
  await converge(gateway);
  const pings = ping(gateway, stopPings.signal);
  await quiet(gateway);
  await further(gateway);
  await changes(gateway);
  stopPings.abort();
  await pings;
} finally {
  stopPings.abort();
  await gateway.stop();
  sockets.close();
  echo.closeAllConnections();
  echo.close();
  other.close();
}

function print(name: string, value: string | number): void {
  console.log(`${name.padEnd(52)} ${String(value)}`);
}

async function converge({ metricsUrl, router }: BenchGateway): Promise<void> {
  const start = performance.now();
  await until(
    async () =>
      (await metric(metricsUrl, 'clearway_routes{', 'ready')) >= COUNT ? true : undefined,
    300_000,
    1_000,
  );
  print('seconds until all are published (first start)', seconds(performance.now() - start));
  const { cpu, rss } = await usage(router.pid);
  print('router: CPU seconds, memory MiB after that', `${cpu.toFixed(1)}, ${rss.toFixed(0)}`);
}

/** Every task pings every 30 s, spread evenly. */
async function ping({ call }: BenchGateway, signal: AbortSignal): Promise<void> {
  const everyMs = 30_000 / COUNT;
  const started = performance.now();
  for (let sent = 0; !signal.aborted; sent += 1) {
    const due = started + sent * everyMs - performance.now();
    if (due > 2) await sleep(due);
    const task = taskIds[sent % COUNT];
    void call('tasks.ping', { task }).catch(() => undefined);
  }
}

async function quiet({ router, metricsUrl }: BenchGateway): Promise<void> {
  await sleep(5_000);
  const before = await usage(router.pid);
  const reconciles = await metric(metricsUrl, 'clearway_reconciles_total');
  await sleep(QUIET_SECONDS * 1_000);
  const after = await usage(router.pid);
  const share = ((after.cpu - before.cpu) / QUIET_SECONDS) * 100;
  print('router: % of a core while all ping and none changes', share.toFixed(1));
  print('router: memory MiB then', after.rss.toFixed(0));
  const done = (await metric(metricsUrl, 'clearway_reconciles_total')) - reconciles;
  print('router: reconciles in that time', done);
}

async function further(bench: BenchGateway): Promise<void> {
  const times: number[] = [];
  for (let index = 0; index < FURTHER_TASKS; index += 1) {
    const { id } = (await bench.call('tasks.create', { name: 'further', type: 'inference' })) as {
      id: string;
    };
    await bench.call('tasks.started', { task: id, force: true });
    await bench.call('tasks.edit', { task: id, force: true, runtime });
    await bench.call('tasks.edit', { task: id, force: true, system_tags: ['external_service'] });
    const start = performance.now();
    await until(async () => ((await status(bench, id)) === 200 ? true : undefined), 30_000, 10);
    times.push(performance.now() - start);
  }
  const sorted = times.toSorted((left, right) => left - right);
  const over = Math.max(...times) - POLL_SECONDS * 1_000;
  print(
    'further task reachable after: median, longest (s)',
    `${seconds(sorted[5] ?? 0)}, ${seconds(Math.max(...times))}`,
  );
  print('longest beyond the poll interval (ms)', over.toFixed(0));
}

async function changes(bench: BenchGateway): Promise<void> {
  const workers = await workerPids(bench);
  const [wsTask = ''] = taskIds;
  const socket = new WebSocket(`${bench.url.replace('http', 'ws')}/service/${wsTask}/`, {
    headers: { Authorization: `Bearer ${bench.token}` },
  });
  let closed = 0;
  socket.on('close', () => {
    closed += 1;
  });
  await new Promise((resolve) => socket.once('open', resolve));
  const changed = taskIds.slice(1, 1 + CHANGES);
  const start = performance.now();
  for (const task of changed) {
    await bench.call('tasks.edit', {
      task,
      force: true,
      runtime: { ...runtime, _PORT: otherPort },
    });
  }
  const last = changed.at(-1) ?? '';
  await until(async () => ((await body(bench, last)) === 'other' ? true : undefined), 60_000, 50);
  print(`${String(CHANGES)} route changes live after (s)`, seconds(performance.now() - start));
  socket.send('still here');
  const heard = await Promise.race([
    new Promise((resolve) =>
      socket.once('message', (data) => resolve((data as Buffer).toString())),
    ),
    sleep(5_000, 'nothing'),
  ]);
  print('websockets dropped by them', heard === 'still here' ? closed : 'all');
  const now = await workerPids(bench);
  print(
    'nginx workers replaced by them (reloads)',
    workers.filter((pid) => !now.includes(pid)).length,
  );
  socket.terminate();
}

async function workerPids({ folder }: BenchGateway): Promise<readonly string[]> {
  const master = (await readFile(`${folder}/run/nginx.pid`, 'utf8')).trim();
  const children = await readFile(`/proc/${master}/task/${master}/children`, 'utf8');
  return children.trim().split(/\s+/);
}

async function status(bench: BenchGateway, task: string): Promise<number> {
  return (await get(bench, task)).status;
}

async function body(bench: BenchGateway, task: string): Promise<string> {
  return (await get(bench, task)).text();
}

async function get({ url, token }: BenchGateway, task: string): Promise<Response> {
  return fetch(`${url}/service/${task}/`, { headers: { Authorization: `Bearer ${token}` } });
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(2);
}
