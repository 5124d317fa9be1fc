import { isDict, type Dict } from './json.ts';
import { validationError } from './refusal.ts';

/** A required string of a body. @throws ApiRefusal 400/12 when it is missing or no string. */
export function requiredText(body: Dict, field: string): string {
  const value = body[field];
  if (value === undefined || value === null) {
    throw validationError(`error for field '${field}'. field is required!`);
  }
  if (typeof value !== 'string') throw wrongType(field, 'str');
  return value;
}

/** An optional string of a body. @throws ApiRefusal 400/12 when it is no string. */
export function optionalText(body: Dict, field: string): string | undefined {
  const value = body[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw wrongType(field, 'str');
  return value;
}

/** A list of strings; a bare string counts as a list of one. @throws ApiRefusal 400/12. */
export function textList(body: Dict, field: string): readonly string[] {
  const value = body[field];
  if (value === undefined || value === null) return [];
  if (typeof value === 'string') return [value];
  if (!Array.isArray(value)) throw wrongType(field, 'list');
  return value.filter((item): item is string => typeof item === 'string');
}

/** A list of objects. @throws ApiRefusal 400/12. */
export function dictList(body: Dict, field: string): readonly Dict[] {
  const value = body[field];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw wrongType(field, 'list');
  return value.filter(isDict);
}

/** A flag as ClearML coerces it: true, 1 and "true" are true (protocol 9.4). */
export function flag(body: Dict, field: string): boolean {
  const value = body[field];
  return value === true || value === 1 || value === 'true' || value === 'True' || value === '1';
}

/** 400/12 for a value of the wrong type. */
export function wrongType(field: string, expected: string): Error {
  return validationError(
    `error for field '${field}': ('value is wrong, expected type "${expected}"').`,
  );
}
