import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { anApiWorld, type ApiWorld } from '../support/api-world.ts';
import { aTaskRoute } from '../support/resources.ts';

interface Golden {
  /** The trap, or who asks so. */
  readonly why: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly accept: string;
    /** Of a watch: how many events are read. */
    readonly events?: number;
  };
  readonly response: unknown;
}

const FOLDER = join(import.meta.dirname, 'golden', 'requests');

/** Writes what is answered now in the place of what is expected; its diff is there to be read. */
const IS_UPDATE = process.env['UPDATE_GOLDEN'] === '1';

/** Two routes, one of them with a status, one static route and one event. */
async function seed({ store, clock }: ApiWorld): Promise<void> {
  const web = await store.create(aTaskRoute('web.http'));
  await store.create({
    kind: 'TaskRoute',
    metadata: { name: 'db.tcp' },
    spec: {
      router: 'router-a',
      task: { id: '4f3d2c1b0a', name: 'train' },
      protocol: 'tcp',
      endpointName: 'db',
      target: { address: '192.0.2.7', port: 5432 },
    },
  });
  await store.create({
    kind: 'StaticRoute',
    metadata: { name: 'demo' },
    spec: { path: '/demo', access: 'authenticated', enabled: true },
  });
  const condition = {
    type: 'Ready',
    status: 'True',
    reason: 'Ready',
    message: 'the address can be used',
    lastTransitionTime: '2026-01-01T00:00:00Z',
    observedGeneration: 1,
  } as const;
  const endpoint = 'https://gateway.example.com/service/4f3d2c1b0a/';
  await store.updateStatus({ ...web, status: { endpoint, conditions: [condition] } });
  await store.record({
    kind: 'TaskRoute',
    name: 'web.http',
    type: 'Normal',
    reason: 'Published',
    message: `published as ${endpoint}`,
  });
  clock.advance(3 * 3600_000);
}

const MASKED: ReadonlySet<string> = new Set(['uid', 'resourceVersion', 'platform']);

/** Takes out what differs from run to run, at any depth. */
function masked(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => masked(item));
  if (typeof value === 'string') return maskedText(value, key);
  if (typeof value !== 'object' || value === null) return value;
  const names = Object.entries(value).map(([name, field]) => [name, masked(field, name)]);
  return Object.fromEntries(names) as unknown;
}

function maskedText(text: string, key: string): string {
  if (MASKED.has(key) && text !== '') return `<${key}>`;
  return text.replace(/\.[0-9a-f]{10,}/g, '.<id>').replace(/[0-9A-F]{64,}/g, '<hash>');
}

async function answer(world: ApiWorld, { request }: Golden): Promise<unknown> {
  const { method, path, accept, events } = request;
  if (events !== undefined) {
    const watch = await world.watch(path, { accept });
    const lines = await watch.take(events);
    return { contentType: watch.contentType, lines: masked(lines) };
  }
  const { status, headers, contentType, json } = await world.ask(path, { method, accept });
  return { status, headers: masked(headers), contentType, body: masked(json) };
}

describe('the API', () => {
  for (const file of readdirSync(FOLDER)) {
    const path = join(FOLDER, file);
    const golden = JSON.parse(readFileSync(path, 'utf8')) as Golden;

    it(`answers ${file} as it is written: ${golden.why}`, async () => {
      await using world = await anApiWorld();
      await seed(world);

      const response = await answer(world, golden);

      if (IS_UPDATE) writeFileSync(path, `${JSON.stringify({ ...golden, response }, null, 2)}\n`);
      else expect(response).to.deep.equal(golden.response);
    });
  }
});
