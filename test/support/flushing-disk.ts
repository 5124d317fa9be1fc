import { execFile } from 'node:child_process';
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Context } from 'mocha';
import { notRun } from './not-run.ts';
import { tempFolder } from './temp-folder.ts';

const run = promisify(execFile);

/** A file system on a disk of its own, and what a power cut would leave of it. */
export interface FlushingDisk extends AsyncDisposable {
  readonly path: string;
  /** Mounts what has reached the disk until now, as it is found after a power cut: its path. */
  readonly afterPowerCut: () => Promise<string>;
}

/**
 * Mounts an ext4 that flushes only what it is told to flush (and the rest every five minutes); skips the test out loud where mounting is not allowed.
 *
 * @remarks The disk is a file: what the file system holds back in memory is not in a copy of it.
 */
export async function flushingDisk(context: Context): Promise<FlushingDisk> {
  const folder = await tempFolder();
  const mounted: string[] = [];
  const mount = async (image: string, name: string): Promise<string> => {
    const path = join(folder.path, name);
    await mkdir(path);
    await run('mount', ['-t', 'ext4', '-o', 'loop,commit=300', image, path]);
    mounted.push(path);
    return path;
  };
  const dispose = async (): Promise<void> => {
    for (const path of mounted) await run('umount', ['--lazy', path]);
    await folder[Symbol.asyncDispose]();
  };
  const image = join(folder.path, 'disk');
  try {
    await run('truncate', ['--size', '16M', image]);
    await run('mkfs.ext4', ['-q', image]);
    const path = await mount(image, 'now');
    return {
      path,
      afterPowerCut: async () => {
        const name = `cut-${mounted.length}`;
        await copyFile(image, join(folder.path, `${name}.disk`));
        return mount(join(folder.path, `${name}.disk`), name);
      },
      [Symbol.asyncDispose]: dispose,
    };
  } catch {
    await dispose();
    return notRun(context, 'it needs a user who may mount a file system on a loop device');
  }
}
