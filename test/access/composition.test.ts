import { join } from 'node:path';
import { expect } from 'chai';
import { pino } from 'pino';
import { makeAccess, type AccessParts } from '../../src/composition/access.ts';
import type { ClearmlClient } from '../../src/clearml/client.ts';
import { EmbeddedClearml } from '../../src/embedded/api/embedded-clearml.ts';
import { ProxyDataPlane } from '../../src/proxy/data-plane.ts';
import type { Settings } from '../../src/settings.ts';
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts';
import { aClient, KEYS } from '../clearml/support/a-client.ts';
import { TestWorker, call } from '../support/channel-client.ts';
import { realClock } from '../support/clocks.ts';
import { holds, type Decision } from '../support/decisions.ts';
import { eventually } from '../support/eventually.ts';
import { aTable } from '../support/route-tables.ts';
import { aSession } from '../support/sessions.ts';
import { someSettings } from '../support/some-settings.ts';
import { openStore } from '../support/sqlite.ts';
import { tempFolder } from '../support/temp-folder.ts';

const TASK = 'a'.repeat(32);
const NEVER = new AbortController().signal;

interface Running {
  readonly access: AccessParts;
  readonly plane: ProxyDataPlane;
  readonly client: ClearmlClient;
  readonly metrics: Metrics;
  readonly ask: (kind: 'session' | 'bearer', credential: string) => Promise<Decision>;
}

interface Order {
  readonly folder: string;
  readonly api: EmbeddedClearml;
  readonly auth?: Partial<Settings['auth']>;
}

/** Access and the channel of a router, wired as the router wires them, for the time of `use`. */
async function run(
  { folder, api, auth }: Order,
  use: (running: Running) => Promise<void>,
): Promise<void> {
  const settings = someSettings({ auth: { ...someSettings().auth, ...auth } });
  const logger = pino({ level: 'silent' });
  const store = openStore(join(folder, 'state'));
  const { client } = aClient(api.url);
  const metrics = createMetrics();
  const wires = { settings, clock: realClock, logger, metrics, store, client };
  const access = makeAccess({ ...wires, dataPlane: () => plane });
  const plane = new ProxyDataPlane({
    folder: join(folder, 'nginx'),
    clock: realClock,
    logger,
    decider: access.decider,
    freshSeconds: 60,
    usableSeconds: 900,
  });
  const socketPath = join(folder, 'nginx', 'router.sock');
  try {
    await plane.start(NEVER);
    await access.revokeAfterChange();
    await plane.apply(aTable('a'));
    const ask: Running['ask'] = async (kind, credential) => {
      const body = { format: 1, kind, credential, task: TASK };
      const { text } = await call({ socketPath, path: '/proxy/decide', body });
      return JSON.parse(text) as Decision;
    };
    await use({ access, plane, client, metrics, ask });
  } finally {
    await plane.close();
    await client.close();
    store.close();
  }
}

/** A ClearML API with alice and her task, on a free port or on this one. */
async function startApi(tokenSecret: string, port = 0): Promise<EmbeddedClearml> {
  const api = new EmbeddedClearml({
    featureSet: 'basic',
    tokenSecret,
    port,
    seed: {
      users: [{ name: 'router', ...KEYS }, { name: 'alice' }, { name: 'bob' }],
      tasks: [{ name: 'app', id: TASK, status: 'in_progress', user: 'alice' }],
    },
  });
  await api.start();
  return api;
}

async function inTheWorld(
  test: (order: Order, worker: TestWorker) => Promise<void>,
): Promise<void> {
  await using temp = await tempFolder();
  const api = await startApi('first secret of the server');
  const worker = new TestWorker(join(temp.path, 'nginx', 'router.sock')).run();
  try {
    await test({ folder: temp.path, api }, worker);
  } finally {
    await worker.stop();
    await api.close();
  }
}

describe('makeAccess', () => {
  it('decides for proxies, and counts what it decided', async () => {
    await inTheWorld(async (order) => {
      await run(order, async ({ ask, metrics }) => {
        const alice = order.api.token('alice') ?? '';

        expect(await ask('bearer', alice)).to.have.property('verdict', 'allow');
        expect(await ask('bearer', 'garbage')).to.have.property('verdict', 'unauthenticated');

        const text = await metrics.registry.metrics();
        for (const line of [
          'clearway_access_decisions_total{kind="bearer",verdict="allow"} 1',
          'clearway_access_decisions_total{kind="bearer",verdict="unauthenticated"} 1',
          'clearway_access_decisions_total{kind="session",verdict="allow"} 0',
        ]) {
          expect(text.split('\n')).to.include(line);
        }
      });
    });
  });

  it('ends a session everywhere when it is revoked, also after a restart', async () => {
    await inTheWorld(async (order, worker) => {
      const token = order.api.token('alice') ?? '';
      let value = '';
      await run(order, async ({ access, ask }) => {
        const who = await access.identity.whoIs({ scheme: 'Bearer', token }, NEVER);
        const session = aSession({ token, user: 'said' in who ? who.said.id : '' });
        value = await access.sessions.seal(session);
        const before = await ask('session', value);
        expect(before).to.include({ verdict: 'allow', session: 'session-1' });

        await access.sessions.revoke(session);

        expect(holds(before, worker.revoked)).to.equal(false);
        expect(await ask('session', value)).to.have.property('verdict', 'unauthenticated');
      });

      await run(order, async ({ ask }) => {
        expect(await ask('session', value)).to.have.property('verdict', 'unauthenticated');
      });
    });
  });

  it('voids what an earlier run has decided when the rule has changed since, and only then', async () => {
    await inTheWorld(async (order, worker) => {
      const bob = order.api.token('bob') ?? '';
      let before: Decision = { verdict: '', generation: 0 };
      await run(order, async ({ ask }) => {
        before = await ask('bearer', bob);
        expect(before).to.have.property('verdict', 'allow');
      });
      await run(order, async ({ plane }) => {
        await eventually(() => expect(worker.generation).to.equal(plane.generation));
        expect(holds(before, worker.revoked)).to.equal(true);
      });

      await run({ ...order, auth: { rule: 'owner' } }, async ({ ask }) => {
        await eventually(() => expect(holds(before, worker.revoked)).to.equal(false));
        const after = await ask('bearer', bob);
        expect(after).to.have.property('verdict', 'deny');
        expect(holds(after, worker.revoked)).to.equal(true);
      });
    });
  });

  it('lets in again who was refused for the former key when ClearML has a new one', async () => {
    await inTheWorld(async (order, worker) => {
      const auth = { jwks: 'first secret of the server' };
      await run({ ...order, auth }, async ({ client, ask }) => {
        const ping = { endpoint: 'tasks.ping', body: { task: TASK }, parse: () => true };
        await client.call(ping, NEVER);
        const { port } = new URL(order.api.url);
        await order.api.close();
        const api = await startApi('second secret of the server', Number(port));
        const alice = api.token('alice') ?? '';
        try {
          const before = await ask('bearer', alice);
          expect(before).to.have.property('verdict', 'unauthenticated');
          expect(api.calls('users.get_current_user')).to.equal(0);

          // The router's own token is refused, so it signs in anew.
          await client.call(ping, NEVER);

          await eventually(() => expect(holds(before, worker.revoked)).to.equal(false));
          const after = await ask('bearer', alice);
          expect(after).to.have.property('verdict', 'allow');
          expect(holds(after, worker.revoked)).to.equal(true);
        } finally {
          await api.close();
        }
      });
    });
  });
});
