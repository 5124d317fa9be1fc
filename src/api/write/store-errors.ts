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

/** What the store threw as a Status; anything unforeseen as it is. */
export function fromStoreError(error: unknown, subject: Subject): unknown {
  if (hasCode(error, 'RESOURCE_CONFLICT')) return conflict(subject);
  if (hasCode(error, 'RESOURCE_EXISTS')) return alreadyExists(subject);
  if (hasCode(error, 'RESOURCE_NOT_FOUND')) return notFound(subject);
  if (hasCode(error, 'RESOURCE_INVALID')) {
    const errors = (error.details['errors'] ?? []) as readonly FieldError[];
    return invalid(subject, problemsOf(errors, undefined));
  }
  // Without a Retry-After: with one, clients would try again for a minute before they show the message.
  if (hasCode(error, 'STORE_WRITE_FAILED')) {
    return Object.assign(new ApiError('ServiceUnavailable', NOT_WRITTEN), { cause: error });
  }
  return error;
}
