import { expect } from 'chai';
import fc from 'fast-check';
import { cp, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OperatorError } from '../../src/errors.ts';
import { STORE_FILE } from '../../src/store/database.ts';
import type { SqliteStore } from '../../src/store/sqlite-store.ts';
import { aTaskRoute } from '../support/resources.ts';
import { openStore } from '../support/sqlite.ts';
import { tempFolder } from '../support/temp-folder.ts';

const ROUTES = 60;

describe('SqliteStore and a damaged file', () => {
  it('refuses a file that was cut off, at whatever place', async () => {
    await using temp = await tempFolder();
    const path = await makeStore(temp.path);
    const whole = await readFile(path);

    for (const length of [
      0,
      1,
      99,
      100,
      512,
      4095,
      4096,
      8192,
      whole.length - 4096,
      whole.length - 1,
    ]) {
      await writeFile(path, whole);
      await truncate(path, length);
      const found = refusal(temp.path);
      expect(found, String(length)).to.include({ code: 'STORE_UNUSABLE', path });
      expect(found['problem']).to.equal(length === 0 ? 'the file is empty' : 'the file is damaged');
      expect(found['hint']).to.contain('move the file away');
    }
  });

  it('refuses an empty file beside a log, instead of beginning anew over it', async () => {
    await using temp = await tempFolder();
    const copy = await makeKilled(temp.path);
    await truncate(join(copy, STORE_FILE), 0);

    expect(refusal(copy)).to.include({ code: 'STORE_UNUSABLE', problem: 'the file is empty' });
  });

  it('refuses, or serves what can be read, wherever bytes were overwritten', async () => {
    await using temp = await tempFolder();
    const path = await makeStore(temp.path);
    const whole = await readFile(path);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(whole.length - 1),
        fc.uint8Array({ minLength: 1, maxLength: 600 }),
        async (at, bytes) => {
          const damaged = Buffer.from(whole);
          damaged.set(bytes.subarray(0, whole.length - at), at);
          await writeFile(path, damaged);
          const { code, hint } = refusal(temp.path);
          expect(code).to.be.oneOf(['none', 'STORE_UNUSABLE', 'STORE_TOO_NEW']);
          if (code !== 'none') expect(hint).to.be.a('string').that.is.not.empty;
        },
      ),
      { numRuns: 60 },
    );
  });

  it('refuses a log whose header is damaged, instead of losing all that is in it', async () => {
    await using temp = await tempFolder();
    const copy = await makeKilled(temp.path);
    const log = join(copy, `${STORE_FILE}-wal`);
    const before = await readFile(log);
    await overwrite(log, 9);

    const found = refusal(copy);
    expect(found).to.include({ code: 'STORE_UNUSABLE', path: log });
    expect(found['hint']).to.contain('move the file away');
    await writeFile(log, before);
    expect(await routesIn(copy)).to.have.length(ROUTES);
  });

  it('goes back to the last good change when the log is damaged behind it, and says so', async () => {
    await using temp = await tempFolder();
    const copy = await makeKilled(temp.path);
    const log = join(copy, `${STORE_FILE}-wal`);
    await overwrite(log, Math.floor((await readFile(log)).length / 2));

    const store = openStore(copy, { now: () => 1 });
    const names = await routesOf(store);
    expect(store.hasLostChanges).to.equal(true);
    store.close();

    expect(names.length).to.be.within(1, ROUTES - 1);
    const all = Array.from({ length: ROUTES }, (_, number) => nameOf(number));
    expect(names).to.deep.equal(all.slice(0, names.length));
    const again = openStore(copy);
    expect(again.hasLostChanges).to.equal(false);
    again.close();
  });

  it('takes a log whose last frame is torn for what a kill leaves', async () => {
    await using temp = await tempFolder();
    const copy = await makeKilled(temp.path);
    const log = join(copy, `${STORE_FILE}-wal`);
    await truncate(log, (await readFile(log)).length - 100);

    const store = openStore(copy);
    expect(store.hasLostChanges).to.equal(false);
    expect((await routesOf(store)).length).to.be.within(ROUTES - 1, ROUTES);
    store.close();
  });
});

function nameOf(number: number): string {
  return `route-${String(number).padStart(3, '0')}`;
}

/** A file that was closed in peace. */
async function makeStore(folder: string): Promise<string> {
  const store = openStore(folder);
  for (let number = 0; number < ROUTES; number += 1) await store.create(aTaskRoute(nameOf(number)));
  store.close();
  return join(folder, STORE_FILE);
}

/** What a router that is killed leaves: the file, and a log that holds everything. Gives its folder. */
async function makeKilled(folder: string): Promise<string> {
  const [live, copy] = [join(folder, 'live'), join(folder, 'copy')];
  const store = openStore(live);
  for (let number = 0; number < ROUTES; number += 1) await store.create(aTaskRoute(nameOf(number)));
  await cp(live, copy, { recursive: true });
  store.close();
  return copy;
}

async function overwrite(path: string, at: number): Promise<void> {
  const bytes = await readFile(path);
  bytes.fill(0xa5, at, at + 8);
  await writeFile(path, bytes);
}

async function routesIn(folder: string): Promise<readonly string[]> {
  const store = openStore(folder);
  const names = await routesOf(store);
  store.close();
  return names;
}

async function routesOf(store: SqliteStore): Promise<readonly string[]> {
  return (await store.list('TaskRoute')).items.map(({ metadata }) => metadata.name);
}

function refusal(folder: string): Readonly<Record<string, unknown>> {
  try {
    openStore(folder).close();
  } catch (error) {
    if (error instanceof OperatorError) return { code: error.code, ...error.details };
    throw error;
  }
  return { code: 'none' };
}
