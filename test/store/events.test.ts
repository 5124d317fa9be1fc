import { expect } from 'chai';
import type { EventRecord } from '../../src/store/contract.ts';
import { aTaskRoute } from '../support/resources.ts';
import { openStore } from '../support/sqlite.ts';
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

    const events = await store.listEvents();
    store.close();

    expect(events.map(({ message, count }) => [message, count])).to.deep.equal([
      ['Something else.', 1],
      ['The address is published.', 2],
    ]);
    expect(events[1]).to.include({
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

    const counts = (await store.listEvents()).map(({ count }) => count);
    store.close();

    expect(counts).to.deep.equal([1, 1]);
  });

  it('keeps the newest ones only', async () => {
    await using temp = await tempFolder();
    const store = openStore(temp.path, { events: 3 });
    for (const message of ['1', '2', '3', '4', '5']) await store.record(anEvent({ message }));

    const messages = (await store.listEvents()).map(({ message }) => message);
    store.close();

    expect(messages).to.deep.equal(['3', '4', '5']);
  });

  it('names the very object that an event is about, also after its deletion', async () => {
    await using temp = await tempFolder();
    const store = openStore(temp.path);
    const { metadata } = await store.create(aTaskRoute('a.http'));
    await store.record(anEvent());
    await store.delete('TaskRoute', 'a.http');
    await store.record(anEvent({ reason: 'TaskEnded' }));
    await store.record(anEvent({ name: 'never.http' }));

    const uids = (await store.listEvents()).map(({ uid }) => uid);
    store.close();

    expect(uids).to.deep.equal([metadata.uid, metadata.uid, '']);
  });

  it('cuts long messages', async () => {
    await using temp = await tempFolder();
    const store = openStore(temp.path);
    await store.record(anEvent({ message: 'x'.repeat(5_000) }));

    const [event] = await store.listEvents();
    store.close();

    expect(event?.message).to.have.length(1_024);
  });
});
