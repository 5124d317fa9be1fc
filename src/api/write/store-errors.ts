import type { FieldError } from '../../resources/field-error.ts';
import { OperatorError, type ErrorCode } from '../../errors.ts';
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

type Failure = (subject: Subject, error: OperatorError) => ApiError;

const FAILURES: Partial<Readonly<Record<ErrorCode, Failure>>> = {
  RESOURCE_CONFLICT: (subject) => conflict(subject),
  RESOURCE_EXISTS: alreadyExists,
  RESOURCE_NOT_FOUND: notFound,
  RESOURCE_INVALID: (subject, { details }) =>
    invalid(subject, problemsOf((details['errors'] ?? []) as readonly FieldError[], undefined)),
  // Without a Retry-After: with one, clients would try again for a minute before they show the message.
  STORE_WRITE_FAILED: (_subject, cause) =>
    Object.assign(new ApiError('ServiceUnavailable', NOT_WRITTEN), { cause }),
};

/** What the store threw as a Status, about the object that it names; anything unforeseen as it is. */
export function fromStoreError(error: unknown, { resource, name }: Subject): unknown {
  if (!(error instanceof OperatorError)) return error;
  const named = error.details['name'];
  const subject = { resource, name: typeof named === 'string' ? named : name };
  return FAILURES[error.code]?.(subject, error) ?? error;
}
