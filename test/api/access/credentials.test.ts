import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { CREDENTIALS_PATH } from '../../../src/api/access/control-api.ts';
import { Credentials } from '../../../src/api/access/credentials.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';
import { ApiWorld, apiWorld, statusIn, STATIC_ROUTES } from '../../support/served-api.ts';
import { ManualClock } from '../../support/clocks.ts';
import { eventually } from '../../support/eventually.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

describe('credentials of the API', () => {
  it('are tokens of 32 random bytes that can be told from other texts', async () => {
    await using opened = await apiWorld();
    const tokens = await Promise.all([1, 2, 3].map(async () => (await opened.world.issue()).token));

    for (const token of tokens) {
      expect(token).to.match(/^cwt_[\w-]{43}$/);
      expect(Buffer.from(token.slice(4), 'base64url')).to.have.length(32);
    }
    expect(new Set(tokens).size).to.equal(3);
  });

  it('let nobody in but by the whole token, as Bearer', async () => {
    await using opened = await apiWorld();
    const { world } = opened;
    const { token, certificateAuthority: ca } = await world.issue();
    const refused = [
      undefined,
      '',
      token,
      `Bearer ${token.slice(0, -1)}`,
      `Bearer ${token}x`,
      `Bearer ${token.toUpperCase()}`,
      `Bearer cwt_${randomBytes(32).toString('base64url')}`,
      `Bearer  ${token}`,
      `Basic ${Buffer.from(`x:${token}`).toString('base64')}`,
      `Token ${token}`,
    ];

    for (const value of refused) {
      const headers = value === undefined ? {} : { Authorization: value };
      const reply = await world.raw({ ca, path: '/version', headers });
      expect(reply.status, value).to.equal(401);
      expect(statusIn(reply)).to.deep.equal({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: 'Unauthorized',
        reason: 'Unauthorized',
        code: 401,
      });
    }
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      const headers = { Authorization: `${scheme} ${token}` };
      expect((await world.raw({ ca, path: '/version', headers })).status).to.equal(200);
    }
  });

  it('are kept as hashes only, over a restart', async () => {
    await using folder = await tempFolder();
    const first = await ApiWorld.open(folder.path);
    const issued = await first.issue({ role: 'admin', name: 'ops' });
    first.close();

    const bytes = await Promise.all(
      (await readdir(first.stateFolder)).map((name) =>
        readFile(join(first.stateFolder, name), 'latin1').catch(() => ''),
      ),
    );
    for (const text of bytes) expect(text).not.to.include(issued.token.slice(4));
    expect(first.log).not.to.include(issued.token.slice(4));

    const second = await ApiWorld.open(folder.path);
    expect((await second.call(issued, { path: '/version' })).status).to.equal(200);
    second.close();
  });

  it('end at once when they are revoked, with the watches that are open in their name', async () => {
    await using opened = await apiWorld();
    const { world } = opened;
    const [gone, stays] = [await world.issue({ role: 'view', name: 'gone' }), await world.issue()];
    const path = `${STATIC_ROUTES}?watch=true`;
    const watches = [gone, stays].map((issued) => {
      const ending = { done: false };
      void world.call(issued, { path }).then(({ status }) => {
        expect(status).to.equal(200);
        ending.done = true;
      });
      return ending;
    });
    await eventually(async () => {
      const text = await world.metrics.registry.metrics();
      expect(text).to.match(/verb="watch",resource="staticroutes",code="200"} 2/);
    });

    const reply = await world.local({ method: 'DELETE', path: `${CREDENTIALS_PATH}/gone` });

    expect(reply.status).to.equal(200);
    expect((await world.call(gone, { path: '/version' })).status).to.equal(401);
    await eventually(() => expect(watches[0]?.done).to.equal(true), { timeoutMs: 1_000 });
    expect(watches[1]?.done).to.equal(false);
    expect((await world.call(stays, { path: '/version' })).status).to.equal(200);
  });

  it('end by themselves at their time, also for watches that are open', async () => {
    const clock = new ManualClock(Date.now());
    await using opened = await apiWorld(clock);
    const { world } = opened;
    const expires = clock.now() + DAY_MS;
    const issued = await world.issue({ role: 'view', name: 'day', expires });
    const watch = world.call(issued, { path: `${STATIC_ROUTES}?watch=true` });
    await eventually(async () => {
      expect(await world.metrics.registry.metrics()).to.include('verb="watch"');
    });
    expect((await world.call(issued, { path: '/version' })).status).to.equal(200);

    clock.advance(DAY_MS);

    expect((await world.call(issued, { path: '/version' })).status).to.equal(401);
    expect((await watch).status).to.equal(200);
    expect(world.store.apiCredentials.list()).to.deep.equal([]);
  });

  it('are listed without anything secret, with when they were used last, within an hour', async () => {
    const clock = new ManualClock(Date.now());
    await using opened = await apiWorld(clock);
    const { world } = opened;
    const issued = await world.issue({ role: 'admin', name: 'ops', expires: clock.now() + DAY_MS });
    const list = async (): Promise<unknown> =>
      JSON.parse((await world.local({ path: CREDENTIALS_PATH })).text);
    const created = clock.now();
    const facts = { name: 'ops', role: 'admin', created, expires: created + DAY_MS };
    expect(await list()).to.deep.equal({ credentials: [facts] });

    await world.call(issued, { path: '/version' });
    clock.advance(HOUR_MS / 2);
    await world.call(issued, { path: '/version' });
    expect(await list()).to.deep.equal({ credentials: [{ ...facts, used: created }] });

    clock.advance(HOUR_MS);
    await world.call(issued, { path: '/version' });
    expect(await list()).to.deep.equal({ credentials: [{ ...facts, used: clock.now() }] });
  });

  it('of a name that is taken are refused, unless the former is to be replaced, which ends then', async () => {
    await using opened = await apiWorld();
    const { world } = opened;
    const former = await world.issue({ role: 'view', name: 'ops' });
    const order = { role: 'admin', name: 'ops' };
    const post = { method: 'POST', path: CREDENTIALS_PATH };

    const refused = await world.local({ ...post, body: order });
    expect([refused.status, statusIn(refused).reason]).to.deep.equal([409, 'AlreadyExists']);
    const replaced = await world.issue({ ...order, replace: true });

    expect((await world.call(former, { path: '/version' })).status).to.equal(401);
    expect((await world.call(replaced, { path: '/version' })).status).to.equal(200);
  });

  it('are refused for orders that make no sense, with a Status', async () => {
    await using opened = await apiWorld();
    const { world } = opened;
    const orders: readonly (readonly [object, number])[] = [
      [{}, 400],
      [{ role: 'root' }, 400],
      [{ role: 'view', name: 7 }, 400],
      [{ role: 'view', name: '' }, 422],
      [{ role: 'view', name: 'Ops' }, 422],
      [{ role: 'view', name: 'clearway:local' }, 422],
      [{ role: 'view', name: 'a'.repeat(64) }, 422],
      [{ role: 'view', expires: 'soon' }, 400],
      [{ role: 'view', expires: 1 }, 422],
      [[], 400],
    ];
    for (const [body, code] of orders) {
      const reply = await world.local({ method: 'POST', path: CREDENTIALS_PATH, body });
      expect([reply.status, statusIn(reply).code], JSON.stringify(body)).to.deep.equal([
        code,
        code,
      ]);
    }
    const missing = await world.local({ method: 'DELETE', path: `${CREDENTIALS_PATH}/nobody` });
    expect(missing.status).to.equal(404);
    const put = await world.local({ method: 'PUT', path: CREDENTIALS_PATH, body: {} });
    expect(put.status).to.equal(405);
  });

  it('are nothing that a caller with a token can see, make or end', async () => {
    await using opened = await apiWorld();
    const { world } = opened;
    const issued = await world.issue({ role: 'admin', name: 'ops' });
    const headers = { 'Content-Type': 'application/json' };

    for (const call of [
      { path: CREDENTIALS_PATH },
      { method: 'POST', path: CREDENTIALS_PATH, headers, body: '{"role":"admin"}' },
      { method: 'DELETE', path: `${CREDENTIALS_PATH}/ops` },
    ]) {
      expect((await world.call(issued, call)).status).to.be.oneOf([403, 404]);
    }
    expect(world.store.apiCredentials.list()).to.have.length(1);
  });

  it('that cannot be taken out of the store are void all the same', () => {
    const store = {
      list: () => [],
      change: ({ drop }: { readonly drop: readonly string[] }) => {
        if (drop.length > 0) throw new Error('the disk is full');
      },
      touch: () => undefined,
    };
    const logger = createLogger({ level: 'silent', destination: { write: () => undefined } });
    const clock = new ManualClock(1_000);
    const credentials = new Credentials({ store, clock, randomBytes, logger });
    const { token } = credentials.issue({ role: 'view', name: 'ops' });
    const caller = credentials.verify(token);

    expect(() => credentials.revoke('ops')).to.throw('the disk is full');

    expect(caller?.signal.aborted).to.equal(true);
    expect(credentials.verify(token)).to.equal(undefined);
  });
});
