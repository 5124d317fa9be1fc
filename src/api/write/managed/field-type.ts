import type { Schema } from '../../../resources/schema.ts';
import { isObject } from '../json.ts';
import { keyElement, namedElement, valueElement } from './field-set.ts';

/** How a value is divided among owners: what is a leaf has one owner, whatever is in it. */
export type FieldType =
  | { readonly form: 'leaf' }
  | { readonly form: 'struct'; readonly fields: Readonly<Record<string, FieldType>> }
  | { readonly form: 'map' }
  | { readonly form: 'set' }
  | { readonly form: 'list'; readonly keys: readonly string[]; readonly item: FieldType };

const LEAF: FieldType = { form: 'leaf' };

const METADATA: FieldType = {
  form: 'struct',
  fields: { labels: { form: 'map' }, annotations: { form: 'map' } },
};

/** The type of an object with this schema; of metadata, the parts that anyone may own. */
export function objectType(schema: Schema): FieldType {
  const { spec, status } = schema.properties ?? {};
  return {
    form: 'struct',
    fields: {
      metadata: METADATA,
      ...(spec === undefined ? {} : { spec: fieldType(spec) }),
      ...(status === undefined ? {} : { status: fieldType(status) }),
    },
  };
}

function fieldType(schema: Schema): FieldType {
  if (schema.type === 'array') return listType(schema);
  if (schema.type !== 'object') return LEAF;
  const fields = Object.entries(schema.properties ?? {});
  return {
    form: 'struct',
    fields: Object.fromEntries(fields.map(([name, field]) => [name, fieldType(field)])),
  };
}

/** A list whose schema says nothing else is atomic. */
function listType(schema: Schema): FieldType {
  const form = schema['x-kubernetes-list-type'] ?? 'atomic';
  if (form === 'set') return { form };
  if (form === 'atomic' || schema.items === undefined) return LEAF;
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  return { form: 'list', keys, item: fieldType(schema.items) };
}

/** A part of a value. */
export interface Part {
  readonly value: unknown;
  readonly type: FieldType;
}

/** The parts of a value by their path elements; undefined for a leaf, none for a value that is not of the type. */
export function partsOf(type: FieldType, value: unknown): ReadonlyMap<string, Part> | undefined {
  switch (type.form) {
    case 'leaf':
      return undefined;
    case 'struct':
      return new Map(
        Object.entries(isObject(value) ? value : {}).map(([name, field]) => [
          namedElement(name),
          { value: field, type: fieldOfStruct(type.fields, name) },
        ]),
      );
    case 'map':
      return new Map(
        Object.entries(isObject(value) ? value : {}).map(([key, entry]) => [
          namedElement(key),
          { value: entry, type: LEAF },
        ]),
      );
    case 'set':
      return new Map(
        itemsOf(value).map((item) => [valueElement(item), { value: item, type: LEAF }]),
      );
    case 'list':
      return new Map(
        itemsOf(value).map((item) => [
          keyElement(keysOf(item, type.keys)),
          { value: item, type: type.item },
        ]),
      );
  }
}

function fieldOfStruct(fields: Readonly<Record<string, FieldType>>, name: string): FieldType {
  return (Object.hasOwn(fields, name) ? fields[name] : undefined) ?? LEAF;
}

function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function keysOf(item: unknown, keys: readonly string[]): Readonly<Record<string, unknown>> {
  const fields = isObject(item) ? item : {};
  return Object.fromEntries(
    keys.filter((key) => Object.hasOwn(fields, key)).map((key) => [key, fields[key]]),
  );
}

/** The value made of these parts again. */
export function joinParts(type: FieldType, parts: ReadonlyMap<string, unknown>): unknown {
  if (type.form === 'set' || type.form === 'list') return [...parts.values()];
  return Object.fromEntries([...parts].map(([element, value]) => [element.slice(2), value]));
}
