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
  const disk = await mountDisk(folder.path, megabytes).catch(() => undefined);
  if (disk === undefined) {
    await folder[Symbol.asyncDispose]();
    return notRun(context, 'it needs a user who may mount a file system');
  }
  return {
    ...disk,
    [Symbol.asyncDispose]: async () => {
      await disk[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Mounts one over an empty folder. */
export async function mountDisk(path: string, megabytes: number): Promise<SmallDisk> {
  await run('mount', ['-t', 'tmpfs', '-o', `mode=755,size=${megabytes}m`, 'clearway-test', path]);
  const filler = join(path, 'filler');
  return {
    path,
    fill: (leave = 0) => fill(filler, leave),
    free: () => rm(filler, { force: true }),
    setReadOnly: async (isReadOnly) => {
      await run('mount', ['-o', `remount,${isReadOnly ? 'ro' : 'rw'}`, path]);
    },
    [Symbol.asyncDispose]: async () => {
      await run('umount', ['--lazy', path]);
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
