import { expect } from 'chai';
import { openDatabase } from '../../src/store/database.ts';
import { SqliteStore } from '../../src/store/sqlite-store.ts';
import { flushingDisk } from '../support/flushing-disk.ts';
import { aStaticRoute, aTaskRoute } from '../support/resources.ts';
import { openStore } from '../support/sqlite.ts';
import { tempFolder } from '../support/temp-folder.ts';

describe('SqliteStore and a power cut', () => {
  it('keeps what people wrote and deleted, from the moment of the answer', async function () {
    await using disk = await flushingDisk(this);
    const store = openStore(disk.path);
    const closed = await store.create(aStaticRoute('closed', { access: 'public' }));
    const gone = await store.create(aStaticRoute('gone'));
    const created = await found(await disk.afterPowerCut());
    const metadata = { ...closed.metadata, labels: { team: 'a' } };
    await store.update<'StaticRoute'>({
      ...closed,
      metadata,
      spec: { ...closed.spec, enabled: false },
    });
    const updated = await found(await disk.afterPowerCut());
    await store.delete('StaticRoute', gone.metadata.name);
    const deleted = await found(await disk.afterPowerCut());
    store.setMeta('key', 'value');
    const kept = openStore(await disk.afterPowerCut());
    const value = kept.meta('key');
    kept.close();
    store.close();

    expect(created).to.deep.equal({ closed: [true, undefined], gone: [true, undefined] });
    expect(updated).to.deep.equal({ closed: [false, 'a'], gone: [true, undefined] });
    expect(deleted).to.deep.equal({ closed: [false, 'a'] });
    expect(value).to.equal('value');
  }).timeout(20_000);

  it('waits for the disk when people write, and never for what is found again', async () => {
    await using temp = await tempFolder();
    const opened = openDatabase(temp.path);
    const store = new SqliteStore(opened, {
      folder: temp.path,
      namespace: 'default',
      clock: { now: Date.now },
      newUid: () => crypto.randomUUID(),
    });
    const seen: string[] = [];
    opened.database.function('saw', (act, kind) => {
      const mode = opened.database.prepare('PRAGMA synchronous').get()?.['synchronous'];
      seen.push(`${String(act)} ${String(kind)} ${mode === 2 ? 'waits' : 'goes on'}`);
      return null;
    });
    for (const act of ['INSERT', 'UPDATE', 'DELETE']) {
      const row = act === 'DELETE' ? 'OLD' : 'NEW';
      opened.database.exec(
        `CREATE TEMP TRIGGER on_${act} AFTER ${act} ON resource BEGIN SELECT saw('${act}', ${row}.kind); END`,
      );
    }
    const address = await store.create(aStaticRoute('a'));
    const disabled = { ...address, spec: { ...address.spec, enabled: false } };
    const changed = await store.update<'StaticRoute'>(disabled);
    await store.updateStatus<'StaticRoute'>({ ...changed, status: { observedGeneration: 2 } });
    await store.delete('StaticRoute', 'a');
    const route = await store.create(aTaskRoute('b'));
    await store.updateStatus<'TaskRoute'>({ ...route, status: { externalPort: 1 } });
    await store.delete('TaskRoute', 'b');
    store.close();

    expect(seen).to.deep.equal([
      'INSERT StaticRoute waits',
      'UPDATE StaticRoute waits',
      'UPDATE StaticRoute goes on',
      'DELETE StaticRoute waits',
      'INSERT TaskRoute goes on',
      'UPDATE TaskRoute goes on',
      'DELETE TaskRoute goes on',
    ]);
  });
});

/** The StaticRoutes of a store: whether each is enabled, and its label. */
async function found(folder: string): Promise<Readonly<Record<string, unknown>>> {
  const store = openStore(folder);
  const { items } = await store.list('StaticRoute');
  store.close();
  return Object.fromEntries(
    items.map(({ metadata, spec }) => [metadata.name, [spec.enabled, metadata.labels?.['team']]]),
  );
}
