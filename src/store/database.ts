import { mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import { OperatorError } from '../errors.ts';
import { APPLICATION_ID, MIGRATIONS } from './migrations.ts';
import { makeFileIfMissing } from './new-file.ts';
import { DAMAGED, openError, runError, unusable } from './store-errors.ts';
import { inspectLog } from './write-ahead-log.ts';

/** Name of the file in the state folder. */
export const STORE_FILE = 'clearway.db';

/** How long a router that starts waits for one that is just ending. */
const LOCK_WAIT_MS = 500;

/** Pages of the log that are copied into the file at once; fewer would write the same page again and again. */
const WAL_PAGES = 4000;

const SHORTEST_PAGE = 512;

/** An open store file. */
export interface OpenDatabase {
  readonly database: DatabaseSync;
  /** True when the last changes of the run before are lost, as a power cut may do. */
  readonly hasLostChanges: boolean;
}

/**
 * Opens the store's file in the folder, both made where missing, takes the lock of the folder and brings the schema
 * up to date.
 *
 * @remarks
 * WAL with `synchronous=NORMAL`: a committed change is in the kernel's hands before it is acknowledged, so it survives
 * kill -9 of the process; the file is never torn by a power cut, which may take back the last changes. What is derived (TaskRoutes,
 * leases, status) is found again in ClearML and among the proxies, and of events the last are lost; what nothing would bring back,
 * StaticRoutes, credentials, revoked sessions and the router's own keys, is written with {@link durably}. `locking_mode=EXCLUSIVE` set before the first access keeps the lock until close, which
 * the kernel frees when the process dies.
 * @throws OperatorError `STORE_LOCKED`, `STORE_UNUSABLE`, `STORE_TOO_NEW`
 */
export function openDatabase(folder: string): OpenDatabase {
  const path = join(folder, STORE_FILE);
  let database: DatabaseSync | undefined;
  try {
    makeFolder(folder, path);
    database = new DatabaseSync(path, { timeout: LOCK_WAIT_MS });
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    refuseForeign(database, path);
    const log = inspectLog(`${path}-wal`);
    if (log === 'unreadable') throw unusable(`${path}-wal`, DAMAGED);
    database.exec(
      `PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY;
       PRAGMA wal_autocheckpoint = ${WAL_PAGES}`,
    );
    database.exec('BEGIN IMMEDIATE; COMMIT');
    refuseDamaged(database, path);
    migrate(database);
    return { database, hasLostChanges: log === 'cut' };
  } catch (error) {
    database?.close();
    throw openError(error, folder, path);
  }
}

/**
 * Runs `work` as one transaction: all of it is kept, or nothing.
 * @throws OperatorError `STORE_WRITE_FAILED`, `STORE_UNUSABLE`, and whatever `work` throws
 */
export function transact<T>(database: DatabaseSync, work: () => T): T {
  try {
    database.exec('BEGIN IMMEDIATE');
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    rollBack(database);
    throw runError(error, database);
  }
}

/**
 * Runs `work` as one transaction that is on the disk when this returns, also after a power cut: {@link openDatabase} is content
 * with less for what can be found again.
 * @throws as {@link transact}
 */
export function durably<T>(database: DatabaseSync, work: () => T): T {
  database.exec('PRAGMA synchronous = FULL');
  try {
    return transact(database, work);
  } finally {
    database.exec('PRAGMA synchronous = NORMAL');
  }
}

/** Runs one statement, which is a transaction of its own, with errors as {@link transact} has them. */
export function runStatement<T>(database: DatabaseSync, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw runError(error, database);
  }
}

function makeFolder(folder: string, path: string): void {
  mkdirSync(dirname(folder), { recursive: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  makeFileIfMissing(path, stepsFrom(0));
  const { size } = statSync(path);
  // SQLite would begin anew over what is shorter than a page.
  if (size === 0) throw unusable(path, { ...DAMAGED, problem: 'the file is empty' });
  if (size < SHORTEST_PAGE) throw unusable(path, DAMAGED);
}

function refuseForeign(database: DatabaseSync, path: string): void {
  const id = pragma(database, 'application_id');
  const version = pragma(database, 'user_version');
  const tables = database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n'];
  if (id !== APPLICATION_ID && (id !== 0 || version !== 0 || tables !== 0)) {
    throw unusable(path, {
      problem: 'the file belongs to another program',
      hint: 'Give the router a state folder of its own.',
    });
  }
  if (Number(version) > MIGRATIONS.length) {
    throw new OperatorError('STORE_TOO_NEW', {
      path,
      found: version,
      supported: MIGRATIONS.length,
      hint: 'Start the version that wrote it, or a newer one; or move the file away: routes are rebuilt from ClearML.',
    });
  }
}

function refuseDamaged(database: DatabaseSync, path: string): void {
  const found = pragma(database, 'quick_check(1)');
  if (found !== 'ok') throw unusable(path, DAMAGED);
}

function migrate(database: DatabaseSync): void {
  const done = Number(pragma(database, 'user_version'));
  database.exec(stepsFrom(done));
}

/** Each step is there whole, with its number, or not at all. */
function stepsFrom(done: number): string {
  const steps = MIGRATIONS.slice(done).map(
    (step, index) =>
      `BEGIN IMMEDIATE; ${step} PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${done + index + 1}; COMMIT;`,
  );
  return steps.join('\n');
}

function pragma(database: DatabaseSync, name: string): SQLOutputValue | undefined {
  const row = database.prepare(`PRAGMA ${name}`).get();
  return row === undefined ? undefined : Object.values(row)[0];
}

function rollBack(database: DatabaseSync): void {
  // After some failures (a full disk) SQLite has rolled back by itself, and there is nothing to end.
  if (database.isOpen && database.isTransaction) database.exec('ROLLBACK');
}
