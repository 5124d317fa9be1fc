// A resource API in a process of its own, over a store with many routes: node api-process.ts <folder> <routes>. Its listener is the
// router's, on the socket api.sock of the folder, without TLS. Asked through the channel of its parent, it changes so many routes, and
// tells its memory.
import { createServer } from 'node:http';
import { join } from 'node:path';
import { Bodies, BODY_LIMITS } from '../../src/api/access/bodies.ts';
import { makeApiHandler } from '../../src/api/access/api-handler.ts';
import { PATIENCE } from '../../src/api/access/send.ts';
import { makeApi, WATCH_LIMITS } from '../../src/api/api.ts';
import { methodNotAllowed } from '../../src/api/failures.ts';
import { makeServed } from '../../src/api/served/served.ts';
import { systemClock } from '../../src/clock.ts';
import type { TaskRoute } from '../../src/resources/kinds.ts';
import { openSqliteStore } from '../../src/store/sqlite-store.ts';
import { createLogger } from '../../src/telemetry/logger.ts';

/** What the process is asked: to change so many routes first. */
export interface Question {
  readonly changes: number;
}

/** What it answers; memory in MiB, after a garbage collection. */
export interface Reply {
  readonly rss: number;
  readonly heap: number;
  /** CPU time of the process in ms, when it was asked and when it answered. */
  readonly cpu: { readonly asked: number; readonly answered: number };
}

const [, , folder = '', count = '0'] = process.argv;
const store = openSqliteStore({
  folder,
  namespace: 'default',
  clock: systemClock,
  newUid: () => crypto.randomUUID(),
});
for (let index = 0; index < Number(count); index += 1) await add(index);

const logger = createLogger({ level: 'warn', destination: process.stderr });
const closing = new AbortController();
const api = makeApi({
  served: makeServed({ store, events: store, namespace: 'default', since: Date.now() }),
  version: '0.0.0',
  clock: systemClock,
  random: Math.random,
  watchLimits: WATCH_LIMITS,
  logger,
  authorize: () => Promise.resolve(),
  write: () => Promise.reject(methodNotAllowed()),
  reviews: () => Promise.reject(methodNotAllowed()),
});
const handler = makeApiHandler({
  identify: () => ({
    user: { name: 'bench', groups: [], role: 'view' },
    signal: closing.signal,
  }),
  api,
  onAnswer: () => undefined,
  closing: closing.signal,
  patience: PATIENCE,
  bodies: new Bodies(BODY_LIMITS),
  logger,
});
const server = createServer(handler).listen(join(folder, 'api.sock'), () => reply());
process.on('message', ({ changes }: Question) => void answer(changes));
process.on('disconnect', () => {
  closing.abort();
  server.closeAllConnections();
  server.close();
  store.close();
});

async function answer(changes: number): Promise<void> {
  const asked = cpuMs();
  const { items } = await store.list('TaskRoute');
  for (const route of items.slice(0, changes)) await report(route);
  reply(asked);
}

function reply(asked = cpuMs()): void {
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  const answered: Reply = {
    rss: rss / 2 ** 20,
    heap: heapUsed / 2 ** 20,
    cpu: { asked, answered: cpuMs() },
  };
  process.send?.(answered);
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

async function add(index: number): Promise<void> {
  const id = index.toString(16).padStart(32, '0');
  const route = await store.create<'TaskRoute'>({
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
  await report(route);
}

/** Gives a route the six conditions of one that is served, at a time of its own. */
async function report(route: TaskRoute): Promise<void> {
  const types = ['Accepted', 'UpstreamResolved', 'Programmed', 'Published', 'Ready', 'Answering'];
  const { generation } = route.metadata;
  const conditions = types.map((type) => ({
    type,
    status: 'True' as const,
    reason: type,
    message: 'Something was seen to be as it should.',
    observedGeneration: generation,
    lastTransitionTime: new Date().toISOString(),
  }));
  const endpoint = `https://gateway.example.com/service/${route.spec.task.id}/`;
  await store.updateStatus<'TaskRoute'>({ ...route, status: { endpoint, conditions } });
}
