import { expect } from 'chai';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { OperatorError } from '../../src/errors.ts';
import { STORE_FILE } from '../../src/store/database.ts';
import { aTaskRoute } from '../support/resources.ts';
import { smallDisk } from '../support/small-disk.ts';
import { openStore } from '../support/sqlite.ts';

describe('SqliteStore and its disk', () => {
  it('refuses to start on a full disk, names it, and starts when there is space', async function () {
    await using disk = await smallDisk(this, 1);
    await disk.fill();
    const folder = join(disk.path, 'state');

    const found = await refusal(() => openStore(folder).close());
    expect(found).to.include({ code: 'STORE_UNUSABLE', problem: 'the disk is full' });
    expect(found['path']).to.be.a('string').that.contains(folder);
    expect(found['hint']).to.contain('Free space');
    expect(existsSync(join(folder, STORE_FILE))).to.equal(false);

    await disk.free();
    openStore(folder).close();
  });

  it('refuses writes while the disk is full, reads on, says so, and recovers', async function () {
    await using disk = await smallDisk(this, 4);
    const folder = join(disk.path, 'state');
    const store = openStore(folder);
    const first = await store.create(aTaskRoute('first'));
    await disk.fill();

    const failed = await refusal(() => createMany(store, 'late', 2_000));
    const before = (await store.list('TaskRoute')).items;
    const event = {
      kind: 'TaskRoute',
      name: 'first',
      type: 'Normal',
      reason: 'R',
      message: 'm',
    } as const;
    const lost = await refusal(() => store.record(event));

    expect(failed).to.include({
      code: 'STORE_WRITE_FAILED',
      problem: 'the disk is full',
      path: join(folder, STORE_FILE),
    });
    expect(failed['hint']).to.contain('Free space');
    expect(lost).to.include({ code: 'STORE_WRITE_FAILED' });
    expect(store.writeProblem).to.have.property('code', 'STORE_WRITE_FAILED');
    expect(await store.get('TaskRoute', 'first')).to.equal(first);

    await disk.free();
    const { resourceVersion } = await store
      .create(aTaskRoute('after'))
      .then(({ metadata }) => metadata);
    expect(store.writeProblem).to.equal(undefined);
    store.close();
    const again = openStore(folder);
    const after = (await again.list('TaskRoute')).items.map(({ metadata }) => metadata.name);
    expect(after).to.have.members([...before.map(({ metadata }) => metadata.name), 'after']);
    expect(Number((await again.list('TaskRoute')).resourceVersion)).to.be.greaterThan(
      Number(resourceVersion),
    );
    again.close();
  });

  it('keeps what it had when a full disk was killed under it', async function () {
    await using disk = await smallDisk(this, 4);
    const folder = join(disk.path, 'state');
    const store = openStore(folder);
    await disk.fill(64 * 1024);
    await refusal(() => createMany(store, 'route', 2_000));
    const before = (await store.list('TaskRoute')).items;
    store.close();
    await disk.free();

    const again = openStore(folder);
    expect((await again.list('TaskRoute')).items).to.deep.equal(before);
    again.close();
  });

  it('refuses a folder on a file system that is read-only', async function () {
    await using disk = await smallDisk(this, 1);
    const [empty, used] = [join(disk.path, 'empty'), join(disk.path, 'used')];
    await mkdir(empty);
    openStore(used).close();
    await disk.setReadOnly(true);

    for (const folder of [empty, used, join(disk.path, 'none')]) {
      const found = await refusal(() => openStore(folder).close());
      expect(found, folder).to.include({
        code: 'STORE_UNUSABLE',
        problem: 'the file system is read-only',
      });
      expect(found['path']).to.be.a('string').that.contains(folder);
      expect(found['hint']).to.contain('writable');
    }
    await disk.setReadOnly(false);
    openStore(used).close();
  });
});

async function createMany(
  store: ReturnType<typeof openStore>,
  name: string,
  count: number,
): Promise<void> {
  for (let number = 0; number < count; number += 1) {
    await store.create(aTaskRoute(`${name}-${number}`));
  }
}

/** Code and details of the error that the work ends with. */
async function refusal(
  work: () => unknown,
): Promise<Readonly<Record<string, unknown>> & { readonly code: string }> {
  try {
    await work();
  } catch (error) {
    if (error instanceof OperatorError) return { ...error.details, code: error.code };
    throw error;
  }
  return { code: 'none' };
}
