/** The runtime key of our mark; legal for `tasks.edit_runtime`, which mangles keys with leading or double underscores. */
export const MARK_KEY = 'clearway';

/** Longest mark that is read, in characters. */
export const MARK_LENGTH = 65_536;

/** What a router writes on a task that it serves: enough to find everything again without any state. */
export interface Mark {
  /** Exact ROUTER_NAME. */
  readonly router: string;
  /** Id of the installation. */
  readonly instance: string;
  /** What our TCP addresses replaced: `address:port` by `tcp:<endpoint name>`. */
  readonly upstreams: Readonly<Record<string, string>>;
  /**
   * URLs that we published at StaticRoutes, by endpoint name: nothing else in them says that they are ours once the StaticRoute
   * is moved or gone.
   */
  readonly addresses?: Readonly<Record<string, string>>;
}

/** The mark as one line of JSON, always the same for equal marks. */
export function formatMark(mark: Mark): string {
  const { router, instance, upstreams, addresses = {} } = mark;
  return JSON.stringify({
    router,
    instance,
    upstreams: sorted(upstreams),
    // Without any the text is the same as before there were any: no task is written anew for it.
    ...(Object.keys(addresses).length === 0 ? {} : { addresses: sorted(addresses) }),
  });
}

function sorted(record: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(record).sort(([left], [right]) => (left < right ? -1 : Number(left > right))),
  );
}

/**
 * The mark that a runtime value holds; undefined when it holds none. Never throws.
 *
 * @example parseMark('{"router":"gw","instance":"1f","upstreams":{"tcp:":"192.0.2.7:10022"}}')
 */
export function parseMark(value: unknown): Mark | undefined {
  if (typeof value !== 'string' || value.length > MARK_LENGTH) return undefined;
  const parsed = parseObject(value);
  if (parsed === undefined) return undefined;
  const { router, instance, upstreams, addresses } = parsed;
  if (typeof router !== 'string' || typeof instance !== 'string') return undefined;
  if (!isTextRecord(upstreams)) return undefined;
  const mark = { router, instance, upstreams };
  return isTextRecord(addresses) ? { ...mark, addresses } : mark;
}

/** The upstreams that TCP addresses replaced, by endpoint name, for `RequestContext`. */
export function replacedUpstreams(mark: Mark | undefined): Readonly<Record<string, string>> {
  const entries = Object.entries(mark?.upstreams ?? {})
    .filter(([key]) => key.startsWith('tcp:'))
    .map(([key, upstream]) => [key.slice('tcp:'.length), upstream] as const);
  return Object.fromEntries(entries);
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return isRecord(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTextRecord(value: unknown): value is Readonly<Record<string, string>> {
  return isRecord(value) && Object.values(value).every((entry) => typeof entry === 'string');
}
