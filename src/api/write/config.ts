import { checkSpec, checkStatus } from '../../resources/validation.ts';
import type { FieldError } from '../../resources/field-error.ts';
import { API_VERSION } from '../../resources/kinds.ts';
import type { Body } from './body.ts';
import type { Write } from './contracts.ts';
import {
  defined,
  fieldOf,
  isEmpty,
  isObject,
  shown,
  withoutNulls,
  type JsonObject,
} from './json.ts';
import { readMetadata, type Metadata } from './metadata.ts';
import { badRequest, invalid, listed, problemsOf } from './problems.ts';

/** A configuration that somebody applies. */
export interface Config {
  /** The whole of it, as it was sent. */
  readonly object: JsonObject;
  readonly metadata: Metadata;
  /** The parts that the request may change: status for /status, all else otherwise. */
  readonly value: JsonObject;
}

/**
 * Reads the configuration of an apply.
 * @throws ApiError 400 when it is none of this kind, or does not fit the schema: an apply drops no fields
 */
export function configOf(write: Write, { value, duplicates }: Body): Config {
  const { request } = write;
  if (value !== null && !isObject(value)) {
    throw badRequest(`error decoding YAML: the body is no object, but ${shown(value)}`);
  }
  const object = value ?? {};
  requireKind(write, object);
  const managedFields = fieldOf(object['metadata'], 'managedFields');
  if (managedFields !== undefined && managedFields !== null) {
    throw badRequest('metadata.managedFields must be nil');
  }
  reportDuplicates(write, duplicates);
  const metadata = requireTyped(write, object);
  if (metadata.namespace !== '' && metadata.namespace !== request.namespace) {
    throw badRequest(
      'the namespace of the provided object does not match the namespace sent on the request',
    );
  }
  return { object, metadata, value: ownedPart(write, object, metadata) };
}

function requireKind({ kind }: Write, { apiVersion = '/', kind: said = '' }: JsonObject): void {
  if (apiVersion === API_VERSION && said === kind) return;
  const text = (part: unknown): string => (typeof part === 'string' ? part : shown(part));
  throw badRequest(`invalid object type: ${text(apiVersion)}, Kind=${text(said)}`);
}

function reportDuplicates({ options, warnings }: Write, duplicates: readonly string[]): void {
  const texts = duplicates.map((field) => `duplicate field "${field}"`);
  if (options.fieldValidation === 'Warn') warnings.push(...texts);
  if (options.fieldValidation !== 'Strict' || texts.length === 0) return;
  throw badRequest(`error strict decoding YAML: ${texts.join(', ')}`);
}

/** What a value must be before fields can be told apart in it; all else is validated on the merged object. */
const TYPE_REASONS: readonly string[] = ['FieldValueTypeInvalid', 'FieldValueDuplicate'];

function requireTyped(write: Write, object: JsonObject): Metadata {
  const { kind, schema } = write;
  const { metadata, problem, unknown } = readMetadata(object['metadata']);
  if (problem !== undefined) throw untyped(write, metadata, [`.${problem}`]);
  const spec = checkSpec(kind, metadata, withoutNulls(object['spec']) ?? {});
  const status = checkStatus(kind, withoutNulls(object['status']) ?? {});
  const errors = [...spec.errors, ...status.errors];
  requireShortLists(write, object, errors);
  const undeclared = [
    ...Object.keys(object).filter((name) => !Object.hasOwn(schema.properties ?? {}, name)),
    ...unknown,
    ...spec.unknown,
    ...status.unknown,
  ];
  const problems = [
    ...undeclared.map((field) => `.${field}: field not declared in schema`),
    ...errors
      .filter(({ reason }) => TYPE_REASONS.includes(reason))
      .map(({ field, message }) => `.${field}: ${message}`),
  ];
  if (problems.length === 0) return metadata;
  throw untyped(write, metadata, problems);
}

/** A list that is too long anyway is not looked into, so what is in it cannot be told apart. */
function requireShortLists(
  { request }: Write,
  object: JsonObject,
  errors: readonly FieldError[],
): void {
  const tooMany = errors.filter(({ reason }) => reason === 'FieldValueTooMany');
  if (tooMany.length > 0)
    throw invalid({ ...request, name: request.name ?? '' }, problemsOf(tooMany, object));
}

function untyped({ kind, request }: Write, { name }: Metadata, problems: readonly string[]): Error {
  const { group, version } = request.resource;
  const what = `${request.namespace ?? ''}/${name}; ${group}/${version}, Kind=${kind}`;
  const list = listed(problems).join(', ');
  return badRequest(`failed to create typed patch object (${what}): ${list}`);
}

/** An empty object is applied too, and owned; null says nothing. */
function ownedPart({ request }: Write, object: JsonObject, metadata: Metadata): JsonObject {
  const part = (value: unknown): unknown => withoutNulls(value) ?? undefined;
  if (request.subresource === 'status') return defined({ status: part(object['status']) });
  const given = fieldOf(object, 'metadata');
  const texts = (name: 'labels' | 'annotations'): unknown =>
    isObject(fieldOf(given, name)) ? metadata[name] : undefined;
  const meta = defined({ labels: texts('labels'), annotations: texts('annotations') });
  return defined({ metadata: isEmpty(meta) ? undefined : meta, spec: part(object['spec']) });
}
