import { closeSync, existsSync, fsyncSync, linkSync, openSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { systemCode } from './store-errors.ts';

/**
 * Makes a database file where there is none, whole and readable for its owner only, or not at all: a crash never leaves
 * an empty one, so an empty one is damage. `schema` is what is in it.
 *
 * @remarks A file that exists is not even opened: closing it would drop the locks that this process holds on it.
 */
export function makeFileIfMissing(path: string, schema: string): void {
  if (existsSync(path)) return;
  const draft = `${path}.new`;
  rmSync(draft, { force: true });
  closeSync(openSync(draft, 'ax', 0o600));
  try {
    fill(draft, schema);
    linkSync(draft, path);
  } catch (error) {
    // Another router was faster: the lock will tell which of the two goes on.
    if (systemCode(error) !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function fill(path: string, schema: string): void {
  const memory = new DatabaseSync(':memory:');
  try {
    memory.exec(schema);
    memory.prepare('VACUUM INTO ?').run(path);
  } finally {
    memory.close();
  }
  const file = openSync(path, 'r+');
  fsyncSync(file);
  closeSync(file);
}
