import { Agent } from 'node:http';
import { call, type PollAnswer } from '../test/support/channel-client.ts';
import { startDataPlane } from '../test/support/data-plane.ts';
import { aLargeTable, anHttpEntry } from '../test/support/route-tables.ts';
import { median, percentile } from './support/figures.ts';

/** Routes in the table, and changes of one route each. */
const ROUTES = 10_000;
const CHANGES = 1_000;

/** What a change took, in ms. */
interface Sample {
  readonly apply: number;
  readonly reached: number;
}

/** A worker that only follows generations: applying is the proxy's cost, not the router's. */
async function* follow(socketPath: string): AsyncGenerator<number> {
  const agent = new Agent({ keepAlive: true });
  const worker = { proxy: 'bench', pid: 1, worker: 0, workers: 1, revision: 'bench', ports: [] };
  let generation = 0;
  for (;;) {
    const body = { format: 1, ...worker, generation, exiting: false };
    const answer = await call({ socketPath, path: '/proxy/poll', body, agent });
    ({ generation } = JSON.parse(answer.text) as PollAnswer);
    yield generation;
  }
}

function middleAndMost(values: readonly number[]): string {
  return `${median(values).toFixed(2)} ${percentile(values, 0.99).toFixed(2)}`;
}

/** The cost of one plain JSON text of the table in this run: tells a busy machine from a slow program. */
function yardstick(): string {
  const table = aLargeTable(ROUTES);
  const begin = process.cpuUsage();
  for (let round = 0; round < 20; round += 1) JSON.stringify(table);
  return (process.cpuUsage(begin).user / 1_000 / 20).toFixed(2);
}

async function measure(): Promise<void> {
  await using running = await startDataPlane();
  const { plane, socketPath } = running;
  let table = aLargeTable(ROUTES);
  await plane.apply(table);
  const heard = follow(socketPath);
  await heard.next();
  const samples: Sample[] = [];
  let cpu = 0;
  for (let change = 0; change < CHANGES; change += 1) {
    const task = (ROUTES + change).toString(16).padStart(32, '0');
    table = { ...table, http: { ...table.http, [task]: anHttpEntry(task) } };
    const next = heard.next();
    const usage = process.cpuUsage();
    const begin = performance.now();
    await plane.apply(table);
    const apply = performance.now() - begin;
    await next;
    samples.push({ apply, reached: performance.now() - begin });
    const { user, system } = process.cpuUsage(usage);
    cpu += (user + system) / 1_000;
  }
  const applies = samples.map((sample) => sample.apply);
  const reaches = samples.map((sample) => sample.reached);
  process.stdout.write(
    [
      `${CHANGES} changes at ${ROUTES} routes, ms (median, p99)`,
      `applied (snapshot renamed)   ${middleAndMost(applies)}`,
      `heard by a subscribed worker ${middleAndMost(reaches)}`,
      `CPU of router and worker, per change ${(cpu / CHANGES).toFixed(2)}`,
      `yardstick: CPU of one JSON text of the table ${yardstick()}`,
      '',
    ].join('\n'),
  );
}

await measure();
process.exit(0);
