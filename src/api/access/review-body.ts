import { ApiError } from '../status.ts';
import { bytesField, ProtobufError, readMessage, textField, type WireField } from './protobuf.ts';

/** What a self-review asks, whichever of the three it is. */
export interface ReviewQuestion {
  readonly apiVersion: string;
  readonly kind: string;
  readonly resource?: ResourceAttributes;
  readonly nonResource?: { readonly path: string; readonly verb: string };
  /** Of a rules review. */
  readonly namespace: string;
}

/** authorization/v1 ResourceAttributes; what is not set is empty. */
export interface ResourceAttributes {
  readonly namespace: string;
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
}

/** In the order of their field numbers (k8s.io/api/authorization/v1, generated.proto). */
const RESOURCE_FIELDS = [
  'namespace',
  'verb',
  'group',
  'version',
  'resource',
  'subresource',
  'name',
] as const satisfies readonly (keyof ResourceAttributes)[];

/** Longest body in bytes. */
export const REVIEW_BYTES = 65_536;

const MAGIC = Buffer.from('k8s\0', 'latin1');
const LONGEST_TEXT = 2_048;

/**
 * Reads the body of a self-review: JSON, or protobuf as kubectl sends it from 1.32 on (apimachinery, runtime/serializer/protobuf:
 * `k8s\0`, then a runtime.Unknown around the object).
 *
 * @throws ApiError `BadRequest`, `UnsupportedMediaType`
 */
export function readReview(contentType: string | undefined, body: Buffer): ReviewQuestion {
  const type = (contentType ?? '').split(';')[0]?.trim().toLowerCase();
  switch (type) {
    case 'application/json':
      return fromJson(body);
    case 'application/vnd.kubernetes.protobuf':
      return fromProtobuf(body);
    case undefined:
    default:
      throw new ApiError(
        'UnsupportedMediaType',
        'the body of the request was in an unknown format - accepted media types include: application/json, application/vnd.kubernetes.protobuf',
      );
  }
}

function fromProtobuf(body: Buffer): ReviewQuestion {
  try {
    if (!body.subarray(0, MAGIC.length).equals(MAGIC)) throw new ProtobufError('no prefix');
    const unknown = readMessage(body.subarray(MAGIC.length));
    const type = readMessage(bytesField(unknown, 1));
    const kind = textField(type, 2);
    const spec = readMessage(bytesField(readMessage(bytesField(unknown, 2)), 2));
    return bounded({ apiVersion: textField(type, 1), kind, ...specOf(kind, spec) });
  } catch (error) {
    if (!(error instanceof ProtobufError)) throw error;
    throw new ApiError('BadRequest', `the body of the request cannot be decoded: ${error.message}`);
  }
}

function specOf(
  kind: string,
  spec: ReadonlyMap<number, WireField>,
): Omit<ReviewQuestion, 'apiVersion' | 'kind'> {
  if (kind === 'SelfSubjectRulesReview') return { namespace: textField(spec, 1) };
  if (kind !== 'SelfSubjectAccessReview') return { namespace: '' };
  const resource = spec.has(1) ? readMessage(bytesField(spec, 1)) : undefined;
  const path = spec.has(2) ? readMessage(bytesField(spec, 2)) : undefined;
  return {
    namespace: '',
    ...(resource === undefined
      ? {}
      : { resource: resourceAttributes((_, number) => textField(resource, number)) }),
    ...(path === undefined
      ? {}
      : { nonResource: { path: textField(path, 1), verb: textField(path, 2) } }),
  };
}

function fromJson(body: Buffer): ReviewQuestion {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString('utf8'));
  } catch {
    throw new ApiError('BadRequest', 'the body of the request is no JSON');
  }
  const object = asObject(parsed, 'the review');
  const spec = asObject(object['spec'] ?? {}, 'spec');
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec;
  return bounded({
    apiVersion: asText(object['apiVersion']),
    kind: asText(object['kind']),
    namespace: asText(spec['namespace']),
    ...(isAbsent(resource) ? {} : { resource: resourceOfJson(resource) }),
    ...(isAbsent(path) ? {} : { nonResource: pathOfJson(path) }),
  });
}

function resourceOfJson(value: unknown): ResourceAttributes {
  const fields = asObject(value, 'spec.resourceAttributes');
  return resourceAttributes((name) => asText(fields[name]));
}

function pathOfJson(value: unknown): NonNullable<ReviewQuestion['nonResource']> {
  const { path, verb } = asObject(value, 'spec.nonResourceAttributes');
  return { path: asText(path), verb: asText(verb) };
}

function resourceAttributes(
  read: (name: (typeof RESOURCE_FIELDS)[number], number: number) => string,
): ResourceAttributes {
  const entries = RESOURCE_FIELDS.map((name, index) => [name, read(name, index + 1)] as const);
  return Object.fromEntries(entries) as unknown as ResourceAttributes;
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

function asObject(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw new ApiError('BadRequest', `${what} is no object`);
}

function asText(value: unknown): string {
  if (isAbsent(value)) return '';
  if (typeof value === 'string') return value;
  throw new ApiError('BadRequest', 'a field of the review is no text');
}

/** What comes back in the answer is short. */
function bounded(question: ReviewQuestion): ReviewQuestion {
  const { apiVersion, kind, namespace, resource, nonResource } = question;
  const parts: readonly Readonly<Record<string, string>>[] = [
    { apiVersion, kind, namespace },
    { ...resource },
    { ...nonResource },
  ];
  const texts = parts.flatMap((part) => Object.values(part));
  if (texts.every((text) => text.length <= LONGEST_TEXT)) return question;
  throw new ApiError(
    'BadRequest',
    `a field of the review is longer than ${LONGEST_TEXT} characters`,
  );
}
