import { accessSync, constants } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { OperatorError } from '../errors.ts';
import type { Kind } from '../resources/kinds.ts';
import type { Checked } from '../resources/schema-check.ts';

/** What is wrong with a file or folder, and what to do about it. */
interface Trouble {
  readonly problem: string;
  readonly hint: string;
}

/** The file holds what SQLite cannot have written. */
export const DAMAGED: Trouble = {
  problem: 'the file is damaged',
  hint: 'Bring back a copy of the state folder; or move the file away and start again: routes are rebuilt from ClearML, StaticRoutes and credentials have to be made again.',
};

const FULL: Trouble = {
  problem: 'the disk is full',
  hint: 'Free space on the file system of this path; the router goes on by itself.',
};

const READ_ONLY: Trouble = {
  problem: 'the file system is read-only',
  hint: 'Mount the file system of this path writable, and look at the log of the kernel: it may have been made read-only after an error of the disk.',
};

const UNREACHABLE =
  'See that the path is on a writable file system, belongs to the user of the router, and is no file in the place of a folder.';

// Primary result codes of SQLite (sqlite.org/rescode.html).
const BUSY = 5;
const LOCKED = 6;

const BY_SQLITE_CODE: Readonly<Record<number, Trouble>> = {
  8: READ_ONLY,
  11: DAMAGED,
  13: FULL,
  26: DAMAGED,
};

const BY_SYSTEM_CODE: Readonly<Record<string, Trouble>> = {
  ENOSPC: FULL,
  EDQUOT: FULL,
  EROFS: READ_ONLY,
};

/** `STORE_UNUSABLE` with path, problem and what to do. */
export function unusable(path: string, trouble: Trouble, cause?: unknown): OperatorError {
  return new OperatorError('STORE_UNUSABLE', { path, ...trouble }, { cause });
}

/** What went wrong when the store of a folder was opened; errors of others stay as they are. */
export function openError(error: unknown, folder: string, path: string): unknown {
  const code = resultCode(error);
  if (code === BUSY || code === LOCKED) {
    return new OperatorError(
      'STORE_LOCKED',
      { path: folder, hint: 'Stop the other router, or give this one a state folder of its own.' },
      { cause: error },
    );
  }
  if (code === undefined && systemCode(error) === undefined) return error;
  return unusable(systemPath(error) ?? path, troubleOf(error, folder), error);
}

/** What went wrong when the rows of a file were read: text that cannot be read back is damage that SQLite cannot see. */
export function loadError(error: unknown, path: string): unknown {
  return error instanceof SyntaxError ? unusable(path, DAMAGED, error) : error;
}

/** What went wrong in an open store; errors of others stay as they are. */
export function runError(error: unknown, database: DatabaseSync): unknown {
  if (resultCode(error) === undefined) return error;
  const path = database.isOpen ? (database.location() ?? '') : '';
  const trouble = troubleOf(error, dirname(path));
  if (trouble === DAMAGED) return unusable(path, trouble, error);
  return new OperatorError('STORE_WRITE_FAILED', { path, ...trouble }, { cause: error });
}

/** Code of a failed system call, such as `EEXIST`. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    'syscall' in error
    ? error.code
    : undefined;
}

function systemPath(error: unknown): string | undefined {
  return error instanceof Error && 'path' in error && typeof error.path === 'string'
    ? error.path
    : undefined;
}

function troubleOf(error: unknown, folder: string): Trouble {
  const known = BY_SQLITE_CODE[resultCode(error) ?? -1] ?? BY_SYSTEM_CODE[systemCode(error) ?? ''];
  // SQLite calls much an I/O error that the kernel has a better word for.
  const better = known ?? BY_SYSTEM_CODE[whyNotWritable(folder) ?? ''];
  if (better !== undefined) return better;
  const text = error instanceof Error ? error.message : 'unknown';
  return { problem: systemCode(error) ?? text, hint: UNREACHABLE };
}

/** Of the folder, or where it would have to be made. */
function whyNotWritable(folder: string): string | undefined {
  try {
    accessSync(folder, constants.W_OK);
    return undefined;
  } catch (error) {
    const code = systemCode(error);
    const parent = dirname(folder);
    return code === 'ENOENT' && parent !== folder ? whyNotWritable(parent) : code;
  }
}

/** SQLite's primary result code; undefined for errors that are not SQLite's. */
function resultCode(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode & 0xff
    : undefined;
}

/** The value of a part that its schema allows. @throws OperatorError `RESOURCE_INVALID` */
export function requireValid<T>(kind: Kind, name: string, checked: Checked<T>): T {
  if (checked.errors.length === 0) return checked.value;
  throw new OperatorError('RESOURCE_INVALID', { kind, name, errors: checked.errors });
}
