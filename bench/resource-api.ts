// Measures the resource API with many routes: lists as Table and as JSON, and what watchers cost that read and that do not.
//   bench/run.sh api [routes] [watchers]
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Reply } from './support/api-process.ts';
import { median } from './support/figures.ts';

const ROUTES = Number(process.argv[2] ?? 10_000);
const WATCHERS = Number(process.argv[3] ?? 200);
const ROUNDS = 9;
/** Fewer than history holds: a watcher that history passes by has to list again. */
const CHANGES = Math.min(1_000, ROUTES);
/** A little more than the router waits for a client that takes nothing. */
const PATIENCE_MS = 35_000;
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const PATH = '/apis/clearway.dev/v1alpha1/taskroutes';

const folder = await mkdtemp(join(tmpdir(), 'clearway-bench-'));
const socketPath = join(folder, 'api.sock');
const child = fork(join(import.meta.dirname, 'support', 'api-process.ts'), [folder, `${ROUTES}`], {
  execArgv: ['--expose-gc', '--disable-warning=ExperimentalWarning'],
});
try {
  print('routes', ROUTES);
  print('memory at the start: resident, heap (MiB)', memoryText(await replyOf(child)));
  await lists();
  await watchersThatRead();
  await watchersThatDoNot();
} finally {
  child.disconnect();
  await once(child, 'exit');
  await rm(folder, { recursive: true });
}

function print(name: string, value: string | number): void {
  console.log(`${name.padEnd(64)} ${String(value)}`);
}

async function lists(): Promise<void> {
  const first = await timed(TABLE);
  print('first list as Table: ms, ms CPU', `${first.ms.toFixed(0)}, ${first.cpu.toFixed(0)}`);
  const tables: List[] = [];
  const whole: List[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    tables.push(await timed(TABLE));
    whole.push(await timed('application/json'));
  }
  print('list as Table: median, longest (ms), ms CPU, MiB', listText(tables));
  print('list as JSON: median, longest (ms), ms CPU, MiB', listText(whole));
  const ratio = (part: 'ms' | 'cpu'): string =>
    (middle(tables, part) / middle(whole, part)).toFixed(2);
  print('Table to JSON, of the medians: ms, CPU', `${ratio('ms')}, ${ratio('cpu')}`);
  print('memory after them: resident, heap (MiB)', memoryText(await ask(0)));
}

/** One list: how long it took, CPU time of the server in ms, and its length. */
interface List {
  readonly ms: number;
  readonly cpu: number;
  readonly bytes: number;
}

function middle(lists: readonly List[], part: keyof List): number {
  return median(lists.map((list) => list[part]));
}

function listText(lists: readonly List[]): string {
  const longest = Math.max(...lists.map(({ ms }) => ms));
  const times = [middle(lists, 'ms'), longest, middle(lists, 'cpu')].map((ms) => ms.toFixed(0));
  return [...times, (middle(lists, 'bytes') / 2 ** 20).toFixed(1)].join(', ');
}

async function timed(accept: string): Promise<List> {
  const before = await ask(0);
  const start = performance.now();
  let bytes = 0;
  for await (const chunk of await get(PATH, accept)) bytes += (chunk as Buffer).length;
  const ms = performance.now() - start;
  return { ms, bytes, cpu: (await ask(0)).cpu.asked - before.cpu.answered };
}

/** All of them take the routes that there are, and then some changes. */
async function watchersThatRead(): Promise<void> {
  const start = performance.now();
  const streams = await watches();
  const counts = streams.map((stream) => countLines(stream));
  await reached(counts, ROUTES);
  print(`${WATCHERS} watchers have all routes after (s)`, seconds(performance.now() - start));
  print('memory then: resident, heap (MiB)', memoryText(await ask(0)));
  const changed = performance.now();
  await ask(CHANGES);
  await reached(counts, ROUTES + CHANGES);
  print(`and ${CHANGES} changes after (s)`, seconds(performance.now() - changed));
  print('memory then: resident, heap (MiB)', memoryText(await ask(0)));
  for (const stream of streams) stream.destroy();
}

/** None of them takes anything, while all routes change. */
async function watchersThatDoNot(): Promise<void> {
  await sleep(1_000);
  const before = await ask(0);
  const start = performance.now();
  const streams = await watches();
  let open = streams.length;
  for (const stream of streams) {
    stream.socket.once('close', () => {
      open -= 1;
    });
  }
  await sleep(2_000);
  const after = await ask(0);
  print(`${WATCHERS} watchers that do not read: more memory (MiB)`, more(before, after));
  print('the same after a change of each route', more(before, await ask(ROUTES)));
  await sleep(Math.max(0, PATIENCE_MS - (performance.now() - start)));
  // A paused socket does not tell that it was closed before it is read.
  for (const stream of streams) stream.resume();
  await sleep(2_000);
  print('of them still connected after that and 35 s', open);
  print('memory at the end: resident, heap (MiB)', memoryText(await ask(0)));
  for (const stream of streams) stream.destroy();
}

async function watches(): Promise<readonly IncomingMessage[]> {
  const query = '?watch=true&allowWatchBookmarks=true';
  const starts = Array.from({ length: WATCHERS }, () => get(PATH + query, 'application/json'));
  return Promise.all(starts);
}

async function get(path: string, accept: string): Promise<IncomingMessage> {
  const asked = request({ socketPath, path, headers: { accept, host: 'localhost' }, agent: false });
  asked.end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  response.on('error', () => undefined);
  if (response.statusCode !== 200) throw new Error(`${path} answered ${response.statusCode ?? 0}`);
  return response;
}

interface Count {
  lines: number;
}

function countLines(stream: IncomingMessage): Count {
  const count = { lines: 0 };
  stream.on('data', (chunk: Buffer) => {
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) count.lines += 1;
  });
  return count;
}

async function reached(counts: readonly Count[], lines: number): Promise<void> {
  while (counts.some((count) => count.lines < lines)) await sleep(20);
}

function ask(changes: number): Promise<Reply> {
  const reply = replyOf(child);
  child.send({ changes });
  return reply;
}

async function replyOf(process: ChildProcess): Promise<Reply> {
  const [reply] = (await once(process, 'message')) as [Reply];
  return reply;
}

function memoryText({ rss, heap }: Reply): string {
  return `${rss.toFixed(0)}, ${heap.toFixed(0)}`;
}

function more(before: Reply, after: Reply): string {
  return `${(after.rss - before.rss).toFixed(0)} resident, ${(after.heap - before.heap).toFixed(0)} heap`;
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(1);
}
