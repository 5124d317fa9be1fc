import { isDeepStrictEqual } from 'node:util';
import { isObject } from '../json.ts';
import { pathOf, type FieldSet } from './field-set.ts';
import { joinParts, partsOf, type FieldType, type Part } from './field-type.ts';

/** The fields that a value sets: what its applier owns (structured-merge-diff, ToFieldSet). */
export function fieldsOf(type: FieldType, value: unknown): FieldSet {
  const set = new Set<string>();
  collectFields(type, value, '', set);
  return set;
}

function collectFields(type: FieldType, value: unknown, path: string, set: Set<string>): void {
  const parts = partsOf(type, value);
  if (parts === undefined) {
    set.add(path);
    return;
  }
  for (const [element, part] of parts) {
    const below = pathOf(path, element);
    collectFields(part.type, part.value, below, set);
    const isEmpty = isObject(part.value) && Object.keys(part.value).length === 0;
    if (isEmpty || type.form === 'list') set.add(below);
  }
}

/** How one value differs from another. */
export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

interface Walk {
  readonly added: Set<string>;
  readonly modified: Set<string>;
  readonly removed: Set<string>;
}

/** Compares a value with what it becomes; undefined is no value (structured-merge-diff, Compare). */
export function compare(type: FieldType, before: unknown, after: unknown): Comparison {
  const walk: Walk = { added: new Set(), modified: new Set(), removed: new Set() };
  compareAt(walk, '', { value: before, type }, { value: after, type });
  return walk;
}

function compareAt(walk: Walk, path: string, before: Part, after: Part): void {
  const left = partsOf(before.type, before.value) ?? NO_PARTS;
  const right = partsOf(after.type, after.value) ?? NO_PARTS;
  const elements = new Set([...left.keys(), ...right.keys()]);
  for (const element of elements) {
    const [one, other] = [left.get(element), right.get(element)];
    compareAt(walk, pathOf(path, element), one ?? absent(other), other ?? absent(one));
  }
  if (path !== '') note(walk, path, { before, after, isLeaf: elements.size === 0 });
}

const NO_PARTS: ReadonlyMap<string, Part> = new Map();

function absent(other: Part | undefined): Part {
  return { value: undefined, type: other?.type ?? { form: 'leaf' } };
}

function note(
  walk: Walk,
  path: string,
  { before, after, isLeaf }: { before: Part; after: Part; isLeaf: boolean },
): void {
  if (before.value === undefined) walk.added.add(path);
  else if (after.value === undefined) walk.removed.add(path);
  else if (isLeaf && !isDeepStrictEqual(before.value, after.value)) walk.modified.add(path);
}

/** The value with another laid over it: its fields win, items of lists keep its order (structured-merge-diff, Merge). */
export function merge(type: FieldType, base: unknown, over: unknown): unknown {
  const left = partsOf(type, base);
  const right = partsOf(type, over);
  if (left === undefined || right === undefined || over === undefined) return over ?? base;
  const merged = new Map<string, unknown>();
  const waiting = [...right];
  const take = (element: string, part: Part): void => {
    merged.set(element, merge(part.type, left.get(element)?.value, part.value));
  };
  for (const [element, part] of left) {
    if (!right.has(element)) merged.set(element, part.value);
    else takeUpTo(waiting, element, take);
  }
  for (const [element, part] of waiting) take(element, part);
  return joinParts(type, merged);
}

/** Takes what comes before an element, and the element, unless it was taken already. */
function takeUpTo(
  waiting: (readonly [string, Part])[],
  element: string,
  take: (element: string, part: Part) => void,
): void {
  const end = waiting.findIndex(([name]) => name === element);
  for (const [name, part] of waiting.splice(0, end + 1)) take(name, part);
}

/** The value without these fields; what held nothing else goes with them. */
export function withoutFields(type: FieldType, value: unknown, set: FieldSet, path = ''): unknown {
  const parts = partsOf(type, value);
  if (parts === undefined || parts.size === 0) return value;
  const kept = new Map<string, unknown>();
  for (const [element, part] of parts) {
    const below = pathOf(path, element);
    const left = set.has(below) ? undefined : withoutFields(part.type, part.value, set, below);
    if (left !== undefined) kept.set(element, left);
  }
  return kept.size === 0 && path !== '' ? undefined : joinParts(type, kept);
}
