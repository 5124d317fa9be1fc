import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aTaskRoute } from '../support/resources.ts';
import { openStore } from '../support/sqlite.ts';
import { describeStore } from '../support/store-spec.ts';

const HISTORY = 100;

describeStore('SqliteStore', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'clearway-store-'));
  const store = openStore(folder, { history: HISTORY });
  return {
    store,
    expireHistory: async () => {
      for (let count = 0; count < HISTORY; count += 1) {
        await store.create(aTaskRoute('filler'));
        await store.delete('TaskRoute', 'filler');
      }
    },
    close: async () => {
      store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
});
