import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import { OperatorError } from '../errors.ts';
import { APPLICATION_ID, MIGRATIONS } from './migrations.ts';

/** Name of the file in the state folder. */
export const STORE_FILE = 'clearway.db';

/** How long a router that starts waits for one that is just ending. */
const LOCK_WAIT_MS = 500;

/** Pages of the log that are copied into the file at once; fewer would write the same page again and again. */
const WAL_PAGES = 4000;

// Primary result codes of SQLite (sqlite.org/rescode.html).
const BUSY = 5;
const LOCKED = 6;
const CORRUPT = 11;
const NOT_A_DATABASE = 26;

/**
 * Opens the store's file in the folder, both made where missing, takes the lock of the folder and brings the schema
 * up to date.
 *
 * @remarks
 * WAL with `synchronous=NORMAL`: a committed change is in the kernel's hands before it is acknowledged, so it survives
 * kill -9 of the process; the file is never torn by a power cut, which may take back the last changes: all of
 * them are found again in ClearML. `locking_mode=EXCLUSIVE` set before the first access keeps the lock until close, which
 * the kernel frees when the process dies.
 * @throws OperatorError `STORE_LOCKED`, `STORE_UNUSABLE`, `STORE_TOO_NEW`
 */
export function openDatabase(folder: string): DatabaseSync {
  const path = join(folder, STORE_FILE);
  makeFolder(folder, path);
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: LOCK_WAIT_MS });
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    refuseForeign(database, path);
    database.exec(
      `PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY;
       PRAGMA wal_autocheckpoint = ${WAL_PAGES}`,
    );
    database.exec('BEGIN IMMEDIATE; COMMIT');
    refuseDamaged(database, path);
    migrate(database);
    return database;
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

/** Runs one statement, which is a transaction of its own, with errors as {@link transact} has them. */
export function runStatement<T>(database: DatabaseSync, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw runError(error, database);
  }
}

function makeFolder(folder: string, path: string): void {
  try {
    mkdirSync(dirname(folder), { recursive: true });
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    createPrivate(path);
  } catch (error) {
    throw unusable(folder, systemProblem(error), error);
  }
}

/**
 * Makes the file readable for its owner only, before SQLite would make it for everybody. A file that exists is not even
 * opened: closing it would drop the locks that this process holds on it.
 */
function createPrivate(path: string): void {
  try {
    closeSync(openSync(path, 'ax', 0o600));
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  }
}

function refuseForeign(database: DatabaseSync, path: string): void {
  const id = pragma(database, 'application_id');
  const version = pragma(database, 'user_version');
  const tables = database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n'];
  if (id !== APPLICATION_ID && (id !== 0 || version !== 0 || tables !== 0)) {
    throw unusable(path, 'the file belongs to another program');
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
  if (found !== 'ok') throw unusable(path, 'the file is damaged');
}

function migrate(database: DatabaseSync): void {
  const done = Number(pragma(database, 'user_version'));
  MIGRATIONS.slice(done).forEach((step, index) => {
    database.exec(
      `BEGIN IMMEDIATE; ${step} PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${done + index + 1}; COMMIT`,
    );
  });
}

function pragma(database: DatabaseSync, name: string): SQLOutputValue | undefined {
  const row = database.prepare(`PRAGMA ${name}`).get();
  return row === undefined ? undefined : Object.values(row)[0];
}

function rollBack(database: DatabaseSync): void {
  // After some failures (a full disk) SQLite has rolled back by itself, and there is nothing to end.
  if (database.isOpen && database.isTransaction) database.exec('ROLLBACK');
}

function openError(error: unknown, folder: string, path: string): unknown {
  const code = resultCode(error);
  if (code === undefined) return error;
  if (code === BUSY || code === LOCKED) {
    return new OperatorError(
      'STORE_LOCKED',
      { path: folder, hint: 'Stop the other router, or give this one a state folder of its own.' },
      { cause: error },
    );
  }
  return unusable(path, isDamage(code) ? 'the file is damaged' : describeError(error), error);
}

function runError(error: unknown, database: DatabaseSync): unknown {
  const code = resultCode(error);
  if (code === undefined) return error;
  const path = database.isOpen ? (database.location() ?? '') : '';
  if (isDamage(code)) return unusable(path, 'the file is damaged', error);
  return new OperatorError(
    'STORE_WRITE_FAILED',
    { path, problem: describeError(error), hint: 'See that the file system has space left.' },
    { cause: error },
  );
}

function unusable(path: string, problem: string, cause?: unknown): OperatorError {
  const hint =
    problem === 'the file is damaged'
      ? 'Move the file away and start again: routes are rebuilt from ClearML.'
      : 'See that the path is on a writable file system, belongs to the user of the router, and is no file in the place of a folder.';
  return new OperatorError('STORE_UNUSABLE', { path, problem, hint }, { cause });
}

function isDamage(code: number): boolean {
  return code === CORRUPT || code === NOT_A_DATABASE;
}

/** SQLite's primary result code; undefined for errors that are not SQLite's. */
function resultCode(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode & 0xff
    : undefined;
}

function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
}

function systemProblem(error: unknown): string {
  return systemCode(error) ?? describeError(error);
}

function describeError(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown';
}
