import { execFile } from 'node:child_process';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Context } from 'mocha';
import { notRun } from './not-run.ts';
import { tempFolder } from './temp-folder.ts';

const run = promisify(execFile);
const BLOCK = Buffer.alloc(64 * 1024, 'x');

/** A file system of its own that is small enough to be filled. */
export interface SmallDisk extends AsyncDisposable {
  readonly path: string;
  /** Writes until nothing more fits, but for about `leave` bytes. */
  readonly fill: (leave?: number) => Promise<void>;
  /** Takes back what {@link SmallDisk.fill} wrote. */
  readonly free: () => Promise<void>;
  /** As the kernel does after an error of the disk. */
  readonly setReadOnly: (isReadOnly: boolean) => Promise<void>;
}

/** Mounts one in memory; skips the test out loud where mounting is not allowed. */
export async function smallDisk(context: Context, megabytes: number): Promise<SmallDisk> {
  const folder = await tempFolder();
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'clearway-test', folder.path]);
  } catch {
    await folder[Symbol.asyncDispose]();
    return notRun(context, 'it needs a user who may mount a file system');
  }
  const filler = join(folder.path, 'filler');
  return {
    path: folder.path,
    fill: (leave = 0) => fill(filler, leave),
    free: () => rm(filler, { force: true }),
    setReadOnly: async (isReadOnly) => {
      await run('mount', ['-o', `remount,${isReadOnly ? 'ro' : 'rw'}`, folder.path]);
    },
    [Symbol.asyncDispose]: async () => {
      await run('umount', ['--lazy', folder.path]);
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function fill(path: string, leave: number): Promise<void> {
  const file = await open(path, 'a');
  let size = (await file.stat()).size;
  for (let bytes = BLOCK.length; bytes >= 512;) {
    const written = await file
      .write(BLOCK.subarray(0, bytes))
      .then(({ bytesWritten }) => bytesWritten)
      .catch(() => 0);
    size += written;
    if (written < bytes) bytes = Math.floor(bytes / 2);
  }
  if (leave > 0) await file.truncate(Math.max(0, size - leave));
  await file.close();
}
