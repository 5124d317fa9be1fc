import { createHash } from 'node:crypto';

/** Which endpoint of which task: what names, paths and URLs are made from. */
export interface EndpointId {
  readonly task: string;
  readonly protocol: 'http' | 'tcp';
  /** Empty for the default endpoint. */
  readonly endpointName: string;
}

/** The path prefix of every task's http endpoints on the host of the router. */
const SERVICE_PREFIX = '/service/';

const SLUG = /^[a-z0-9](?:[a-z0-9-]{0,18}[a-z0-9])?$/;
const LABEL_VALUE = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * The part of names and URLs that stands for an endpoint's name: the name itself where it is a short DNS
 * label, else its first 20 characters cleaned, a dash and 8 hex of its SHA-256.
 *
 * @remarks Two dashes never stand in it beside each other, so `<task id>--<slug>` splits in one way only.
 */
export function endpointSlug(name: string): string {
  if (SLUG.test(name) && !name.includes('--')) return name;
  const cleaned = clean(name, 20);
  return cleaned === '' ? hash8(name) : `${cleaned}-${hash8(name)}`;
}

/**
 * The key of an http route in the route table: the path segment after `/service/`, or the first label of its own host. It has 63
 * characters at most, as a label may (RFC 1035, section 2.3.4).
 */
export function routeKey(id: EndpointId): string {
  return id.endpointName === '' ? id.task : `${id.task}--${endpointSlug(id.endpointName)}`;
}

/** The name of a TaskRoute: `<task id>[--<slug>].<http|tcp>`. */
export function taskRouteName(id: EndpointId): string {
  return `${routeKey(id)}.${id.protocol}`;
}

/** The name of a TaskRoute whose own name another endpoint of the task has: it is refused, and shown beside the other. */
export function conflictRouteName({ task, protocol, endpointName }: EndpointId): string {
  const cleaned = clean(endpointName, 20);
  // Of a text that no endpoint is called, so that it is nobody's slug.
  const hash = hash8(`\0${endpointName}`);
  return `${task}--${cleaned === '' ? hash : `${cleaned}-${hash}`}.${protocol}`;
}

/** Where users reach http endpoints. */
export interface HttpPlace {
  /** Public URL of the router, without a path and without a trailing slash. */
  readonly routerUrl: string;
  /** Domain under which each endpoint has a host of its own; absent where all share the host of the router. */
  readonly routeDomain?: string;
}

/**
 * The public URL of an http endpoint, with a slash at its end. A host of its own has scheme and port of the router.
 *
 * @example endpointUrl({ routerUrl: 'https://gw.example', routeDomain: 'apps.example' }, id) // 'https://<key>.apps.example/'
 */
export function endpointUrl({ routerUrl, routeDomain }: HttpPlace, id: EndpointId): string {
  const key = routeKey(id);
  if (routeDomain === undefined) return `${routerUrl}${SERVICE_PREFIX}${key}/`;
  const { protocol, port } = new URL(routerUrl);
  return `${protocol}//${key}.${routeDomain}${port === '' ? '' : `:${port}`}/`;
}

/** The public URL of a StaticRoute, with a slash at its end; its path is one name after a slash. */
export function staticUrl({ routerUrl }: HttpPlace, path: string): string {
  return `${routerUrl}${path}/`;
}

/** True for a URL that {@link endpointUrl} of some router could give an endpoint of this task. */
export function isEndpointUrl(url: string, task: string): boolean {
  const path = `${SERVICE_PREFIX}${task}`;
  if (url.includes(`${path}/`) || url.includes(`${path}--`)) return true;
  return [`://${task}.`, `://${task}--`].some((start) => url.includes(start));
}

/** The object name of a router: its name where that is a legal label, else cleaned and hashed. */
export function routerObjectName(name: string): string {
  if (LABEL_VALUE.test(name)) return name;
  const cleaned = clean(name, 50);
  return cleaned === '' ? `router-${hash8(name)}` : `${cleaned}-${hash8(name)}`;
}

/** True for a task id that can be part of a path, an object name and, with a slug, a DNS label: ClearML's are 32 hex digits. */
export function isPlainTaskId(id: string): boolean {
  return /^[a-z0-9]{1,32}$/.test(id);
}

function clean(text: string, length: number): string {
  return text
    .slice(0, length)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
}

function hash8(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
