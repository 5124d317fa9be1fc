import { expect } from 'chai';
import type { TaskRoute } from '../../src/resources/kinds.ts';
import { Informer } from '../../src/store/informer.ts';
import { realClock } from '../support/clocks.ts';
import { eventually } from '../support/eventually.ts';
import { aTaskRoute } from '../support/resources.ts';
import { openStore } from '../support/sqlite.ts';
import { tempFolder } from '../support/temp-folder.ts';

describe('the objects of a SqliteStore', () => {
  it('are one reference for all who read, list, watch and follow, while they are unchanged', async () => {
    await using temp = await tempFolder();
    const store = openStore(temp.path);
    const { resourceVersion } = await store.list('TaskRoute');
    const created = await store.create(aTaskRoute('a.http'));
    const stop = new AbortController();
    const informer = new Informer({
      store,
      kind: 'TaskRoute',
      clock: realClock,
      onError: () => undefined,
    });
    const running = informer.run(stop.signal);
    await informer.synced;

    const status = { externalPort: 1 };
    const reported = await store.updateStatus<'TaskRoute'>({ ...created, status });
    const again = await store.updateStatus<'TaskRoute'>({ ...reported, status: { ...status } });
    await eventually(() => expect(informer.get('a.http')).to.equal(reported));

    expect(again).to.equal(reported);
    expect(await store.get('TaskRoute', 'a.http')).to.equal(reported);
    const { items } = await store.list('TaskRoute');
    expect(items[0]).to.equal(reported);
    expect((await store.list('TaskRoute')).items).to.equal(items);
    const [added, modified] = await readTwo(store.watch('TaskRoute', resourceVersion, stop.signal));
    expect(added?.object).to.equal(created);
    expect(modified?.object).to.equal(reported);
    expect(modified?.previous).to.equal(created);
    expect(reported.spec, 'the spec that did not change').to.equal(created.spec);
    stop.abort();
    await running;
    store.close();
  });

  it('are the same after a restart as before, key by key', async () => {
    await using temp = await tempFolder();
    const first = openStore(temp.path);
    const created = await first.create({
      ...aTaskRoute('a.http'),
      metadata: { name: 'a.http', labels: { b: '1', a: '2' }, annotations: { z: '', y: '' } },
    });
    await first.updateStatus<'TaskRoute'>({ ...created, status: { externalPort: 1 } });
    await first.create(aTaskRoute('b.http'));
    const before = (await first.list('TaskRoute')).items;
    first.close();

    const second = openStore(temp.path);
    const after = (await second.list('TaskRoute')).items;
    second.close();

    expect(after).to.deep.equal(before);
    for (const [index, { spec }] of before.entries()) {
      expect(JSON.stringify(after[index]?.spec)).to.equal(JSON.stringify(spec));
    }
  });

  it('stay in the order of names, whatever comes and goes', async () => {
    await using temp = await tempFolder();
    const store = openStore(temp.path);
    const names = async (): Promise<string[]> =>
      (await store.list('TaskRoute')).items.map((route: TaskRoute) => route.metadata.name);
    for (const name of ['c', 'a', 'd']) await store.create(aTaskRoute(name));
    expect(await names()).to.deep.equal(['a', 'c', 'd']);
    await store.create(aTaskRoute('b'));
    await store.delete('TaskRoute', 'c');
    expect(await names()).to.deep.equal(['a', 'b', 'd']);
    await store.create(aTaskRoute('c'));
    expect(await names()).to.deep.equal(['a', 'b', 'c', 'd']);
    store.close();
  });
});

async function readTwo<T>(events: AsyncIterable<T>): Promise<T[]> {
  const seen: T[] = [];
  for await (const event of events) {
    seen.push(event);
    if (seen.length === 2) break;
  }
  return seen;
}
