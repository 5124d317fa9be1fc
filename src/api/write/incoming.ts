import type { FieldError } from '../../resources/field-error.ts';
import { API_VERSION } from '../../resources/kinds.ts';
import { checkSpec, checkStatus } from '../../resources/validation.ts';
import type { Stored, Write } from './contracts.ts';
import { fieldOf, isObject, shown, withoutNulls, type JsonObject } from './json.ts';
import { readMetadata, type Metadata } from './metadata.ts';
import { metadataProblems } from './metadata-problems.ts';
import { badRequest, invalid, problemsOf } from './problems.ts';
import { reportStrictly, undecodable, unrecognized } from './strictness.ts';

/** An object as a client wants it: without what the schema does not know, with defaults, and valid. */
export interface Incoming {
  readonly metadata: Metadata;
  readonly spec: Stored['spec'];
  readonly status: Stored['status'];
}

/** A document that says that it is an object of the right kind, at the right place. */
interface Document {
  readonly object: JsonObject;
  readonly metadata: Metadata;
  readonly unknown: readonly string[];
  readonly duplicates: readonly string[];
}

/**
 * Reads the object that a body or a patched document holds; `nameOf` says what it is called.
 * @throws ApiError 400 when it is not this kind of object or has unknown fields under Strict, 422 when it is not valid
 */
export function readIncoming(
  write: Write,
  value: unknown,
  duplicates: readonly string[],
  nameOf: (metadata: Metadata) => string,
): Incoming {
  const object = requireKind(write, value);
  const read = readMetadata(object['metadata']);
  if (read.problem !== undefined) throw undecodable(write, read.problem);
  requireNamespace(write, read.metadata);
  const metadata = { ...read.metadata, name: nameOf(read.metadata) };
  return checked(write, { object, metadata, unknown: read.unknown, duplicates });
}

function requireKind(write: Write, value: unknown): JsonObject {
  const { kind, request } = write;
  const { resource } = request;
  if (!isObject(value)) throw unrecognized(write, `it is no object, but ${shown(value)}`);
  const { apiVersion = '', kind: said = '' } = value;
  if (said === '') throw unrecognized(write, `Object 'Kind' is missing in '${shown(value)}'`);
  if (typeof said !== 'string' || typeof apiVersion !== 'string') {
    throw unrecognized(write, 'kind and apiVersion must be strings');
  }
  if (apiVersion !== API_VERSION) {
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${API_VERSION})`,
    );
  }
  if (said === kind) return value;
  const name = fieldOf(value['metadata'], 'name');
  const subject = {
    resource: { ...resource, kind: said },
    name: typeof name === 'string' ? name : '',
  };
  const body = `Invalid value: ${shown(said)}: must be ${kind}`;
  throw invalid(subject, [{ field: 'kind', reason: 'FieldValueInvalid', body }]);
}

function requireNamespace({ request }: Write, { namespace }: Metadata): void {
  if (namespace === '' || namespace === request.namespace) return;
  throw badRequest(
    'the namespace of the provided object does not match the namespace sent on the request',
  );
}

function checked(write: Write, document: Document): Incoming {
  const { kind, request, schema } = write;
  const { object, metadata } = document;
  const isStatus = request.subresource === 'status';
  const spec = checkSpec(kind, metadata, withoutNulls(object['spec']) ?? {});
  const status = checkStatus(kind, withoutNulls(object['status']) ?? {});
  const unknown = [
    ...document.unknown,
    ...Object.keys(object).filter((name) => !Object.hasOwn(schema.properties ?? {}, name)),
    ...spec.unknown,
    ...status.unknown,
  ];
  reportStrictly(write, unknown, document.duplicates);
  const problems = isStatus
    ? problemsOf(status.errors, object)
    : [...metadataProblems(metadata), ...problemsOf(specErrors(object, spec.errors), object)];
  if (problems.length > 0) throw invalid({ ...request, name: metadata.name }, problems);
  return { metadata, spec: spec.value, status: status.value };
}

/** Without those of metadata, which has texts of its own. */
function specErrors(object: JsonObject, errors: readonly FieldError[]): readonly FieldError[] {
  if (object['spec'] !== undefined && object['spec'] !== null) {
    return errors.filter(({ field }) => !field.startsWith('metadata.'));
  }
  return [{ field: 'spec', reason: 'FieldValueRequired', message: 'Required value' }];
}
