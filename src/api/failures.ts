import { OperatorError, type ErrorCode } from '../errors.ts';
import type { ApiAnswer, ServedResource } from './contracts.ts';
import { ApiError } from './status.ts';

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
 *
 * @remarks What the store says about one object is worded by whoever knows the object (write/store-errors.ts).
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

/** The answer that says what went wrong. */
export function statusAnswer(error: ApiError): ApiAnswer {
  const seconds = error.details?.retryAfterSeconds;
  return {
    status: error.code,
    ...(seconds === undefined ? {} : { headers: { 'Retry-After': String(seconds) } }),
    body: JSON.stringify(error.toStatus()),
  };
}

const NOT_WRITTEN =
  'the change is not stored: the state folder of the router cannot be written; see that its file system has space and is not read-only, then try again';

type Failure = (error: OperatorError) => ApiError;

const FAILURES: Readonly<Partial<Record<ErrorCode, Failure>>> = {
  RESOURCE_VERSION_EXPIRED: ({ details }) =>
    expired(`too old resource version: ${String(details['resourceVersion'])}`),
  // Without a Retry-After: with one, clients would try again for a minute before they show the message.
  STORE_WRITE_FAILED: () => new ApiError('ServiceUnavailable', NOT_WRITTEN),
};

function qualified({ group, plural }: Named): string {
  return group === '' ? plural : `${plural}.${group}`;
}

function groupOf({ group }: Named): { readonly group?: string } {
  return group === '' ? {} : { group };
}
