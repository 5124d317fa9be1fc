import { randomBytes } from 'node:crypto';
import { lstat, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { OperatorError } from './errors.ts';

/** Longest file that is looked into. */
const LONGEST_LOOK = 1_048_576;

/** Refuses to overwrite a file that does not begin with the mark of our own. @throws OperatorError `FILE_REFUSED` */
export async function refuseForeignFile(path: string, mark: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  const isOurs =
    found.isFile() &&
    found.size <= LONGEST_LOOK &&
    (await readFile(path, 'utf8').catch(() => '')).startsWith(mark);
  if (isOurs) return;
  throw new OperatorError('FILE_REFUSED', {
    path,
    problem: 'it exists, and this command did not write it',
    todo: 'Name another file, or overwrite this one with --force.',
  });
}

/**
 * Writes a file that only its owner may read, in one step: whoever looks finds the former content or the whole of the new.
 *
 * @throws OperatorError `FILE_REFUSED`
 */
export async function writePrivately(path: string, text: string): Promise<void> {
  const beside = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  try {
    const file = await open(beside, 'wx', 0o600);
    try {
      await writeFile(file, text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (cause) {
    await rm(beside, { force: true }).catch(() => undefined);
    const problem = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    const todo = 'Name a file in a folder that can be written, or - for standard output.';
    throw new OperatorError('FILE_REFUSED', { path, problem, todo }, { cause });
  }
}
