import type { FieldError } from '../../resources/field-error.ts';
import { ApiError, type StatusCause } from '../status.ts';
import type { ServedResource } from '../contracts.ts';
import { clip } from '../../resources/text.ts';
import { fieldOf, shown } from './json.ts';

/** Most errors, fields or conflicts that a message lists. */
export const LIST_LIMIT = 50;
/** Longest field, name or other text of a client that a message repeats, in characters. */
const REPEATED_LIMIT = 256;
/** Longest message, in characters: room for all fields that it may list. */
const MESSAGE_LIMIT = 16_384;

/** As many fields as a message lists, and of a long one its beginning. */
export function listed(fields: readonly string[]): readonly string[] {
  return fields.slice(0, LIST_LIMIT).map((field) => clip(field, REPEATED_LIMIT));
}

/** What is wrong with a field, with all reasons that Kubernetes has and we use. */
export interface Problem {
  readonly field: string;
  readonly reason: FieldError['reason'] | 'FieldValueForbidden';
  /** The text after `spec.path: `. */
  readonly body: string;
}

/** The resource and name that errors are about. */
export interface Subject {
  readonly resource: Pick<ServedResource, 'group' | 'kind' | 'plural'>;
  readonly name: string;
}

/** A 400 with this message. */
export function badRequest(message: string): ApiError {
  return new ApiError('BadRequest', clip(message, MESSAGE_LIMIT));
}

/** A 422: the object is read, and not valid. */
export function invalid({ resource, name }: Subject, problems: readonly Problem[]): ApiError {
  const { group, kind } = resource;
  return invalidOf(group === '' ? kind : `${kind}.${group}`, { name, group, kind }, problems);
}

/** A 422 about what stands beside the object, such as options or a patch. */
export function invalidOf(
  title: string,
  {
    name: fullName = '',
    ...names
  }: { readonly name?: string; readonly group?: string; readonly kind?: string },
  problems: readonly Problem[],
): ApiError {
  const name = clip(fullName, REPEATED_LIMIT);
  const lines = problems.map(({ field, body }) => `${field}: ${body}`);
  const [only = ''] = lines;
  const list = lines.length === 1 ? only : `[${lines.join(', ')}]`;
  const causes = problems.map(({ field, reason, body }): StatusCause => ({
    reason,
    message: body,
    field,
  }));
  const details = { ...(name === '' ? {} : { name }), ...names, causes };
  return new ApiError('Invalid', `${title} "${name}" is invalid: ${list}`, details);
}

/** The errors of our own validation as Kubernetes words them, with the value that a person wrote. */
export function problemsOf(errors: readonly FieldError[], object: unknown): readonly Problem[] {
  return errors.slice(0, LIST_LIMIT).map((error) => ({
    field: error.field,
    reason: error.reason,
    body: bodyOf(error, valueAt(object, error.field)),
  }));
}

function bodyOf({ field, reason, message }: FieldError, value: unknown): string {
  switch (reason) {
    case 'FieldValueRequired':
      return 'Required value';
    case 'FieldValueNotSupported':
      return `Unsupported value: ${shown(value)}: ${message}`;
    case 'FieldValueDuplicate':
      return `Duplicate value: ${shown(value)}`;
    case 'FieldValueTooLong':
      return `Too long: ${message}`;
    case 'FieldValueTooMany':
      return `Too many: ${Array.isArray(value) ? value.length : 0}: ${message}`;
    case 'FieldValueTypeInvalid':
      return `Invalid value: "${typeOf(value)}": ${field} in body ${message}: "${typeOf(value)}"`;
    case 'FieldValueInvalid':
      return `Invalid value: ${shown(value)}: ${message.startsWith('should ') ? `${field} in body ` : ''}${message}`;
  }
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

/** The value at a path such as `status.tasks[3].id` or `metadata.labels[app]`; undefined when there is none. */
function valueAt(object: unknown, path: string): unknown {
  let value = object;
  for (const [, name, key = ''] of path.matchAll(/([^.[\]]+)|\[([^\]]*)\]/g)) {
    if (name !== undefined) value = fieldOf(value, name);
    else value = Array.isArray(value) ? (value[Number(key)] as unknown) : fieldOf(value, key);
  }
  return value;
}

/** A 404: there is no such object. */
export function notFound({ resource, name }: Subject): ApiError {
  const { group, plural } = resource;
  const title = group === '' ? plural : `${plural}.${group}`;
  return new ApiError('NotFound', `${title} "${name}" not found`, { name, group, kind: plural });
}

/** A 404: there is no such namespace. */
export function namespaceNotFound(name: string): ApiError {
  return new ApiError('NotFound', `namespaces "${name}" not found`, { name, kind: 'namespaces' });
}

/** A 409: the object is not the one that the writer means. */
export function conflict({ resource, name }: Subject, why: string = STALE): ApiError {
  return conflictOf(resource.group, resource.plural, name, why);
}

/** A 409 of a delete, which names the kind where others name the plural (apiserver, BeforeDelete). */
export function deleteConflict({ resource, name }: Subject, why: string): ApiError {
  return conflictOf(resource.group, resource.kind, name, why);
}

function conflictOf(group: string, kind: string, name: string, why: string): ApiError {
  const title = group === '' ? kind : `${kind}.${group}`;
  const message = `Operation cannot be fulfilled on ${title} "${name}": ${why}`;
  return new ApiError('Conflict', clip(message, MESSAGE_LIMIT), { name, group, kind });
}

const STALE =
  'the object has been modified; please apply your changes to the latest version and try again';

/** A 409: there is an object of this name. */
export function alreadyExists({ resource, name }: Subject): ApiError {
  const { group, plural } = resource;
  const title = group === '' ? plural : `${plural}.${group}`;
  return new ApiError('AlreadyExists', `${title} "${name}" already exists`, {
    name,
    group,
    kind: plural,
  });
}
