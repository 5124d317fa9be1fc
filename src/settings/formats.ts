import { isIP } from 'node:net';
import { ACCESS_RULES } from '../domain/access-rule.ts';
import { parseHost } from '../domain/host.ts';
import type { SameSite } from './types.ts';

/** What a format knows of the setting that it checks. */
export interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

/** How the text of one kind of setting becomes a value. */
export interface SettingFormat {
  /** What is expected, to stand after the word "expected". */
  readonly expected: (bounds: Bounds) => string;
  /** The value; undefined when the text is no such thing. */
  readonly parse: (text: string) => unknown;
}

const LOG_LEVELS: Readonly<Record<string, string>> = {
  critical: 'fatal',
  fatal: 'fatal',
  error: 'error',
  warning: 'warn',
  warn: 'warn',
  info: 'info',
  debug: 'debug',
  notset: 'trace',
  trace: 'trace',
  silent: 'silent',
};

const SWITCHES: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  '1': true,
  false: false,
  no: false,
  off: false,
  '0': false,
};

const SAME_SITES: Readonly<Record<string, SameSite>> = {
  lax: 'lax',
  strict: 'strict',
  none: 'none',
};

/** Every format of the schema, by its name there. */
export const SETTING_FORMATS = {
  'free text': {
    expected: () => 'text without control characters, at most 256 characters long',
    parse: (text) => (isPlainText(text) ? text : undefined),
  },
  line: { expected: () => 'text without line breaks', parse: parseLine },
  switch: {
    expected: () => 'true or false',
    parse: (text) => lookUp(SWITCHES, text.toLowerCase()),
  },
  'whole number': {
    expected: ({ min, max }) => `a whole number${between(min, max)}`,
    parse: parseWhole,
  },
  seconds: {
    expected: ({ min, max }) => `a number of seconds${between(min, max)}`,
    parse: parseDecimal,
  },
  'log level': {
    expected: () => 'a log level: CRITICAL, ERROR, WARNING, INFO, DEBUG or TRACE',
    parse: (text) => lookUp(LOG_LEVELS, text.toLowerCase()),
  },
  'public URL': {
    expected: () =>
      'an http:// or https:// URL without path, query or credentials, such as https://gateway.example.com',
    parse: parseOrigin,
  },
  'API URL': {
    expected: () =>
      'an http:// or https:// URL without query or credentials, such as https://api.clear.ml',
    parse: parseApiUrl,
  },
  'proxy URL': {
    expected: () => 'an http:// or https:// URL of a forward proxy',
    parse: parseProxyUrl,
  },
  'cookie name': {
    expected: () => 'the name of a cookie (letters, digits, "-", "_", "." and the like)',
    parse: (text) => (/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}$/.test(text) ? text : undefined),
  },
  host: {
    expected: () => 'a host name or an IP address, without a port',
    parse: parseAddress,
  },
  networks: {
    expected: () => 'networks in CIDR form with commas between them, such as 10.0.0.0/8,fd00::/8',
    parse: (text) => parseList(text, parseNetwork),
  },
  'host name': {
    expected: () => 'a host name, without a port',
    parse: (text) => {
      const host = parseHost(text);
      return host === undefined || isIP(host) !== 0 ? undefined : host;
    },
  },
  'host list': {
    expected: () => 'host names or addresses with commas between them, without ports, or *',
    parse: (text) => parseList(text, (part) => (part === '*' ? part : parseHost(part))),
  },
  origins: {
    expected: () =>
      'origins with commas between them, such as https://app.example.com,http://localhost:3000',
    parse: (text) => parseList(text, parseOrigin),
  },
  'access rule': {
    expected: () => 'read, owner or authenticated',
    parse: (text) => ACCESS_RULES.find((rule) => rule === text.toLowerCase()),
  },
  SameSite: {
    expected: () => 'lax, strict or none',
    parse: (text) => lookUp(SAME_SITES, text.toLowerCase()),
  },
  secret: {
    expected: () => 'a random text of at least 32 characters, without line breaks',
    parse: (text) => (text.length >= 32 ? parseLine(text) : undefined),
  },
  'plain path': {
    expected: () => 'an absolute path of letters, digits, ".", "_", "-" and "/"',
    parse: (text) => (/^(?:\/[\w.-]+)+$/.test(text) ? text : undefined),
  },
  path: {
    expected: () => 'an absolute path',
    parse: (text) => (text.startsWith('/') && isPlainText(text) ? stripSlashes(text) : undefined),
  },
  namespace: {
    expected: () => 'a name of lower-case letters, digits and "-", at most 63 characters long',
    parse: (text) => (/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text) ? text : undefined),
  },
} as const satisfies Record<string, SettingFormat>;

/** The name of a format. */
export type FormatName = keyof typeof SETTING_FORMATS;

/** True for a number inside the bounds, and for everything that is no number. */
export function isWithin(value: unknown, { min = -Infinity, max = Infinity }: Bounds): boolean {
  return typeof value !== 'number' || (value >= min && value <= max);
}

function lookUp<V>(table: Readonly<Record<string, V>>, key: string): V | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

function between(min?: number, max?: number): string {
  if (min !== undefined && max !== undefined) return ` from ${String(min)} to ${String(max)}`;
  return min === undefined ? '' : ` of at least ${String(min)}`;
}

function isPlainText(text: string): boolean {
  return text.length <= 256 && !/\p{Cc}/u.test(text);
}

function parseLine(text: string): string | undefined {
  return /[\r\n\0]/.test(text) ? undefined : text;
}

function parseWhole(text: string): number | undefined {
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

function parseDecimal(text: string): number | undefined {
  return /^\d{1,9}(\.\d{1,6})?$/.test(text) ? Number(text) : undefined;
}

function parseUrl(text: string): URL | undefined {
  if (!/^https?:\/\/[^/]/i.test(text) || /[\s\\]|\p{Cc}/u.test(text)) return undefined;
  const url = URL.parse(text);
  return url !== null && url.hostname !== '' ? url : undefined;
}

function parseApiUrl(text: string): string | undefined {
  const url = parseUrl(text);
  // The text is asked too: `?` and `#` with nothing behind them leave no trace in a parsed URL.
  if (url === undefined || /[?#@]/.test(text)) return undefined;
  return url.origin + stripSlashes(url.pathname, '');
}

function parseOrigin(text: string): string | undefined {
  const url = parseApiUrl(text);
  return url !== undefined && url === URL.parse(url)?.origin ? url : undefined;
}

function parseProxyUrl(text: string): string | undefined {
  const url = parseUrl(text.includes('://') ? text : `http://${text}`);
  return url?.href;
}

// The published name of this setting speaks of a URL, so `tcp://host` is taken for its host.
function parseAddress(text: string): string | undefined {
  return parseHost(text.replace(/^(tcp|https?):\/\//i, '').replace(/\/$/, ''));
}

function parseList(
  text: string,
  parse: (part: string) => string | undefined,
): readonly string[] | undefined {
  const parts = text.split(/[\s,]+/).filter((part) => part !== '');
  const values = parts.map(parse);
  return values.length > 0 && values.every((value) => value !== undefined) ? values : undefined;
}

function parseNetwork(text: string): string | undefined {
  const [, address = '', bits] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = isIP(address);
  if (family === 0) return undefined;
  const widest = family === 4 ? 32 : 128;
  const length = bits === undefined ? widest : Number(bits);
  return length <= widest ? `${address}/${String(length)}` : undefined;
}

function stripSlashes(path: string, root = '/'): string {
  const stripped = path.replace(/\/+$/, '');
  return stripped === '' ? root : stripped;
}
