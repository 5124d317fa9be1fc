import { open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Mode of every file that the proxy reads: the router writes, the group of the folder reads. */
const FILE_MODE = 0o640;

const TEMP_NAME = /^\.clearway-.*\.tmp$/;

/** True for the name of a file that a write left behind when its process died. */
export function isTempName(name: string): boolean {
  return TEMP_NAME.test(name);
}

/**
 * Replaces a file in one step: readers see the earlier content or the new one, never a part.
 *
 * @remarks
 * One writer per path: the temporary file has a fixed name, so that a crash leaves at most one.
 * Buffers are written one after the other. With `sync` the content is on the disk before the rename.
 */
export async function writeAtomically(
  path: string,
  content: string | readonly Buffer[],
  options: { readonly sync: boolean },
): Promise<void> {
  const temp = join(dirname(path), `.clearway-${basename(path)}.tmp`);
  const handle = await open(temp, 'w', FILE_MODE);
  try {
    await handle.writeFile(content);
    await handle.chmod(FILE_MODE);
    if (options.sync) await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temp, path);
  if (options.sync) await syncPath(dirname(path));
}

/** Brings a file's content, or a folder's entries, to the disk. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The text of a file; undefined when there is none. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Removes what is there, if anything: also a folder, which is never ours and would stay in the way. */
export function removeIfThere(path: string): Promise<void> {
  return rm(path, { force: true, recursive: true });
}
