import { expect } from 'chai';
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import type { Readable, Writable } from 'node:stream';
import { STORE_FILE } from '../../src/store/database.ts';
import { openStore } from '../support/sqlite.ts';
import {
  afterSteps,
  WRITER_EVENTS,
  writerState,
  writerSteps,
  type WriterState,
} from '../support/store-child.ts';
import { expectCode } from '../support/store-subject.ts';
import { tempFolder } from '../support/temp-folder.ts';

const ROUNDS = process.env['CLEARWAY_LONG'] === '1' ? 200 : 4;
const CHILD = join(import.meta.dirname, '..', 'support', 'store-child.ts');

type Child = ChildProcessByStdio<Writable, Readable, null>;

describe('SqliteStore and kill -9', () => {
  it('keeps every acknowledged write, and at most one that was not', async function () {
    this.timeout(20_000 + ROUNDS * 3_000);
    await using folder = await tempFolder();
    let before: WriterState = { objects: new Map(), events: new Map() };
    let last = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const tag = `r${round}`;
      const acknowledged = await writeAndKill(folder.path, {
        tag,
        // Every fourth is killed when SQLite has copied its log into the file, or is about to.
        count: round % 4 === 3 ? 2_000 + ((round * 97) % 1_000) : 20 + ((round * 37) % 300),
        // After a restart the clock may have gone back.
        now: round % 2 === 1 ? 1_000 : Date.now(),
      });

      expect(integrityOf(folder.path)).to.equal('ok');
      const store = openStore(folder.path, { events: WRITER_EVENTS, now: () => 1_000 });
      const observed = await writerState(store);
      const { resourceVersion } = await store.list('TaskRoute');
      store.close();
      const count = acknowledged.length;
      const least = afterSteps(before, writerSteps(tag).take(count));
      const most = afterSteps(before, writerSteps(tag).take(count + 1));
      expect([plain(least), plain(most)], tag).to.deep.include(plain(observed));
      expect(observed.events.size, 'the ring').to.be.at.most(WRITER_EVENTS);
      const versions = [last, ...acknowledged, Number(resourceVersion)];
      expect(versions).to.deep.equal([...new Set(versions)].toSorted((a, b) => a - b));
      last = Number(resourceVersion);
      before = observed;
    }
  });

  it('frees the folder when the process that holds it is killed', async function () {
    this.timeout(20_000);
    await using folder = await tempFolder();
    const child = start(folder.path, 'hold');
    await once(child.stdout, 'data');
    await expectCode(opening(folder.path), 'STORE_LOCKED');

    await kill(child);

    openStore(folder.path).close();
  });

  it('refuses writes while the disk is full, goes on reading, and recovers', async function () {
    this.timeout(30_000);
    await using folder = await tempFolder();
    const child = start(folder.path, 'fill');
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const ask = async (count: number): Promise<unknown> => {
      child.stdin.write(`${count}\n`);
      return JSON.parse(String((await lines.next()).value)) as unknown;
    };
    await lines.next();

    await limitFiles(child, '400000:');
    const full = (await ask(100_000)) as { made: number };
    await limitFiles(child, 'unlimited:');
    const { made } = full;
    const after = await ask(1);
    await kill(child);

    expect(made).to.be.greaterThan(10);
    expect(full).to.deep.equal({ failure: 'STORE_WRITE_FAILED', made, kept: made });
    expect(after).to.deep.equal({ failure: 'none', made: made + 1, kept: made + 1 });
    expect(integrityOf(folder.path)).to.equal('ok');
  });
});

function start(folder: string, mode: string, ...more: readonly string[]): Child {
  return spawn(process.execPath, [CHILD, folder, mode, ...more], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

async function kill(child: Child): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/** Versions that the writer had acknowledged when it was killed, at least `count` of them. */
async function writeAndKill(
  folder: string,
  writer: { readonly tag: string; readonly count: number; readonly now: number },
): Promise<number[]> {
  const child = start(folder, 'write', writer.tag, String(writer.now));
  const closed = once(child, 'close');
  let output = '';
  let lines = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    lines += text.split('\n').length - 1;
    if (lines >= writer.count) child.kill('SIGKILL');
  });
  await closed;
  return output.split('\n').slice(0, -1).map(Number);
}

/** Objects in any order, events in theirs. */
function plain({ objects, events }: WriterState): unknown {
  return { objects: Object.fromEntries(objects), events: [...events] };
}

function integrityOf(folder: string): unknown {
  const database = new DatabaseSync(join(folder, STORE_FILE));
  const row = database.prepare('PRAGMA integrity_check').get();
  database.close();
  return row?.['integrity_check'];
}

/** The kernel then answers writes beyond it with an error, as a full disk does. */
async function limitFiles(child: Child, soft: string): Promise<void> {
  const prlimit = spawn('prlimit', [`--pid=${child.pid ?? 0}`, `--fsize=${soft}`]);
  const [code] = (await once(prlimit, 'exit')) as [number];
  expect(code).to.equal(0);
}

async function opening(folder: string): Promise<void> {
  await Promise.resolve();
  openStore(folder).close();
}
