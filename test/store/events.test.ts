import { expect } from 'chai';
import type { EventRecord } from '../../src/store/contract.ts';
import { aTaskRoute } from '../support/resources.ts';
import { openStore } from '../support/sqlite.ts';
import { expectCode } from '../support/store-subject.ts';
import { tempFolder } from '../support/temp-folder.ts';

const START = Date.UTC(2026, 0, 1);

function anEvent(overrides: Partial<EventRecord> = {}): EventRecord {
  return {
    kind: 'TaskRoute',
    name: 'a.http',
    type: 'Normal',
    reason: 'Published',
    message: 'The address is published.',
    ...overrides,
  };
}

describe('SqliteStore as an EventStore', () => {
  it('counts equal events, with the first and the last time', async () => {
    await using temp = await tempFolder();
    let now = START;
    const store = openStore(temp.path, { now: () => now });
    await store.record(anEvent());
    now += 60_000;
    await store.record(anEvent({ message: 'Something else.' }));
    await store.record(anEvent());

    const { items: events } = await store.listEvents();
    store.close();

    expect(events.map(({ message, count }) => [message, count])).to.deep.equal([
      ['The address is published.', 2],
      ['Something else.', 1],
    ]);
    expect(events[0]).to.include({
      firstTime: '2026-01-01T00:00:00Z',
      lastTime: '2026-01-01T00:01:00Z',
    });
  });

  it('begins anew when the last equal one is long past', async () => {
    await using temp = await tempFolder();
    let now = START;
    const store = openStore(temp.path, { now: () => now, eventWindow: 60_000 });
    await store.record(anEvent());
    now += 60_001;
    await store.record(anEvent());

    const counts = (await store.listEvents()).items.map(({ count }) => count);
    store.close();

    expect(counts).to.deep.equal([1, 1]);
  });

  it('keeps the newest ones only', async () => {
    await using temp = await tempFolder();
    const store = openStore(temp.path, { events: 3 });
    for (const message of ['1', '2', '3', '4', '5']) await store.record(anEvent({ message }));

    const messages = (await store.listEvents()).items.map(({ message }) => message);
    store.close();

    expect(messages).to.deep.equal(['3', '4', '5']);
  });

  it('pushes no warning out, whatever becomes of all routes', async () => {
    await using temp = await tempFolder();
    const store = openStore(temp.path, { events: 3 });
    await store.record(anEvent({ type: 'Warning', name: 'w.http', reason: 'NoAnswerYet' }));
    for (let number = 0; number < 10; number += 1) {
      await store.record(anEvent({ name: `${number}.http` }));
    }
    const before = await store.listEvents();
    store.close();
    const again = openStore(temp.path, { events: 3 });
    const after = await again.listEvents();
    again.close();

    const names = before.items.map(({ name }) => name);
    expect(names).to.deep.equal(['7.http', '8.http', '9.http', 'w.http']);
    expect(after.items).to.deep.equal(before.items);
  });

  it('keeps a few of each object, so one that never rests pushes out its own', async () => {
    await using temp = await tempFolder();
    const store = openStore(temp.path, { events: 6, eventsOfObject: 2 });
    await store.record(anEvent({ name: 'calm.http' }));
    for (let number = 0; number < 20; number += 1) {
      await store.record(anEvent({ message: String(number) }));
    }
    const kept = (await store.listEvents()).items.map(({ name, message }) => `${name} ${message}`);
    store.close();

    expect(kept).to.deep.equal(['a.http 18', 'a.http 19', 'calm.http The address is published.']);
  });

  it('lets those go first that were not said for the longest time, also after a restart', async () => {
    await using temp = await tempFolder();
    const first = openStore(temp.path, { events: 2 });
    for (const message of ['1', '2', '1', '3']) await first.record(anEvent({ message }));
    const before = (await first.listEvents()).items.map(({ message }) => message);
    await first.record(anEvent({ message: '1' }));
    first.close();
    const second = openStore(temp.path, { events: 2 });
    await second.record(anEvent({ message: '4' }));
    const after = (await second.listEvents()).items.map(({ message }) => message);
    second.close();

    expect(before).to.deep.equal(['1', '3']);
    expect(after).to.deep.equal(['1', '4']);
  });

  it('keeps fewer where they are long', async () => {
    await using temp = await tempFolder();
    const store = openStore(temp.path, { eventsSize: 5_000 });
    for (let number = 0; number < 20; number += 1) {
      const message = String(number).padEnd(1_000, 'x');
      await store.record(anEvent({ name: `${number}.http`, message }));
    }
    const kept = (await store.listEvents()).items.map(({ name }) => name);
    store.close();

    expect(kept).to.deep.equal(['16.http', '17.http', '18.http', '19.http']);
  });

  it('keeps two turns of each of 10,000 routes', async () => {
    await using temp = await tempFolder();
    const store = openStore(temp.path);
    for (let number = 0; number < 20_000; number += 1) {
      await store.record(anEvent({ name: `${number % 10_000}.http`, message: String(number) }));
    }
    const kept = (await store.listEvents()).items.length;
    store.close();

    expect(kept).to.equal(20_000);
  }).timeout(20_000);

  it('names the very object that an event is about, also after its deletion', async () => {
    await using temp = await tempFolder();
    const store = openStore(temp.path);
    const { metadata } = await store.create(aTaskRoute('a.http'));
    await store.record(anEvent());
    await store.delete('TaskRoute', 'a.http');
    await store.record(anEvent({ reason: 'TaskEnded' }));
    await store.record(anEvent({ name: 'never.http' }));

    const uids = (await store.listEvents()).items.map(({ uid }) => uid);
    store.close();

    expect(uids).to.deep.equal([metadata.uid, metadata.uid, '']);
  });

  it('names an event once, and gives it a version at every change', async () => {
    await using temp = await tempFolder();
    const first = openStore(temp.path);
    await first.record(anEvent());
    const [made] = (await first.listEvents()).items;
    await first.record(anEvent());
    const { items, resourceVersion } = await first.listEvents();
    first.close();
    const second = openStore(temp.path);
    const [kept] = (await second.listEvents()).items;
    second.close();

    expect(made?.eventName).to.match(/^a\.http\.[0-9a-f]+$/);
    expect(made?.eventUid).to.match(/^[0-9a-f-]{36}$/);
    expect(items).to.have.length(1);
    expect(items[0]).to.include({ eventName: made?.eventName, eventUid: made?.eventUid, count: 2 });
    expect(Number(items[0]?.resourceVersion)).to.be.greaterThan(Number(made?.resourceVersion));
    expect(resourceVersion).to.equal(items[0]?.resourceVersion);
    expect(kept).to.deep.equal(items[0]);
  });

  it('counts nothing of an object to another one of the same name', async () => {
    await using temp = await tempFolder();
    const store = openStore(temp.path);
    const before = await store.create(aTaskRoute('a.http'));
    await store.record(anEvent());
    await store.delete('TaskRoute', 'a.http');
    const after = await store.create(aTaskRoute('a.http'));
    await store.record(anEvent());

    const uids = (await store.listEvents()).items.map(({ uid }) => uid);
    store.close();

    expect(uids).to.deep.equal([before.metadata.uid, after.metadata.uid]);
  });

  it('tells watchers what comes, repeats and falls out of the ring', async () => {
    await using temp = await tempFolder();
    const store = openStore(temp.path, { events: 2 });
    const { resourceVersion } = await store.listEvents();
    for (const message of ['1', '1', '2', '3']) await store.record(anEvent({ message }));
    const abort = new AbortController();
    const seen: string[] = [];
    const versions: number[] = [];
    for await (const change of store.watchEvents(resourceVersion, abort.signal)) {
      const { type, object, previous } = change;
      seen.push(`${type} ${object.message} ${object.count} ${previous?.count ?? '-'}`);
      versions.push(Number(object.resourceVersion));
      if (seen.length === 5) abort.abort();
    }

    expect(seen).to.deep.equal([
      'added 1 1 -',
      'modified 1 2 1',
      'added 2 1 -',
      'deleted 1 2 -',
      'added 3 1 -',
    ]);
    expect(versions).to.deep.equal([...new Set(versions)].toSorted((a, b) => a - b));
    expect((await store.listEvents()).resourceVersion).to.equal(String(versions.at(-1)));
    const late = store.watchEvents(String(versions[2]), AbortSignal.timeout(5_000));
    const next = await late[Symbol.asyncIterator]().next();
    expect(next.value).to.have.property('type', 'deleted');
    store.close();
  });

  it('refuses a watch of events from before a restart', async () => {
    await using temp = await tempFolder();
    const first = openStore(temp.path);
    await first.record(anEvent());
    const { resourceVersion } = await first.listEvents();
    first.close();
    const second = openStore(temp.path);

    const watching = second.watchEvents(resourceVersion, AbortSignal.timeout(1_000));
    await expectCode(watching[Symbol.asyncIterator]().next(), 'RESOURCE_VERSION_EXPIRED');
    second.close();
  });

  it('keeps to a ring that became shorter', async () => {
    await using temp = await tempFolder();
    const first = openStore(temp.path, { events: 10 });
    for (const message of ['1', '2', '3', '4', '5']) await first.record(anEvent({ message }));
    first.close();
    const second = openStore(temp.path, { events: 2 });
    const kept = (await second.listEvents()).items.map(({ message }) => message);
    await second.record(anEvent({ message: '6' }));
    const then = (await second.listEvents()).items.map(({ message }) => message);
    second.close();

    expect(kept).to.deep.equal(['4', '5']);
    expect(then).to.deep.equal(['5', '6']);
  });

  it('cuts long messages', async () => {
    await using temp = await tempFolder();
    const store = openStore(temp.path);
    await store.record(anEvent({ message: 'x'.repeat(5_000) }));

    const [event] = (await store.listEvents()).items;
    store.close();

    expect(event?.message).to.have.length(1_024);
  });
});
