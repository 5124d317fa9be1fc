import type { IncomingHttpHeaders } from 'node:http';
import { ApiError } from '../status.ts';

/** What guards look at. */
export interface GuardedRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: IncomingHttpHeaders;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
  readonly httpVersion: string;
}

/** Loopback under its usual names, with any port: an SSH tunnel may end at another one. */
const HOST = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i;

/** Discovery says the same to everybody, and kubectl shows no message of a refusal there. */
const DISCOVERY = /^\/(?:version|api(?:\/[^/]+)?|apis(?:\/[^/]+){0,2}|openapi\/.*)\/?(?:\?|$)/;

const BODY_TYPES: ReadonlySet<string> = new Set([
  'application/json',
  'application/yaml',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/apply-patch+yaml',
  'application/strategic-merge-patch+json',
  'application/vnd.kubernetes.protobuf',
]);

/**
 * Refuses what no program that is meant to call sends: pages of a browser, wherever their name leads, and those who
 * would act as somebody else.
 *
 * @throws ApiError `Forbidden`; `BadRequest` for a request whose host two readers may see differently
 */
export function guardCaller(request: GuardedRequest): void {
  const { headers } = request;
  guardHostCount(request);
  if (headers.origin !== undefined) {
    throw new ApiError(
      'Forbidden',
      'requests of web pages are not served: take the Origin header out',
    );
  }
  // A name that somebody else's DNS leads to this address is not ours (DNS rebinding).
  if (headers.host === undefined || !HOST.test(headers.host)) {
    throw new ApiError(
      'Forbidden',
      'the API is served for the hosts localhost, 127.0.0.1 and [::1] only',
    );
  }
  if (impersonates(headers) && !isDiscovery(request)) {
    throw new ApiError('Forbidden', 'impersonation is not served: nobody may act as somebody else');
  }
}

/** RFC 9112, section 3.2: one Host, no more, and no less in HTTP/1.1. */
function guardHostCount({ rawHeaders, httpVersion }: GuardedRequest): void {
  const hosts = rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host');
  if (hosts.length > 1) throw new ApiError('BadRequest', 'the request has more than one Host');
  if (hosts.length === 0 && httpVersion === '1.1') {
    throw new ApiError('BadRequest', 'the request has no Host');
  }
}

function impersonates(headers: IncomingHttpHeaders): boolean {
  return Object.keys(headers).some((name) => name.startsWith('impersonate-'));
}

function isDiscovery({ method, url = '' }: GuardedRequest): boolean {
  return method === 'GET' && DISCOVERY.test(url);
}

/**
 * Refuses bodies of types that a browser sends without asking first, such as forms and plain text. A body without a
 * type is JSON, as `kubectl create --raw` sends it; pages are refused by their Origin.
 *
 * @throws ApiError `UnsupportedMediaType`
 */
export function guardBody({ method, headers }: Pick<GuardedRequest, 'method' | 'headers'>): void {
  if (method === 'GET' || method === 'HEAD') return;
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type === undefined || BODY_TYPES.has(type)) return;
  throw new ApiError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${[...BODY_TYPES].join(', ')}`,
  );
}
