import { expect } from 'chai';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { OperatorError } from '../../src/errors.ts';
import { STORE_FILE } from '../../src/store/database.ts';
import { aTaskRoute } from '../support/resources.ts';
import { openStore } from '../support/sqlite.ts';
import { tempFolder } from '../support/temp-folder.ts';

describe('openSqliteStore', () => {
  it('makes the folder and the file for its owner only, and leaves parents readable', async () => {
    await using temp = await tempFolder();
    const folder = join(temp.path, 'nginx', 'state');

    openStore(folder).close();

    expect(await modeOf(folder)).to.equal(0o700);
    expect(await modeOf(join(folder, STORE_FILE))).to.equal(0o600);
    await mkdir(join(temp.path, 'ordinary'));
    expect(await modeOf(dirname(folder))).to.equal(await modeOf(join(temp.path, 'ordinary')));
  });

  it('keeps resources, events and values over a restart', async () => {
    await using temp = await tempFolder();
    const first = openStore(temp.path);
    const created = await first.create(aTaskRoute('a.http'));
    await first.record({
      kind: 'TaskRoute',
      name: 'a.http',
      type: 'Normal',
      reason: 'R',
      message: 'm',
    });
    first.setMeta('instance', 'one');
    first.setMeta('instance', 'two');
    const { items: events } = await first.listEvents();
    first.close();

    const second = openStore(temp.path);

    expect(await second.get('TaskRoute', 'a.http')).to.deep.equal(created);
    expect((await second.listEvents()).items).to.deep.equal(events);
    expect(second.meta('instance')).to.equal('two');
    expect(second.meta('other')).to.equal(undefined);
    second.close();
  });

  it('starts its versions at the clock, and never goes back when the clock does', async () => {
    await using temp = await tempFolder();
    const first = openStore(temp.path, { now: () => 5_000 });
    await first.create(aTaskRoute('a.http'));
    await first.delete('TaskRoute', 'a.http');
    const { resourceVersion } = await first.list('TaskRoute');
    first.close();

    const second = openStore(temp.path, { now: () => 1_000 });
    const restarted = await second.list('TaskRoute');
    second.close();

    expect(Number(resourceVersion)).to.equal(5_002);
    expect(Number(restarted.resourceVersion)).to.be.greaterThan(5_002);
  });

  it('refuses watches from before a restart, and from versions that it never gave out', async () => {
    await using temp = await tempFolder();
    const first = openStore(temp.path);
    await first.create(aTaskRoute('a.http'));
    const { resourceVersion } = await first.list('TaskRoute');
    first.close();
    const second = openStore(temp.path);

    for (const version of [resourceVersion, '9999999999999999', '', '-1', '1e3', 'x']) {
      const watching = second.watch('TaskRoute', version, AbortSignal.timeout(1_000));
      const failure = await watching[Symbol.asyncIterator]()
        .next()
        .catch((error: unknown) => error);
      expect(failure).to.have.property('code', 'RESOURCE_VERSION_EXPIRED');
    }
    second.close();
  });

  it('keeps the objects of namespaces apart', async () => {
    await using temp = await tempFolder();
    const first = openStore(temp.path);
    await first.create(aTaskRoute('a.http'));
    first.close();
    const { openSqliteStore } = await import('../../src/store/sqlite-store.ts');

    const other = openSqliteStore({
      folder: temp.path,
      namespace: 'other',
      clock: { now: Date.now },
      newUid: () => crypto.randomUUID(),
    });

    expect((await other.list('TaskRoute')).items).to.deep.equal([]);
    expect((await other.create(aTaskRoute('a.http'))).metadata.namespace).to.equal('other');
    other.close();
  });

  it('lets one store in, and its folder go when it is closed', async () => {
    await using temp = await tempFolder();
    const store = openStore(temp.path);

    expect(refusal(temp.path)).to.include({ code: 'STORE_LOCKED', path: temp.path });
    await store.create(aTaskRoute('a.http'));
    expect(refusal(temp.path)).to.include({ code: 'STORE_LOCKED' });

    store.close();
    store.close();
    openStore(temp.path).close();
  });

  it('refuses a file that a newer version wrote, and leaves it as it is', async () => {
    await using temp = await tempFolder();
    openStore(temp.path).close();
    const path = join(temp.path, STORE_FILE);
    setPragma(path, 'user_version = 999');
    const before = await readFile(path);

    expect(refusal(temp.path)).to.include({ code: 'STORE_TOO_NEW', path });
    expect(await readFile(path)).to.deep.equal(before);
  });

  it('refuses a file of another program', async () => {
    await using temp = await tempFolder();
    setPragma(join(temp.path, STORE_FILE), 'user_version = 7');

    const found = refusal(temp.path);

    expect(found).to.include({
      code: 'STORE_UNUSABLE',
      problem: 'the file belongs to another program',
    });
  });

  it('refuses what is no database, and pages that are damaged', async () => {
    await using temp = await tempFolder();
    const path = join(temp.path, STORE_FILE);
    await writeFile(path, 'no database at all. '.repeat(500));
    expect(refusal(temp.path)).to.include({
      code: 'STORE_UNUSABLE',
      problem: 'the file is damaged',
      path,
    });

    await using other = await tempFolder();
    const store = openStore(other.path);
    for (let number = 0; number < 50; number += 1)
      await store.create(aTaskRoute(`route-${number}`));
    store.close();
    const damaged = join(other.path, STORE_FILE);
    const bytes = await readFile(damaged);
    bytes.fill(0xa5, 4096, bytes.length - 4096);
    await writeFile(damaged, bytes);
    expect(refusal(other.path)).to.include({
      code: 'STORE_UNUSABLE',
      problem: 'the file is damaged',
    });
  });

  it('refuses a folder that is a file, or below one, and names it', async () => {
    await using temp = await tempFolder();
    const file = join(temp.path, 'file');
    await writeFile(file, '');
    await mkdir(join(temp.path, 'occupied', STORE_FILE), { recursive: true });

    expect(refusal(file)).to.include({ code: 'STORE_UNUSABLE', path: file });
    expect(refusal(join(file, 'state'))).to.include({ code: 'STORE_UNUSABLE' });
    expect(refusal(join(temp.path, 'occupied'))).to.include({ code: 'STORE_UNUSABLE' });
  });
});

/** Code and details of the error that opening ends with. */
function refusal(folder: string): Readonly<Record<string, unknown>> {
  try {
    openStore(folder).close();
  } catch (error) {
    if (error instanceof OperatorError) {
      expect(error.details['hint']).to.be.a('string').that.is.not.empty;
      return { code: error.code, ...error.details };
    }
    throw error;
  }
  return { code: 'none' };
}

function setPragma(path: string, pragma: string): void {
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA ${pragma}`);
  database.close();
}

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}
