import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { pino, type Logger } from 'pino';
import { makePageRenderer, readPageTexts } from '../../src/access/pages/page-renderer.ts';
import type { PagesDeps } from '../../src/access/pages/pages-parts.ts';
import { ClearmlClient } from '../../src/clearml/client.ts';
import { makeAccess, type AccessParts } from '../../src/composition/access.ts';
import type { AccessSubject } from '../../src/controllers/contracts.ts';
import { EmbeddedClearml } from '../../src/embedded/api/embedded-clearml.ts';
import type { Settings } from '../../src/settings.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { ManualClock } from './clocks.ts';
import { someSettings } from './some-settings.ts';
import { openStore } from './sqlite.ts';
import { tempFolder } from './temp-folder.ts';

/** Somebody with a password. */
export const ALICE = { name: 'alice', password: 'correct horse', displayName: 'Alice Example' };
/** Somebody else, with a key too. */
export const BOB = {
  name: 'bob',
  password: 'battery staple',
  displayName: 'Bob Example',
  accessKey: 'BOBKEY',
  secretKey: 'bob-secret',
};
/** An account of the company that is nobody's. */
export const AGENT = {
  name: 'agent',
  accessKey: 'AGENTKEY',
  secretKey: 'agent-secret',
  service: true,
};
/** An account that anyone can use. */
export const VISITOR = { name: 'visitor', password: 'visitor', role: 'guest' };

const ROUTER = {
  name: 'router',
  accessKey: 'ROUTERKEY',
  secretKey: 'router-secret',
  service: true,
};

/** What a test may choose. */
export interface PagesWorldOptions {
  readonly url?: string;
  readonly auth?: Partial<Settings['auth']>;
  readonly edge?: Partial<Settings['edge']>;
}

/** A ClearML API, everything that says who gets in, and what the pages are made of; time moves by hand. */
export interface PagesWorld extends AsyncDisposable {
  readonly clearml: EmbeddedClearml;
  readonly clock: ManualClock;
  readonly settings: Settings;
  readonly access: AccessParts;
  readonly deps: PagesDeps;
  /** What was revoked in the proxies. */
  readonly revoked: AccessSubject[];
  /** Lines of the log, as JSON. */
  readonly lines: string[];
}

/** What was written down about who came and went, without what every line has. */
export function auditsOf({ lines }: PagesWorld): readonly Record<string, unknown>[] {
  return lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => line['audit'] === true)
    .map((line) => {
      const own = Object.entries(line).filter(([key]) => !COMMON.has(key));
      return Object.fromEntries(own);
    });
}

const COMMON = new Set(['level', 'time', 'pid', 'hostname', 'audit']);

/** Starts a world; it must be disposed. */
export async function startPagesWorld(options: PagesWorldOptions = {}): Promise<PagesWorld> {
  const clearml = new EmbeddedClearml({
    seed: { users: [ROUTER, ALICE, BOB, AGENT, VISITOR] },
    featureSet: 'basic',
  });
  await clearml.start();
  const folder = await tempFolder();
  const clock = new ManualClock(Date.now());
  const store = openStore(folder.path, { now: () => clock.now() });
  const settings = settingsOf(clearml, options);
  const client = clientOf(clearml, clock);
  const lines: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line) => lines.push(line) });
  const revoked: AccessSubject[] = [];
  const dataPlane = {
    revoke: (subjects: readonly AccessSubject[]) => {
      revoked.push(...subjects);
      return Promise.resolve();
    },
    restored: () => undefined,
    generation: 1,
  };
  const metrics = createMetrics();
  const wires = { settings, clock, logger, metrics, store, client };
  const access = makeAccess({ ...wires, dataPlane: () => dataPlane });
  return {
    clearml,
    clock,
    settings,
    access,
    deps: await depsOf({ settings, access, clock, logger, dataPlane }),
    revoked,
    lines,
    [Symbol.asyncDispose]: async () => {
      await client.close();
      store.close();
      await clearml.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

interface Wires {
  readonly settings: Settings;
  readonly access: AccessParts;
  readonly clock: ManualClock;
  readonly logger: Logger;
  readonly dataPlane: PagesDeps['revoker'];
}

async function depsOf({ settings, access, clock, logger, dataPlane }: Wires): Promise<PagesDeps> {
  const templates = join(import.meta.dirname, '../../templates/pages');
  const renderer = makePageRenderer(await readPageTexts(templates));
  const { sessions } = access;
  const open = {
    seal: sessions.seal.bind(sessions),
    open: sessions.open.bind(sessions),
    revoke: sessions.revoke.bind(sessions),
    revokeUser: sessions.revokeUser.bind(sessions),
  };
  return {
    ...access,
    sessions: open,
    settings,
    revoker: dataPlane,
    renderer,
    clock,
    randomBytes,
    logger,
  };
}

function settingsOf(clearml: EmbeddedClearml, { url, auth, edge }: PagesWorldOptions): Settings {
  const base = someSettings();
  return {
    ...base,
    router: { ...base.router, url: url ?? 'https://gateway.example.com' },
    clearml: { ...base.clearml, apiHost: clearml.url },
    auth: { ...base.auth, cookieName: clearml.cookieName, sessionSeconds: 3_600, ...auth },
    edge: { ...base.edge, ...edge },
  };
}

function clientOf(clearml: EmbeddedClearml, clock: ManualClock): ClearmlClient {
  return new ClearmlClient({
    transport: { verifyTls: true, timeoutMs: 5_000, maxAnswerBytes: 1_048_576 },
    apiHost: clearml.url,
    accessKey: ROUTER.accessKey,
    secretKey: ROUTER.secretKey,
    clock,
    onCall: () => undefined,
  });
}
