import { isIPv6 } from 'node:net';
import { climbs, isMalformed, isPlain, namesIn } from './path-readings.ts';

/** What a request means. */
export type Meaning =
  | {
      readonly kind: 'route';
      readonly key: string;
      readonly rest?: string;
      readonly query?: string;
      readonly isOwnHost: boolean;
    }
  | { readonly kind: 'gateway'; readonly page: string; readonly key?: string }
  | { readonly kind: 'moved'; readonly key: string; readonly rest: string }
  | { readonly kind: 'other' | 'bad' | 'misdirected' };

/** What the gateway knows of its own hosts. */
export interface HostSettings {
  /** Main hosts; `*` is every one. */
  readonly hosts: readonly string[];
  /** Empty in path mode. */
  readonly domain: string;
}

/** What a client sends; texts are bytes as latin1. */
export interface AskedFor {
  /** The Host header. */
  readonly host?: string;
  /** Path and query as written. */
  readonly target: string;
  /** The host that the request line names, as nginx writes it. */
  readonly named?: string;
}

const BAD: Meaning = { kind: 'bad' };
const OTHER: Meaning = { kind: 'other' };
const MISDIRECTED: Meaning = { kind: 'misdirected' };

/** The reference for what a request means. */
export function meaningOf(settings: HostSettings, asked: AskedFor): Meaning {
  const host = asked.host === undefined ? undefined : parseHost(asked.host);
  if (host === undefined) return BAD;
  const place = placeOf(settings, host.identity);
  if (place === undefined) return MISDIRECTED;
  if (asked.named !== undefined && asked.named !== host.written) return BAD;
  const { path, query } = split(asked.target);
  if (isMalformed(path)) return BAD;
  if (place !== 'main') return onRouteHost(place.key, path, query);
  const meaning = onMainHost(path, query);
  return settings.domain === '' || meaning.kind !== 'route' ? meaning : moved(meaning);
}

function split(target: string): { readonly path: string; readonly query: string } {
  const path = target.replace(/\?.*$/s, '');
  return { path, query: target.slice(path.length) };
}

function moved({ key, rest, query = '' }: Meaning & { readonly kind: 'route' }): Meaning {
  return isKey(key) ? { kind: 'moved', key, rest: rest ?? `/${query}` } : OTHER;
}

interface ParsedHost {
  /** In lower case, without the port and one final dot. */
  readonly written: string;
  /** The same for all spellings of one host. */
  readonly identity: string;
}

function parseHost(text: string): ParsedHost | undefined {
  const parts = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::([0-9]{1,5}))?$/i.exec(text);
  if (parts === null) return undefined;
  const [, literal, name, port] = parts;
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) return undefined;
  if (literal !== undefined) {
    if (!isIPv6(literal)) return undefined;
    return { written: `[${literal.toLowerCase()}]`, identity: identityOf(literal) };
  }
  const written = (name ?? '').toLowerCase().replace(/\.$/, '');
  if (written.length > 253 || !written.split('.').every(isLabel)) return undefined;
  return { written, identity: written };
}

function isLabel(label: string): boolean {
  return label.length <= 63 && /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/.test(label);
}

function isKey(label: string): boolean {
  return isLabel(label) && !label.includes('_');
}

function identityOf(host: string): string {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  return isIPv6(bare) ? new URL(`http://[${bare}]/`).hostname : bare.toLowerCase();
}

function placeOf(
  { hosts, domain }: HostSettings,
  identity: string,
): 'main' | { readonly key: string } | undefined {
  if (hosts.map(identityOf).includes(identity)) return 'main';
  if (domain !== '' && identity.endsWith(`.${domain}`)) {
    const key = identity.slice(0, -domain.length - 1);
    return isKey(key) ? { key } : undefined;
  }
  return hosts.includes('*') ? 'main' : undefined;
}

function onRouteHost(key: string, path: string, query: string): Meaning {
  const page = pageOf(path);
  if (page !== undefined) return page === 'bad' ? BAD : { kind: 'gateway', page: page.name, key };
  if (path === '/_clearway') return OTHER;
  if (pretends(path, ['_clearway'])) return BAD;
  return { kind: 'route', key, rest: path + query, isOwnHost: true };
}

function onMainHost(path: string, query: string): Meaning {
  const page = pageOf(path);
  if (page !== undefined) return page === 'bad' ? BAD : { kind: 'gateway', page: page.name };
  const below = /^\/service\/([^/]*)(\/.*)?$/s.exec(path);
  if (below !== null) return belowService(below[1] ?? '', below[2], query);
  const named = /^(\/[A-Za-z0-9][A-Za-z0-9_-]{0,62})(\/.*)?$/s.exec(path);
  if (named !== null && path !== '/service') return belowName(named[1] ?? '', named[2], query);
  return climbs(path) || pretends(path, ['service', '_clearway']) ? BAD : OTHER;
}

function belowService(key: string, rest: string | undefined, query: string): Meaning {
  if (key === '' && rest === undefined) return OTHER;
  if (['', '.', '..'].includes(key) || /[%;]/.test(key)) return BAD;
  if (rest === undefined) return { kind: 'route', key, query, isOwnHost: false };
  return climbs(rest) ? BAD : { kind: 'route', key, rest: rest + query, isOwnHost: false };
}

/** What may be at a StaticRoute; the table alone says whether there is one. */
function belowName(key: string, rest: string | undefined, query: string): Meaning {
  if (rest === undefined) return { kind: 'route', key, query, isOwnHost: false };
  return climbs(rest) ? BAD : { kind: 'route', key, rest: rest + query, isOwnHost: false };
}

/** True for a path that can be read in several ways, one of which sees a name of ours. */
function pretends(path: string, ours: readonly string[]): boolean {
  if (isPlain(path)) return false;
  const names = namesIn(path);
  return ours.some((name) => names.has(name));
}

function pageOf(path: string): { readonly name: string } | 'bad' | undefined {
  if (!path.startsWith('/_clearway/')) return undefined;
  const name = path.slice('/_clearway/'.length);
  return /^[A-Za-z0-9_-]*$/.test(name) ? { name } : 'bad';
}
