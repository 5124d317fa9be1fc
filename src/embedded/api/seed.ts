import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { OperatorError } from '../../errors.ts';
import { isDict, parseJson } from './json.ts';
import type { RouteDocument } from './model.ts';

/** A user to begin with. */
export interface SeedUser {
  /** Name to sign in with. */
  readonly name: string;
  readonly password?: string;
  readonly accessKey?: string;
  readonly secretKey?: string;
  /** Name of the company; the first one named is the default. */
  readonly company?: string;
  readonly role?: string;
  readonly id?: string;
  /** Name to show; the sign-in name when absent. */
  readonly displayName?: string;
  /** True for a service account, which is nobody to `users.get_current_user`. */
  readonly service?: boolean;
}

/** A queue to begin with. */
export interface SeedQueue {
  readonly name: string;
  readonly id?: string;
  readonly company?: string;
  readonly systemTags?: readonly string[];
}

/** A project to begin with; its parents are made too. */
export interface SeedProject {
  readonly name: string;
  readonly id?: string;
  readonly company?: string;
}

/** A task to begin with, or to add later. */
export interface SeedTask {
  readonly name: string;
  readonly id?: string;
  readonly type?: string;
  readonly status?: string;
  readonly systemTags?: readonly string[];
  readonly tags?: readonly string[];
  readonly runtime?: unknown;
  /** Sign-in name of the owner; the first user when absent. */
  readonly user?: string;
  /** Name of the project. */
  readonly project?: string;
  /** Name of the queue that it was enqueued in. */
  readonly queue?: string;
  readonly comment?: string;
  /** ISO 8601; now when absent. */
  readonly lastChange?: string;
}

/** What an embedded API knows when it starts. */
export interface Seed {
  /** Id by name; a company without one gets an id made from its name. */
  readonly companies?: Readonly<Record<string, string>>;
  readonly users: readonly SeedUser[];
  readonly queues?: readonly SeedQueue[];
  readonly projects?: readonly SeedProject[];
  readonly tasks?: readonly SeedTask[];
  /** Answers of `routers.get_routes`. */
  readonly routes?: readonly RouteDocument[];
}

/** Reads a seed file. @throws {@link OperatorError} `SETTINGS_INVALID` when it cannot be used. */
export async function loadSeed(file: string, signal?: AbortSignal): Promise<Seed> {
  const text = await readFile(file, {
    encoding: 'utf8',
    ...(signal === undefined ? {} : { signal }),
  });
  let seed: unknown;
  try {
    seed = parseJson(text);
  } catch (cause) {
    throw new OperatorError('SETTINGS_INVALID', { file, problem: 'not JSON' }, { cause });
  }
  if (!isSeed(seed)) {
    throw new OperatorError('SETTINGS_INVALID', { file, problem: 'no list "users" with names' });
  }
  return seed;
}

/** An id of 32 hex digits that is always the same for a name. */
export function idFor(...parts: readonly string[]): string {
  return createHash('md5').update(parts.join(':')).digest('hex');
}

function isSeed(value: unknown): value is Seed {
  if (!isDict(value) || !Array.isArray(value['users'])) return false;
  const lists = ['users', 'queues', 'projects', 'tasks'].map((key) => value[key] ?? []);
  return lists.every(
    (list) =>
      Array.isArray(list) && list.every((item) => isDict(item) && typeof item['name'] === 'string'),
  );
}
