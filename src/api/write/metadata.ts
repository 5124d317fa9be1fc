import { isObject, type JsonObject } from './json.ts';

/** What a client may say in `metadata`, with the types that Kubernetes' ObjectMeta has. */
export interface Metadata {
  readonly name: string;
  readonly generateName: string;
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** As the client wrote it; it may be anything in a list. */
  readonly managedFields: readonly unknown[];
  readonly finalizers: readonly unknown[];
  readonly ownerReferences: readonly unknown[];
}

/** Metadata that was read. */
export interface ReadMetadata {
  readonly metadata: Metadata;
  /** Why it is not metadata at all; the first thing found. */
  readonly problem: string | undefined;
  /** Paths of fields that ObjectMeta does not have. */
  readonly unknown: readonly string[];
}

type Form = 'string' | 'integer' | 'map' | 'list';

/** Most labels, and most annotations: each one is checked and tracked by itself while nothing else is served. */
const ENTRIES_LIMIT = 1000;

const FIELDS: Readonly<Record<string, Form>> = {
  name: 'string',
  generateName: 'string',
  namespace: 'string',
  selfLink: 'string',
  uid: 'string',
  resourceVersion: 'string',
  generation: 'integer',
  creationTimestamp: 'string',
  deletionTimestamp: 'string',
  deletionGracePeriodSeconds: 'integer',
  labels: 'map',
  annotations: 'map',
  ownerReferences: 'list',
  finalizers: 'list',
  managedFields: 'list',
};

/** Reads the metadata of an object (Kubernetes API, meta/v1 ObjectMeta). */
export function readMetadata(value: unknown): ReadMetadata {
  const fields = isObject(value) ? value : {};
  const problem =
    value === undefined || value === null || isObject(value)
      ? firstProblem(fields)
      : 'metadata must be an object';
  const unknown = Object.keys(fields).filter((name) => !Object.hasOwn(FIELDS, name));
  const metadata: Metadata = {
    name: text(fields['name']),
    generateName: text(fields['generateName']),
    namespace: text(fields['namespace']),
    uid: text(fields['uid']),
    resourceVersion: text(fields['resourceVersion']),
    labels: map(fields['labels']),
    annotations: map(fields['annotations']),
    managedFields: list(fields['managedFields']),
    finalizers: list(fields['finalizers']),
    ownerReferences: list(fields['ownerReferences']),
  };
  return { metadata, problem, unknown: unknown.map((name) => `metadata.${name}`) };
}

function firstProblem(fields: JsonObject): string | undefined {
  for (const [name, form] of Object.entries(FIELDS)) {
    const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (value === undefined || value === null) continue;
    const problem = CHECKS[form](value);
    if (problem !== undefined) return `metadata.${name}${problem}`;
  }
  return undefined;
}

const CHECKS: Readonly<Record<Form, (value: unknown) => string | undefined>> = {
  string: (value) => (typeof value === 'string' ? undefined : ' must be a string'),
  integer: (value) => (Number.isInteger(value) ? undefined : ' must be an integer'),
  list: (value) => (Array.isArray(value) ? undefined : ' must be a list'),
  map: (value) => {
    if (!isObject(value)) return ' must be an object';
    if (Object.keys(value).length > ENTRIES_LIMIT)
      return ` must have at most ${ENTRIES_LIMIT} entries`;
    const wrong = Object.entries(value).find(
      ([, entry]) => entry !== null && typeof entry !== 'string',
    );
    return wrong === undefined ? undefined : `.${wrong[0]} must be a string`;
  },
};

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Go reads null as the empty string of a map of strings. */
function map(value: unknown): Readonly<Record<string, string>> {
  if (!isObject(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, text(entry)]));
}
