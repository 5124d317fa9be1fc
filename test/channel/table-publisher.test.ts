import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { pino } from 'pino';
import { nginxFolder, prepareFolder, type NginxFolder } from '../../src/proxy/folder.ts';
import { TablePublisher } from '../../src/proxy/table-publisher.ts';
import { ManualClock } from '../support/clocks.ts';
import { aTable } from '../support/route-tables.ts';
import { tempFolder } from '../support/temp-folder.ts';

const START = 1_700_000_000_000;

async function publisherIn(folder: NginxFolder): Promise<TablePublisher> {
  await prepareFolder(folder);
  const logger = pino({ level: 'silent' });
  const publisher = new TablePublisher({
    folder,
    clock: new ManualClock(START),
    logger,
    decisionMs: 900_000,
  });
  await publisher.restore();
  return publisher;
}

describe('TablePublisher', () => {
  it('never publishes below a worker that came forward while a change was written', async () => {
    await using temp = await tempFolder();
    const folder = nginxFolder(temp.path);
    const publisher = await publisherIn(folder);
    await publisher.apply(aTable('a'));

    const applied = publisher.apply(aTable('b'));
    // One turn of the loop: the write has begun, and its files need more turns than that.
    await new Promise((resolve) => setImmediate(resolve));
    publisher.raiseAbove(START + 900);

    expect(await applied).to.be.greaterThan(START + 900);
    expect(publisher.generation).to.equal(await applied);
    expect(await readFile(folder.snapshot, 'utf8')).to.include(`"generation":${await applied},`);
    await publisher.close();
  });

  it('publishes above a worker that started from a snapshot whose change failed later', async () => {
    await using temp = await tempFolder();
    const publisher = await publisherIn(nginxFolder(temp.path));
    const before = await publisher.apply(aTable('a'));
    const broken = {
      ...aTable('b'),
      tcp: { nonsense: { route: 'r', task: 't', upstream: '127.0.0.1:1' } },
    };
    await publisher.apply(broken).catch(() => undefined);
    expect(publisher.generation).to.equal(before);

    publisher.raiseAbove(before + 1);
    await publisher.nextPublication(AbortSignal.timeout(5_000));

    expect(publisher.generation).to.be.greaterThan(before + 1);
    await publisher.close();
  });
});
