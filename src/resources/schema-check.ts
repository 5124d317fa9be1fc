// A validator of our own: structural schemas are a small part of OpenAPI, the field errors must read as those of
// Kubernetes do, and unknown fields are dropped in the same walk; ajv would need a compiler at run time for less.
import type { FieldError } from './field-error.ts';
import type { Schema } from './schema.ts';

/** A value that was held against a schema. */
export interface Checked<T> {
  /** The value without the fields that the schema does not know, and with the defaults of those that are absent. */
  readonly value: T;
  readonly errors: readonly FieldError[];
  /** Paths of the fields that the schema does not know. */
  readonly unknown: readonly string[];
}

interface Walk {
  readonly errors: FieldError[];
  readonly unknown: string[];
}

function report(walk: Walk, field: string, reason: FieldError['reason'], message: string): void {
  walk.errors.push({ field, reason, message });
}

/** Holds a value against a schema; `path` stands before the paths of its fields. */
export function checkSchema<T>(schema: Schema, value: unknown, path: string): Checked<T> {
  const walk: Walk = { errors: [], unknown: [] };
  const kept = checkNode(schema, value, path, walk);
  return { value: kept as T, errors: walk.errors, unknown: walk.unknown };
}

function checkNode(schema: Schema, value: unknown, path: string, walk: Walk): unknown {
  if (isRecord(value) && schema.type === 'object') return checkObject(schema, value, path, walk);
  if (Array.isArray(value) && schema.type === 'array') return checkArray(schema, value, path, walk);
  const error = scalarError(schema, value);
  if (error !== undefined) report(walk, path, ...error);
  return value;
}

type Problem = readonly [reason: FieldError['reason'], message: string];

function scalarError(schema: Schema, value: unknown): Problem | undefined {
  if (typeof value === 'string' && schema.type === 'string') return stringError(schema, value);
  if (Number.isSafeInteger(value) && schema.type === 'integer') {
    return integerError(schema, value as number);
  }
  if (typeof value === 'boolean' && schema.type === 'boolean') return undefined;
  return ['FieldValueTypeInvalid', `must be of type ${schema.type}`];
}

function checkObject(
  schema: Schema,
  value: Readonly<Record<string, unknown>>,
  path: string,
  walk: Walk,
): unknown {
  for (const name of schema.required ?? []) {
    if (value[name] !== undefined) continue;
    report(walk, `${path}.${name}`, 'FieldValueRequired', 'Required value');
  }
  const kept: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(value)) {
    const known = knownProperty(schema, name);
    if (known === undefined) walk.unknown.push(`${path}.${name}`);
    else if (field !== undefined) kept[name] = checkNode(known, field, `${path}.${name}`, walk);
  }
  return withDefaults(schema, kept);
}

function withDefaults(
  { properties = {} }: Schema,
  value: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const defaults = Object.entries(properties).flatMap(([name, { default: standard }]) =>
    standard === undefined || value[name] !== undefined ? [] : [[name, standard] as const],
  );
  return defaults.length === 0 ? value : { ...value, ...Object.fromEntries(defaults) };
}

function knownProperty({ properties = {} }: Schema, name: string): Schema | undefined {
  return Object.hasOwn(properties, name) ? properties[name] : undefined;
}

function checkArray(schema: Schema, value: readonly unknown[], path: string, walk: Walk): unknown {
  const { items, maxItems } = schema;
  if (maxItems !== undefined && value.length > maxItems) {
    report(walk, path, 'FieldValueTooMany', `must have at most ${maxItems} items`);
    return value;
  }
  if (items === undefined) return value;
  const kept = value.map((item, index) => checkNode(items, item, `${path}[${index}]`, walk));
  checkDuplicates(schema, kept, path, walk);
  return kept;
}

function checkDuplicates(
  schema: Schema,
  items: readonly unknown[],
  path: string,
  walk: Walk,
): void {
  const listType = schema['x-kubernetes-list-type'];
  if (listType === undefined || listType === 'atomic') return;
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const seen = new Set<string>();
  items.forEach((item, index) => {
    const parts =
      listType === 'set' ? [item] : keys.map((key) => (isRecord(item) ? item[key] : item));
    const identity = JSON.stringify(parts);
    if (seen.has(identity)) {
      const what = listType === 'set' ? 'value' : keys.join(' and ');
      report(walk, `${path}[${index}]`, 'FieldValueDuplicate', `another item has the same ${what}`);
    }
    seen.add(identity);
  });
}

function stringError(schema: Schema, value: string): Problem | undefined {
  const { minLength = 0, maxLength = Infinity } = schema;
  if (schema.enum !== undefined && !schema.enum.includes(value)) {
    const values = schema.enum.map((choice) => `"${choice}"`).join(', ');
    return ['FieldValueNotSupported', `supported values: ${values}`];
  }
  if (isLongerThan(value, maxLength)) {
    return ['FieldValueTooLong', `may not be longer than ${maxLength} characters`];
  }
  if (value.length < minLength) {
    return ['FieldValueInvalid', `should be at least ${minLength} chars long`];
  }
  return formError(schema, value);
}

function formError({ pattern, format }: Schema, value: string): Problem | undefined {
  if (pattern !== undefined && !new RegExp(pattern, 'u').test(value)) {
    return ['FieldValueInvalid', `should match '${pattern}'`];
  }
  if (format === 'date-time' && !DATE_TIME.test(value)) {
    return ['FieldValueInvalid', 'must be a time as RFC 3339 writes it'];
  }
  return undefined;
}

function integerError(schema: Schema, value: number): Problem | undefined {
  const [low, high] = integerBounds(schema);
  if (value < low) return ['FieldValueInvalid', `should be greater than or equal to ${low}`];
  if (value > high) return ['FieldValueInvalid', `should be less than or equal to ${high}`];
  return undefined;
}

function integerBounds(schema: Schema): readonly [low: number, high: number] {
  const format = schema.format === 'int32' ? 2 ** 31 : Number.MAX_SAFE_INTEGER;
  return [schema.minimum ?? -format, schema.maximum ?? format - 1];
}

/** Kubernetes counts code points; each has one or two code units. */
function isLongerThan(text: string, limit: number): boolean {
  return text.length > 2 * limit || (text.length > limit && Array.from(text).length > limit);
}

const DATE_TIME =
  /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
