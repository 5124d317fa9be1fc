import { isDeepStrictEqual } from 'node:util';
import { isObject } from '../json.ts';
import { pathOf, type FieldSet } from './field-set.ts';
import { mergedOrder } from './merge-order.ts';
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
    if (isNothing(part.value) || type.form === 'list') set.add(below);
  }
}

function isNothing(value: unknown): boolean {
  return value === null || (isObject(value) && Object.keys(value).length === 0);
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

/** The value with another laid over it, whose fields win (structured-merge-diff, Merge). */
export function merge(type: FieldType, base: unknown, over: unknown): unknown {
  const left = partsOf(type, base);
  const right = partsOf(type, over);
  if (left === undefined || right === undefined || over === undefined) return over ?? base;
  const merged = new Map<string, unknown>();
  for (const element of mergedOrder([...left.keys()], [...right.keys()])) {
    const [before, after] = [left.get(element), right.get(element)];
    const part = after ?? before;
    if (part !== undefined) merged.set(element, merge(part.type, before?.value, after?.value));
  }
  return joinParts(type, merged);
}

/** The value without these fields. What then holds nothing becomes null: it is there and owned, and still says nothing. */
export function withoutFields(type: FieldType, value: unknown, set: FieldSet, path = ''): unknown {
  const parts = partsOf(type, value);
  if (parts === undefined || parts.size === 0) return value;
  const kept = new Map<string, unknown>();
  for (const [element, part] of parts) {
    const below = pathOf(path, element);
    if (!set.has(below)) kept.set(element, withoutFields(part.type, part.value, set, below));
  }
  return kept.size === 0 && path !== '' ? null : joinParts(type, kept);
}
