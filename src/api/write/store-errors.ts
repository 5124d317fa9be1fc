import type { FieldError } from '../../resources/field-error.ts';
import { hasCode } from '../../errors.ts';
import { ApiError } from '../status.ts';
import {
  alreadyExists,
  conflict,
  invalid,
  notFound,
  problemsOf,
  type Subject,
} from './problems.ts';

const NOT_WRITTEN =
  'the change is not stored: the state folder of the router cannot be written; see that its file system has space and is not read-only, then try again';

/** Seconds after which a client may try again what the disk refused. */
const RETRY_AFTER = 5;

/** What the store threw as a Status; anything unforeseen as it is. */
export function fromStoreError(error: unknown, subject: Subject): unknown {
  if (hasCode(error, 'RESOURCE_CONFLICT')) return conflict(subject);
  if (hasCode(error, 'RESOURCE_EXISTS')) return alreadyExists(subject);
  if (hasCode(error, 'RESOURCE_NOT_FOUND')) return notFound(subject);
  if (hasCode(error, 'RESOURCE_INVALID')) {
    const errors = (error.details['errors'] ?? []) as readonly FieldError[];
    return invalid(subject, problemsOf(errors, undefined));
  }
  if (hasCode(error, 'STORE_WRITE_FAILED')) {
    const details = { retryAfterSeconds: RETRY_AFTER };
    return Object.assign(new ApiError('ServiceUnavailable', NOT_WRITTEN, details), {
      cause: error,
    });
  }
  return error;
}
