import type { IncomingMessage } from 'node:http';
import type { ApiRequest, ApiUser } from '../contracts.ts';
import { ApiError } from '../status.ts';

/** What an {@link ApiRequest} gets beside what came. */
export interface RequestContext {
  readonly user: ApiUser;
  /** Reads the body, of at most this many bytes. */
  readonly readBody: (limit: number) => Promise<Buffer>;
  readonly signal: AbortSignal;
}

/** Makes an {@link ApiRequest} of what came. @throws ApiError `BadRequest` for a target that is no path */
export function toApiRequest(
  request: Pick<IncomingMessage, 'method' | 'url' | 'headers'>,
  { user, readBody, signal }: RequestContext,
): ApiRequest {
  const { method = 'GET', url = '' } = request;
  const at = url.indexOf('?');
  let body: Promise<Buffer> | undefined;
  return {
    method,
    path: decodePath(at < 0 ? url : url.slice(0, at)),
    query: new URLSearchParams(at < 0 ? '' : url.slice(at + 1)),
    // The API has no use for the credential.
    headers: { ...request.headers, authorization: undefined },
    user,
    body: (limit) => (body ??= readBody(limit)),
    signal,
  };
}

function decodePath(raw: string): string {
  try {
    if (raw.startsWith('/')) return decodeURIComponent(raw);
  } catch {
    // Said below.
  }
  throw new ApiError('BadRequest', 'the target of the request is no path');
}
