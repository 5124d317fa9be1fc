// A patcher of our own: the usual libraries walk `document[key]`, so a path such as `/spec/toString/x` would change the
// functions of this very program. Here a patch works on objects that have no prototype.
import { isDeepStrictEqual } from 'node:util';
import { clip } from '../../resources/text.ts';
import { DEPTH_LIMIT, depthOf, isObject, sizeOf, type JsonObject } from './json.ts';

/** Why a patch cannot be applied. */
export class JsonPatchError extends Error {
  override readonly name = 'JsonPatchError';
}

/**
 * Most that all operations of a patch may cost beyond their own length: characters that are copied, as JSON, list items that
 * make room or close a gap, values that are moved deeper or compared.
 */
const WORK_LIMIT = 3 * 1024 * 1024;

type Bare = Record<string, unknown>;

/** The document and what was spent of {@link WORK_LIMIT}. */
interface Work {
  root: unknown;
  spent: number;
}

/**
 * The document with a JSON patch applied (RFC 6902).
 * @throws JsonPatchError when an operation cannot be carried out, or a `test` fails
 */
export function jsonPatch(document: unknown, operations: readonly JsonObject[]): unknown {
  const work: Work = { root: toBare(document), spent: 0 };
  operations.forEach((operation, index) => {
    try {
      apply(work, operation);
    } catch (error) {
      if (!(error instanceof JsonPatchError)) throw error;
      throw new JsonPatchError(clip(`operation ${index}: ${error.message}`), { cause: error });
    }
  });
  return toPlain(work.root);
}

type Step = (work: Work, path: readonly string[], operation: JsonObject) => void;

const STEPS: Readonly<Record<string, Step>> = {
  add: (work, path, { value = null }) => insertNew(work, path, value),
  remove: (work, path) => remove(work, path),
  replace: (work, path, { value = null }) => replace(work, path, value),
  move: (work, path, operation) => move(work, pointer(operation, 'from'), path),
  copy: (work, path, operation) => copy(work, pointer(operation, 'from'), path),
  test: (work, path, { value = null }) => requireEqual(work, path, value),
};

function apply(work: Work, operation: JsonObject): void {
  const { op } = operation;
  const step = typeof op === 'string' && Object.hasOwn(STEPS, op) ? STEPS[op] : undefined;
  if (step === undefined) {
    throw new JsonPatchError(`op is none of ${Object.keys(STEPS).join(', ')}`);
  }
  step(work, pointer(operation, 'path'), operation);
}

function pointer(operation: JsonObject, field: 'path' | 'from'): readonly string[] {
  const text = operation[field];
  if (typeof text !== 'string') throw new JsonPatchError(`${field} must be a JSON pointer`);
  const [root, ...tokens] = text.split('/');
  if (root !== '') throw new JsonPatchError(`${field} must begin with a slash`);
  return tokens.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function spend(work: Work, amount: number): void {
  work.spent += amount;
  if (work.spent > WORK_LIMIT) {
    throw new JsonPatchError(
      'the patch copies, moves and compares more than can be done in a moment',
    );
  }
}

/** The walks over a document are recursive, so nothing may ever stand too deep in it. */
function requireRoom(path: readonly string[], value: unknown): void {
  if (depthOf(value) + path.length <= DEPTH_LIMIT) return;
  throw new JsonPatchError(`the document would be deeper than ${DEPTH_LIMIT} levels`);
}

function insertNew(work: Work, path: readonly string[], value: unknown): void {
  requireRoom(path, value);
  insert(work, path, toBare(value));
}

function insert(work: Work, path: readonly string[], value: unknown): void {
  const token = path.at(-1);
  if (token === undefined) {
    work.root = value;
    return;
  }
  const parent = containerAt(work, path);
  if (!Array.isArray(parent)) {
    parent[token] = value;
    return;
  }
  const index = token === '-' ? parent.length : indexOf(token, parent.length);
  spend(work, parent.length - index);
  parent.splice(index, 0, value);
}

function remove(work: Work, path: readonly string[]): unknown {
  const value = valueAt(work, path);
  const token = path.at(-1);
  if (token === undefined) throw new JsonPatchError('the whole document cannot be removed');
  const parent = containerAt(work, path);
  if (Array.isArray(parent)) {
    spend(work, parent.length - Number(token));
    parent.splice(Number(token), 1);
  } else Reflect.deleteProperty(parent, token);
  return value;
}

/** A field that is not there is added, against RFC 6902: the API server of Kubernetes has it so, and people rely on it. */
function replace(work: Work, path: readonly string[], value: unknown): void {
  const parent = path.length === 0 ? undefined : containerAt(work, path);
  if (!Array.isArray(parent)) {
    insertNew(work, path, value);
    return;
  }
  requireRoom(path, value);
  parent[indexOf(path.at(-1) ?? '', parent.length - 1)] = toBare(value);
}

function move(work: Work, from: readonly string[], path: readonly string[]): void {
  if (from.length < path.length && from.every((token, index) => token === path[index])) {
    throw new JsonPatchError('a value cannot be moved into itself');
  }
  const value = valueAt(work, from);
  if (isDeepStrictEqual(from, path)) return;
  if (path.length > from.length) {
    spend(work, sizeOf(value));
    requireRoom(path, value);
  }
  insert(work, path, remove(work, from));
}

function copy(work: Work, from: readonly string[], path: readonly string[]): void {
  const value = valueAt(work, from);
  spend(work, JSON.stringify(value).length);
  insertNew(work, path, value);
}

/** A field that is not there counts as null, as the API server of Kubernetes has it. */
function requireEqual(work: Work, path: readonly string[], value: unknown): void {
  const found = path.reduce<unknown>(child, work.root) ?? null;
  spend(work, sizeOf(found));
  if (isDeepStrictEqual(found, toBare(value))) return;
  throw new JsonPatchError(`the value at ${path.map((token) => `/${token}`).join('')} is another`);
}

function containerAt(work: Work, path: readonly string[]): Bare | unknown[] {
  const parent = valueAt(work, path.slice(0, -1));
  if (typeof parent === 'object' && parent !== null) return parent as Bare | unknown[];
  throw new JsonPatchError('the parent is neither an object nor a list');
}

function valueAt(work: Work, path: readonly string[]): unknown {
  return path.reduce((parent, token) => {
    const value = child(parent, token);
    if (value === undefined) throw new JsonPatchError(`there is no ${token}`);
    return value;
  }, work.root);
}

function child(parent: unknown, token: string): unknown {
  if (isObject(parent)) return parent[token];
  if (!Array.isArray(parent)) return undefined;
  return (parent as readonly unknown[])[indexOf(token, parent.length)];
}

function indexOf(token: string, last: number): number {
  const index = /^(0|[1-9]\d*)$/.test(token) ? Number(token) : Infinity;
  if (index > last) throw new JsonPatchError(`there is no item ${token}`);
  return index;
}

/** A copy in which no object has a prototype: every key is just a key. */
function toBare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toBare);
  if (!isObject(value)) return value;
  const bare = Object.create(null) as Bare;
  for (const [key, part] of Object.entries(value)) bare[key] = toBare(part);
  return bare;
}

function toPlain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toPlain);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, toPlain(part)]));
}
