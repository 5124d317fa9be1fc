import { isObject, type JsonObject } from '../json.ts';

/**
 * A set of fields, as server-side apply keeps it (structured-merge-diff, fieldpath).
 *
 * @remarks
 * A field is its path: elements as FieldsV1 writes them (`f:spec`, `k:{"type":"Ready"}`, `v:"x"`), joined by NUL. A
 * container stands in the set beside its parts only when it is owned itself (`.` in FieldsV1).
 */
export type FieldSet = ReadonlySet<string>;

const SEPARATOR = '\0';
/** Deepest path, and the longest one in characters; those of our own schemas end at six, and at about 400. */
const DEPTH_LIMIT = 32;
const PATH_LIMIT = 1024;

/** The path of a part; the path of the object itself is empty. */
export function pathOf(parent: string, element: string): string {
  return parent === '' ? element : `${parent}${SEPARATOR}${element}`;
}

/** The elements of a path, from the object down. */
export function elementsOf(path: string): readonly string[] {
  return path.split(SEPARATOR);
}

/** The element of a named field. */
export function namedElement(name: string): string {
  return `f:${name}`;
}

/** The element of an item of a list of type `map`, by its keys. */
export function keyElement(keys: JsonObject): string {
  return `k:${canonical(keys)}`;
}

/** The element of an item of a list of type `set`. */
export function valueElement(value: unknown): string {
  return `v:${canonical(value)}`;
}

/** The set with the named fields above its members: what goes when all that is in them goes. */
export function withParents(set: FieldSet): FieldSet {
  const all = new Set(set);
  for (const path of set) {
    const elements = elementsOf(path);
    for (let length = 1; length < elements.length; length += 1) {
      if (elements[length - 1]?.startsWith('f:') !== true) continue;
      all.add(elements.slice(0, length).join(SEPARATOR));
    }
  }
  return all;
}

/**
 * Reads FieldsV1.
 * @returns undefined when it is none
 */
export function fromFieldsV1(value: unknown): FieldSet | undefined {
  const set = new Set<string>();
  return isObject(value) && collect(value, [], set) ? set : undefined;
}

function collect(node: JsonObject, path: readonly string[], set: Set<string>): boolean {
  if (path.length > DEPTH_LIMIT || path.join(SEPARATOR).length > PATH_LIMIT) return false;
  return Object.entries(node).every(([key, below]) => {
    if (!isObject(below)) return false;
    if (key === '.') {
      set.add(path.join(SEPARATOR));
      return path.length > 0;
    }
    const element = readElement(key);
    if (element === undefined) return false;
    const parts = [...path, element];
    if (Object.keys(below).length === 0) set.add(parts.join(SEPARATOR));
    return collect(below, parts, set);
  });
}

function readElement(key: string): string | undefined {
  const [kind, text] = [key.slice(0, 2), key.slice(2)];
  if (text.includes(SEPARATOR)) return undefined;
  if (kind === 'f:') return key;
  if (kind === 'i:') return /^\d+$/.test(text) ? key : undefined;
  if (kind !== 'k:' && kind !== 'v:') return undefined;
  try {
    const value = JSON.parse(text) as unknown;
    if (kind === 'v:') return valueElement(value);
    return isObject(value) ? keyElement(value) : undefined;
  } catch {
    return undefined;
  }
}

interface Tree extends Map<string, Tree> {
  owned?: boolean;
}

/** The set as FieldsV1 writes it. */
export function toFieldsV1(set: FieldSet): JsonObject {
  const root: Tree = new Map();
  for (const path of set) {
    let node = root;
    for (const element of elementsOf(path)) {
      const below: Tree = node.get(element) ?? new Map();
      node.set(element, below);
      node = below;
    }
    node.owned = true;
  }
  return fromTree(root);
}

function fromTree(node: Tree): JsonObject {
  const parts = [...node]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([element, below]): readonly [string, unknown] => [element, fromTree(below)]);
  const isContainer = node.owned === true && parts.length > 0;
  return Object.fromEntries(isContainer ? [['.', {}], ...parts] : parts);
}

/** JSON with the keys in order: equal values have equal texts. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    isObject(part)
      ? Object.fromEntries(Object.entries(part).sort(([left], [right]) => (left < right ? -1 : 1)))
      : part,
  );
}

/** The order in which Kubernetes lists paths: at each place what ends there first, then what goes deeper. */
export function comparePaths(left: string, right: string): number {
  const [one, other] = [elementsOf(left), elementsOf(right)];
  const at = one.findIndex((element, index) => element !== other[index]);
  const place = at < 0 ? one.length : at;
  const endsHere = (elements: readonly string[]): boolean => elements.length <= place + 1;
  if (endsHere(one) !== endsHere(other)) return endsHere(one) ? -1 : 1;
  return (one[place] ?? '') < (other[place] ?? '') ? -1 : 1;
}

/** A path for people, as Kubernetes writes it: `.status.conditions[type="Ready"].status`. */
export function printPath(path: string): string {
  return elementsOf(path).map(printElement).join('');
}

function printElement(element: string): string {
  const [kind, text] = [element.slice(0, 2), element.slice(2)];
  if (kind === 'f:') return `.${text}`;
  if (kind === 'v:') return `[=${text}]`;
  if (kind === 'i:') return `[${text}]`;
  const keys = Object.entries(JSON.parse(text) as JsonObject);
  return `[${keys.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}]`;
}
