// Prints what the store costs: creates, status updates with a read before each, writes that change nothing, a list.
//   node bench/store.ts [objects]
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '../src/store/sqlite-store.ts';

const objects = Number(process.argv[2] ?? 10_000);
const folder = await mkdtemp(join(tmpdir(), 'clearway-bench-'));
const store = openSqliteStore({
  folder,
  namespace: 'default',
  clock: { now: Date.now },
  newUid: () => crypto.randomUUID(),
});
const ids = Array.from({ length: objects }, (_, index) => index.toString(16).padStart(32, '0'));

await measure('create', objects, async () => {
  for (const id of ids) {
    await store.create({
      kind: 'TaskRoute',
      metadata: { name: `${id}.http`, labels: { 'clearway.dev/router': 'router-a' } },
      spec: {
        router: 'router-a',
        task: { id, name: `task ${id}`, user: id, company: id, queue: id },
        protocol: 'http',
        endpointName: '',
        target: { address: '192.0.2.7', port: 8080 },
        pathMode: 'strip',
      },
    });
  }
});
await measure('get and update status', 5 * objects, async () => {
  for (let round = 0; round < 5; round += 1) for (const id of ids) await report(id, round);
});
await measure('get and update status, nothing changed', objects, async () => {
  for (const id of ids) await report(id, 4);
});
await measure('list', 1, () => store.list('TaskRoute'));
store.close();
await rm(folder, { recursive: true });

async function report(id: string, round: number): Promise<void> {
  const route = await store.get('TaskRoute', `${id}.http`);
  if (route === undefined) throw new Error(`${id} is gone`);
  const types = ['Accepted', 'UpstreamResolved', 'Programmed', 'Published', 'Ready', 'Answering'];
  const conditions = types.slice(0, round + 2).map((type) => ({
    type,
    status: 'True' as const,
    reason: type,
    message: 'Something was seen to be as it should.',
    observedGeneration: 1,
    lastTransitionTime: '2026-01-01T00:00:00Z',
  }));
  await store.updateStatus<'TaskRoute'>({ ...route, status: { conditions } });
}

async function measure(name: string, count: number, work: () => Promise<unknown>): Promise<void> {
  const wall = performance.now();
  const cpu = process.cpuUsage();
  await work();
  const used = process.cpuUsage(cpu);
  const wallMs = performance.now() - wall;
  const cpuMs = (used.user + used.system) / 1000;
  console.log(
    `${name}: ${count} in ${Math.round(wallMs)} ms, ${Math.round(cpuMs)} ms CPU, ${((cpuMs * 1000) / count).toFixed(0)} µs each`,
  );
}
