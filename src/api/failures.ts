import { OperatorError, type ErrorCode } from '../errors.ts';
import type { ServedResource } from './contracts.ts';
import { ApiError, type StatusDetails } from './status.ts';

type Named = Pick<ServedResource, 'group' | 'plural'>;

/** Nothing is served at this path. */
export function unknownPath(): ApiError {
  return new ApiError('NotFound', 'the server could not find the requested resource', {});
}

/** There is no object of this name. */
export function notFound(resource: Named, name: string): ApiError {
  return new ApiError('NotFound', `${qualified(resource)} "${name}" not found`, {
    name,
    ...groupOf(resource),
    kind: resource.plural,
  });
}

/** What stands at this path does not take this method. */
export function methodNotAllowed(
  resource?: Pick<ServedResource, 'group' | 'plural' | 'readOnlyMessage'>,
): ApiError {
  return new ApiError(
    'MethodNotAllowed',
    resource?.readOnlyMessage ?? 'the server does not allow this method on the requested resource',
    resource === undefined ? {} : { ...groupOf(resource), kind: resource.plural },
  );
}

/** The version is one that the store no longer, or not yet, knows the changes after: list again. */
export function expired(message: string): ApiError {
  return new ApiError('Expired', message);
}

/**
 * What the caller hears of anything that was thrown; undefined when that is nothing that he did, and has to be logged.
 */
export function toApiError(thrown: unknown): ApiError | undefined {
  if (thrown instanceof ApiError) return thrown;
  if (!(thrown instanceof OperatorError)) return undefined;
  return FAILURES[thrown.code]?.(thrown);
}

/** What the caller hears when something broke that is none of his business. */
export function internalError(): ApiError {
  return new ApiError('InternalError', 'the router failed; its log says why');
}

type Failure = (error: OperatorError) => ApiError;

const FAILURES: Readonly<Partial<Record<ErrorCode, Failure>>> = {
  RESOURCE_NOT_FOUND: (error) => new ApiError('NotFound', error.message, detailsOf(error)),
  RESOURCE_EXISTS: (error) => new ApiError('AlreadyExists', error.message, detailsOf(error)),
  RESOURCE_CONFLICT: (error) => new ApiError('Conflict', error.message, detailsOf(error)),
  RESOURCE_INVALID: (error) => new ApiError('Invalid', error.message, detailsOf(error)),
  RESOURCE_VERSION_EXPIRED: ({ details }) =>
    expired(`too old resource version: ${String(details['resourceVersion'])}`),
  STORE_WRITE_FAILED: ({ message }) =>
    new ApiError('ServiceUnavailable', message, { retryAfterSeconds: 1 }),
};

function detailsOf({ details }: OperatorError): StatusDetails {
  const { kind, name } = details;
  return {
    ...(typeof kind === 'string' ? { kind } : {}),
    ...(typeof name === 'string' ? { name } : {}),
  };
}

function qualified({ group, plural }: Named): string {
  return group === '' ? plural : `${plural}.${group}`;
}

function groupOf({ group }: Named): { readonly group?: string } {
  return group === '' ? {} : { group };
}
