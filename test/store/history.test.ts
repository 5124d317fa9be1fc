import { expect } from 'chai';
import { hasCode } from '../../src/errors.ts';
import type { WatchEvent } from '../../src/store/contract.ts';
import type { SqliteStore } from '../../src/store/sqlite-store.ts';
import { STORE_LIMITS } from '../../src/store/store-options.ts';
import { aStaticRoute } from '../support/resources.ts';
import { openStore } from '../support/sqlite.ts';
import { expectCode } from '../support/store-subject.ts';
import { tempFolder } from '../support/temp-folder.ts';

const LARGE = 250_000;

describe('the history of a SqliteStore', () => {
  it('remembers no more of a kind than its size, however large the objects are', async () => {
    await using temp = await tempFolder();
    const store = openStore(temp.path);
    const [start = '', ...versions] = await patchMany(store, 250);
    const reach = await reachOf(store, versions);

    await expectCode(firstAfter(store, start), 'RESOURCE_VERSION_EXPIRED');
    store.close();

    const fitting = Math.floor(STORE_LIMITS.historySize / LARGE);
    expect(reach).to.be.within(Math.floor(fitting * 0.7), fitting);
  }).timeout(20_000);

  it('counts what it let go as gone, and deletions as what they hold', async () => {
    await using temp = await tempFolder();
    const store = openStore(temp.path, { historySize: 10 * LARGE });
    const [start = ''] = await patchMany(store, 40);
    const versions = [];
    for (let number = 0; number < 20; number += 1) {
      await store.create(aLargeRoute('other', number));
      await store.delete('StaticRoute', 'other');
      versions.push((await store.list('StaticRoute')).resourceVersion);
    }
    const reach = await reachOf(store, versions);
    await expectCode(firstAfter(store, start), 'RESOURCE_VERSION_EXPIRED');
    store.close();

    expect(reach).to.be.within(3, 5);
  }).timeout(20_000);

  it('passes a watcher by that stopped reading, and goes on for one that reads', async () => {
    await using temp = await tempFolder();
    const store = openStore(temp.path, { historySize: 4 * LARGE });
    const { resourceVersion } = await store.list('StaticRoute');
    const abort = new AbortController();
    const slow = store.watch('StaticRoute', resourceVersion, abort.signal)[Symbol.asyncIterator]();
    const quick = store.watch('StaticRoute', resourceVersion, abort.signal)[Symbol.asyncIterator]();
    const read: string[] = [];
    const seen: (string | undefined)[] = [];
    await store.create(aLargeRoute('a', 0));
    await slow.next();
    seen.push(numberOf(await quick.next()));
    for (let number = 1; number < 12; number += 1) {
      await patch(store, number);
      read.push(String(number));
      seen.push(numberOf(await quick.next()));
    }

    await expectCode(slow.next(), 'RESOURCE_VERSION_EXPIRED');
    abort.abort();
    store.close();

    expect(seen).to.deep.equal(['0', ...read]);
  });

  it('keeps the newest change, even one that is larger than all of it may be', async () => {
    await using temp = await tempFolder();
    const store = openStore(temp.path, { historySize: LARGE / 2 });
    const versions = await patchMany(store, 3);
    const before = versions.at(-2) ?? '';

    const next = await firstAfter(store, before);
    store.close();

    expect(next).to.equal('3');
  });
});

function aLargeRoute(name: string, number: number): ReturnType<typeof aStaticRoute> {
  const draft = aStaticRoute(name);
  return { ...draft, metadata: { ...draft.metadata, annotations: annotations(number) } };
}

/** No two of them share what they hold. */
function annotations(number: number): Readonly<Record<string, string>> {
  const numbered = String(number);
  return { number: numbered, large: numbered.padEnd(LARGE, 'x') };
}

async function patch(store: SqliteStore, number: number): Promise<void> {
  const read = (await store.get('StaticRoute', 'a'))!;
  const metadata = { ...read.metadata, annotations: annotations(number) };
  await store.update<'StaticRoute'>({ ...read, metadata });
}

/** Makes a route and changes it: the version of the list before each of the changes, and the one after all. */
async function patchMany(store: SqliteStore, count: number): Promise<readonly string[]> {
  await store.create(aLargeRoute('a', 0));
  const versions = [(await store.list('StaticRoute')).resourceVersion];
  for (let number = 1; number <= count; number += 1) {
    await patch(store, number);
    versions.push((await store.list('StaticRoute')).resourceVersion);
  }
  return versions;
}

/** How many of these versions, all but the newest, a watch can begin at. */
async function reachOf(store: SqliteStore, versions: readonly string[]): Promise<number> {
  let reach = 0;
  for (const version of versions.slice(0, -1)) {
    try {
      await firstAfter(store, version);
      reach += 1;
    } catch (error) {
      if (!hasCode(error, 'RESOURCE_VERSION_EXPIRED')) throw error;
    }
  }
  return reach;
}

/** The number of the change after a version. */
async function firstAfter(store: SqliteStore, version: string): Promise<string | undefined> {
  const watching = store.watch('StaticRoute', version, AbortSignal.timeout(5_000));
  return numberOf(await watching[Symbol.asyncIterator]().next());
}

function numberOf({
  value,
}: IteratorResult<WatchEvent<'StaticRoute'>, unknown>): string | undefined {
  const event = value as WatchEvent<'StaticRoute'> | undefined;
  return event?.object.metadata.annotations?.['number'];
}
