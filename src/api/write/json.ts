import { clip } from '../../resources/text.ts';

/** An object of JSON. Own fields only: a client may name a field `__proto__`, so copies are made by spreading and `Object.fromEntries`. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** True for an object of JSON: no array, not null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The field itself, never one of the prototype. */
export function fieldOf(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** The object without the fields that are undefined. */
export function defined(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** True when there is nothing in it. */
export function isEmpty(value: unknown): boolean {
  return value === undefined || (isObject(value) && Object.keys(value).length === 0);
}

/** Deepest nesting of a body and of what a patch makes; the walks over it are recursive. */
export const DEPTH_LIMIT = 500;

/** What is wrong with a value as JSON: it is too deep, goes in a circle, or holds what JSON has no form for. */
export function jsonProblem(value: unknown, depth = 0): string | undefined {
  if (depth > DEPTH_LIMIT) return 'exceeded max depth';
  if (typeof value !== 'object' || value === null) return scalarProblem(value);
  for (const part of partsOf(value)) {
    const problem = jsonProblem(part, depth + 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** How deep a value is nested: 0 for a scalar. */
export function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let below = 0;
  for (const part of partsOf(value)) below = Math.max(below, depthOf(part));
  return below + 1;
}

/** How many values a value is made of, itself included. */
export function sizeOf(value: unknown): number {
  let size = 1;
  for (const part of partsOf(value)) size += sizeOf(part);
  return size;
}

function partsOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return isObject(value) ? Object.values(value) : [];
}

function scalarProblem(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : 'a number is infinite';
  const isJson = value === null || typeof value === 'string' || typeof value === 'boolean';
  return isJson ? undefined : 'unsupported value';
}

/** Longest value that a message repeats, in characters. */
const SHOWN_LIMIT = 256;

/** The value as JSON for a message, cut where it is long. */
export function shown(value: unknown): string {
  return clip(JSON.stringify(value ?? null), SHOWN_LIMIT);
}

/** The value without the fields that are null, at any depth: no field of ours may be null, so null means absent. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const fields = Object.entries(value).filter(([, field]) => field !== null);
  return Object.fromEntries(fields.map(([name, field]) => [name, withoutNulls(field)]));
}
