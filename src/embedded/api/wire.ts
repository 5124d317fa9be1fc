import { isDict, type Dict } from './json.ts';

/** A request path that names a call. */
export interface CallPath {
  /** `service.action`. */
  readonly endpoint: string;
  /** As written, without the `v`; undefined when the path has none. */
  readonly version?: string;
}

/** Reads `/service.action` or `/vX.Y/service.action`; undefined when it is neither (protocol 9.2). */
export function parseCallPath(path: string): CallPath | undefined {
  const match = /^\/{0,2}(?:v(\d+\.?\d+)\/)?(\w+\.\w+)\/?$/.exec(path);
  if (match?.[2] === undefined) return undefined;
  return match[1] === undefined
    ? { endpoint: match[2] }
    : { endpoint: match[2], version: match[1] };
}

/** Compares two `X.Y` versions: negative when `a` is older. */
export function compareVersions(a: string, b: string): number {
  const [aMajor = 0, aMinor = 0] = a.split('.').map(Number);
  const [bMajor = 0, bMinor = 0] = b.split('.').map(Number);
  return aMajor - bMajor || aMinor - bMinor;
}

/** Merges query arguments over a body: typed, dotted names nested, repeated and `[]` names as lists. */
export function mergeQuery(body: Dict, query: URLSearchParams): Dict {
  const merged: Dict = { ...body };
  for (const name of new Set(query.keys())) {
    const values = query.getAll(name).map(typed);
    const list = name.endsWith('[]') || values.length > 1;
    place(merged, (list ? name.replace(/\[\]$/, '') : name).split('.'), list ? values : values[0]);
  }
  return merged;
}

/** Value of the first cookie of this name, unquoted; undefined when there is none or it is empty. */
export function readCookie(header: string | undefined, name: string): string | undefined {
  for (const part of (header ?? '').split(';')) {
    const at = part.indexOf('=');
    if (at < 0 || part.slice(0, at).trim() !== name) continue;
    const value = part
      .slice(at + 1)
      .trim()
      .replace(/^"(.*)"$/, '$1');
    return value === '' ? undefined : value;
  }
  return undefined;
}

function typed(text: string): unknown {
  if (/^\d+$/.test(text)) return Number(text);
  if (/^\d+\.\d+$/.test(text)) return Number(text);
  if (/^(true|false)$/i.test(text)) return text.toLowerCase() === 'true';
  return text;
}

function place(into: Dict, path: readonly string[], value: unknown): void {
  const [head = '', ...rest] = path;
  if (rest.length === 0) {
    into[head] = value;
    return;
  }
  const inner = into[head];
  const nested: Dict = isDict(inner) ? { ...inner } : {};
  into[head] = nested;
  place(nested, rest, value);
}
