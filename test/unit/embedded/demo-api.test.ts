import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { runDemoApi, type DemoApiReady } from '../../../src/embedded/demo-api.ts';
import { eventually } from '../../support/eventually.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { USERS } from './an-api.ts';

describe('runDemoApi', () => {
  it('answers, says where it is in a file that only its owner reads, and ends on the signal', async () => {
    await using folder = await tempFolder();
    const readyFile = join(folder.path, 'ready.json');
    const seedFile = join(folder.path, 'seed.json');
    await writeFile(seedFile, JSON.stringify({ users: USERS, tasks: [{ name: 'first' }] }));
    const stop = new AbortController();
    const lines: string[] = [];
    const options = {
      host: '127.0.0.1',
      port: 0,
      featureSet: 'basic',
      seedFile,
      readyFile,
    } as const;

    const running = runDemoApi({ ...options, print: (line) => lines.push(line) }, stop.signal);
    await eventually(async () => expect((await stat(readyFile)).mode & 0o777).to.equal(0o600));
    const ready = JSON.parse(await readFile(readyFile, 'utf8')) as DemoApiReady;
    const answer = await fetch(`${ready.apiHost}/debug.ping`);
    stop.abort();
    await running;

    expect(answer.status).to.equal(200);
    expect(ready.users).to.deep.equal([
      { name: 'alice', password: 'alice-pass', accessKey: 'AK', secretKey: 'SK' },
    ]);
    expect(lines.join('\n')).to.contain(ready.apiHost);
  });

  it('refuses a seed without users', async () => {
    await using folder = await tempFolder();
    const seedFile = join(folder.path, 'seed.json');
    await writeFile(seedFile, '{"tasks": []}');
    const options = { host: '127.0.0.1', port: 0, featureSet: 'basic', seedFile } as const;

    let problem: unknown;
    await runDemoApi({ ...options, print: () => undefined }, new AbortController().signal).catch(
      (thrown: unknown) => (problem = thrown),
    );

    expect(problem).to.include({ code: 'SETTINGS_INVALID' });
  });
});
