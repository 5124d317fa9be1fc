import type { FieldError } from '../../resources/field-error.ts';
import { OperatorError, type ErrorCode } from '../../errors.ts';
import { toApiError } from '../failures.ts';
import type { ApiError } from '../status.ts';
import {
  alreadyExists,
  conflict,
  invalid,
  notFound,
  problemsOf,
  type Subject,
} from './problems.ts';

type Failure = (subject: Subject, error: OperatorError) => ApiError;

const FAILURES: Partial<Readonly<Record<ErrorCode, Failure>>> = {
  RESOURCE_CONFLICT: (subject) => conflict(subject),
  RESOURCE_EXISTS: alreadyExists,
  RESOURCE_NOT_FOUND: notFound,
  RESOURCE_INVALID: (subject, { details }) =>
    invalid(subject, problemsOf((details['errors'] ?? []) as readonly FieldError[], undefined)),
};

/**
 * What a writer hears of anything that was thrown, about the object that the store names, or this one; undefined when that is nothing
 * that he did.
 */
export function fromStoreError(error: unknown, { resource, name }: Subject): ApiError | undefined {
  if (!(error instanceof OperatorError)) return toApiError(error);
  const named = error.details['name'];
  const subject = { resource, name: typeof named === 'string' ? named : name };
  return FAILURES[error.code]?.(subject, error) ?? toApiError(error);
}
