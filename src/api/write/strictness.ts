import type { ApiError } from '../status.ts';
import type { Write } from './contracts.ts';
import { badRequest, invalidOf, listed } from './problems.ts';

/**
 * Says what a body has too much of: as warnings, as a refusal, or not at all, as `fieldValidation` wants.
 * @throws ApiError 400, and 422 for a patch, under Strict
 */
export function reportStrictly(
  write: Write,
  unknown: readonly string[],
  duplicates: readonly string[],
): void {
  const { options, warnings } = write;
  if (options.fieldValidation === 'Ignore') return;
  const texts = [
    ...duplicates.map((field) => `duplicate field "${field}"`),
    ...listed(unknown).map((field) => `unknown field "${field}"`),
  ];
  if (texts.length === 0) return;
  if (options.fieldValidation === 'Warn') warnings.push(...texts);
  else throw undecodable(write, `strict decoding error: ${texts.join(', ')}`);
}

/** The refusal of an object of the right kind that cannot be read as one. */
export function undecodable({ request }: Write, why: string): ApiError {
  const { kind, version } = request.resource;
  return request.verb === 'patch'
    ? unreadablePatch(why)
    : badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${why}`);
}

/** The refusal of what says of no object what it is. */
export function unrecognized({ request }: Write, why: string): ApiError {
  const { kind } = request.resource;
  return request.verb === 'patch'
    ? unreadablePatch(why)
    : badRequest(`the object provided is unrecognized (must be of type ${kind}): ${why}`);
}

/** Kubernetes repeats the whole patched object here; nobody can read that on a terminal. */
function unreadablePatch(why: string): ApiError {
  const body = `Invalid value: "{…}": ${why}`;
  return invalidOf('', {}, [{ field: 'patch', reason: 'FieldValueInvalid', body }]);
}
