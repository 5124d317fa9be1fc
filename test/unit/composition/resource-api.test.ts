import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { openStore } from '../../support/sqlite.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { ManualClock } from '../../support/clocks.ts';
import { serveResourceApi } from '../../../src/composition/resource-api.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';
import { someSettings } from '../../support/some-settings.ts';
import { eventually } from '../../support/eventually.ts';

describe('serveResourceApi', () => {
  it('serves callers although the path of the state folder is too long for a socket', async () => {
    await using folder = await tempFolder();
    const store = openStore(join(folder.path, 'store'));
    const long = join(folder.path, 'x'.repeat(120));
    await Promise.all([mkdir(long), mkdir(join(folder.path, 'nginx'))]);
    const stop = new AbortController();
    let log = '';
    const destination = { write: (line: string) => void (log += line) };

    await serveResourceApi(
      {
        settings: someSettings({ folders: { nginx: join(folder.path, 'nginx'), state: long } }),
        version: '1',
        random: () => 0,
        newUid: () => 'uid',
        clock: new ManualClock(Date.now()),
        logger: createLogger({ level: 'info', destination }),
        metrics: createMetrics(),
        store,
      },
      stop.signal,
    );

    expect(log).to.include('there is no control socket').and.to.include('use a shorter folder');
    expect(log).to.include('resource API is served');
    stop.abort();
    store.close();
  });

  it('tries again when it could not start', async () => {
    await using folder = await tempFolder();
    const store = openStore(join(folder.path, 'store'));
    const clock = new ManualClock(Date.now());
    const stop = new AbortController();
    let log = '';
    const destination = { write: (line: string) => void (log += line) };
    const nginx = join(folder.path, 'nginx');
    const serving = serveResourceApi(
      {
        settings: someSettings({ folders: { nginx, state: folder.path } }),
        version: '1',
        random: () => 0,
        newUid: () => 'uid',
        clock,
        logger: createLogger({ level: 'info', destination }),
        metrics: createMetrics(),
        store,
      },
      stop.signal,
    );
    await eventually(() => expect(log).to.include('the resource API is not served; routes are'));
    await mkdir(nginx);
    await eventually(() => expect(clock.sleeping).to.equal(1));

    clock.advance(30_000);

    await serving;
    expect(log).to.include('resource API is served');
    stop.abort();
    store.close();
  });
});
