import type { IncomingMessage } from 'node:http';
import type { ApiRequest, ApiUser } from '../contracts.ts';
import { ApiError } from '../status.ts';

/** Longest body of a request in bytes, as kube-apiserver has it. */
export const MAX_BODY_BYTES = 3 * 1_048_576;

/** Makes an {@link ApiRequest} of what came. @throws ApiError `BadRequest` for a target that is no path */
export function toApiRequest(
  request: IncomingMessage,
  user: ApiUser,
  signal: AbortSignal,
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
    body: () => (body ??= readBody(request)),
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

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = Number(request.headers['content-length'] ?? 0);
  if (length > MAX_BODY_BYTES) throw tooLarge();
  length = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    length += (chunk as Buffer).length;
    if (length > MAX_BODY_BYTES) throw tooLarge();
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

function tooLarge(): ApiError {
  return new ApiError(
    'RequestEntityTooLarge',
    `Request entity too large: limit is ${MAX_BODY_BYTES} bytes`,
  );
}
