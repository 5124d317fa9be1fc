import { expect } from 'chai';
import { ClearmlWorkers } from '../../src/clearml/workers.ts';
import { aClient } from './support/a-client.ts';
import { envelope, startStub } from './support/stub-server.ts';

const NEVER = new AbortController().signal;

describe('ClearmlWorkers', () => {
  it('gives the address of the worker that runs a task, and asks again after a while', async () => {
    const workers: unknown[] = [
      {
        task: { id: 'a' },
        ip: '127.0.0.1, 10.0.0.1, 10.0.0.2',
        last_activity_time: '2026-01-01T00:00:00+00:00',
      },
      { task: { id: 'b' }, ip: 'unknown, fe80::1,::ffff:10.0.0.3' },
      { task: { id: 'c' }, ip: '10.0.0.4', last_activity_time: '2026-01-01T00:00:02+00:00' },
      { task: { id: 'c' }, ip: '10.0.0.5', last_activity_time: '2026-01-01T00:00:01+00:00' },
      { ip: '10.0.0.6' },
      { task: { id: 'd' }, ip: 'evil host' },
      null,
    ];
    const stub = await startStub(({ path }) =>
      path.endsWith('workers.get_all') ? envelope({ workers }) : undefined,
    );
    const { client } = aClient(stub.url);
    let now = 0;
    const source = new ClearmlWorkers({
      caller: client,
      clock: { now: () => now },
      cacheMs: 5_000,
    });
    const addressOf = (task: string): Promise<string | undefined> => source.addressOf(task, NEVER);

    expect(await addressOf('a')).to.equal('10.0.0.1');
    expect(await addressOf('b')).to.equal('10.0.0.3');
    expect(await addressOf('c')).to.equal('10.0.0.4');
    expect(await addressOf('d')).to.equal(undefined);
    workers.push({ task: { id: 'd' }, ip: '10.0.0.7' });
    now = 4_999;
    expect(await addressOf('d')).to.equal(undefined);
    now = 5_000;
    expect(await addressOf('d')).to.equal('10.0.0.7');

    await client.close();
    await stub.close();
  });
});
