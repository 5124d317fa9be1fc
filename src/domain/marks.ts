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
}

/** The mark as one line of JSON, always the same for equal marks. */
export function formatMark(mark: Mark): string {
  const upstreams = Object.entries(mark.upstreams).sort(([left], [right]) =>
    left < right ? -1 : Number(left > right),
  );
  return JSON.stringify({
    router: mark.router,
    instance: mark.instance,
    upstreams: Object.fromEntries(upstreams),
  });
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
  const { router, instance, upstreams } = parsed;
  if (typeof router !== 'string' || typeof instance !== 'string') return undefined;
  if (!isTextRecord(upstreams)) return undefined;
  return { router, instance, upstreams };
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
