/** A request for one of the gateway's own pages, as the proxy handed it over. */
export interface PageRequest {
  readonly method: string;
  /** What follows `/_clearway/`. */
  readonly name: string;
  /** First value of every name. */
  readonly query: ReadonlyMap<string, string>;
  /** Fields of the body, first value of every name; empty without a body. */
  readonly form: ReadonlyMap<string, string>;
  /** Every cookie in the order in which it came. */
  readonly cookies: readonly (readonly [name: string, value: string])[];
  /** Key of the route whose host was asked; absent on the main host. */
  readonly routeKey?: string;
  /** Scheme as the browser sees it. */
  readonly scheme: 'http' | 'https';
  /** `Host` as sent, in lower case. */
  readonly host: string;
  /** Address of the client as the proxy saw it. */
  readonly address?: string;
  /** `Origin` as sent. */
  readonly origin?: string;
  /** What the browser says of where the request comes from (Fetch Metadata); absent from older ones. */
  readonly fetchSite?: string;
  readonly fetchMode?: string;
  readonly fetchDest?: string;
}

/** An answer before it is sent; what every answer has in common is added by `finishAnswer`. */
export interface PageAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Values of Set-Cookie. */
  readonly cookies?: readonly string[];
  readonly html?: string;
}

/** Most names of a query or a form that are read. */
const MOST_FIELDS = 32;

/** Fields of a query or of a body `application/x-www-form-urlencoded`. */
export function readFields(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) {
    if (fields.size >= MOST_FIELDS) break;
    if (!fields.has(name)) fields.set(name, value);
  }
  return fields;
}

/** Cookies of a Cookie header (RFC 6265, section 4.2.1), as they stand there. */
export function readCookies(header: string): PageRequest['cookies'] {
  return header.split(';').flatMap((pair) => {
    const at = pair.indexOf('=');
    const name = pair.slice(0, Math.max(at, 0)).trim();
    return name === '' ? [] : [[name, pair.slice(at + 1).trim()] as const];
  });
}

/** Sends the browser on at once. */
export function redirect(location: string, cookies: readonly string[] = []): PageAnswer {
  return { status: 303, headers: { Location: location }, cookies };
}
