import type { HttpEntry, RouteTable, TcpEntry } from '../domain/route-table.ts';
import { MAX_GENERATION } from './channel-format.ts';
import type { Revoked } from './revocations.ts';
import type { TableParts } from './table-text.ts';

/** Format number of the snapshot file. */
const SNAPSHOT_FORMAT = 1;

/** A snapshot file that was read: what can be used of it, and why not when it cannot. */
export interface Snapshot {
  /** Present when the file tells it, even when its table cannot be used: a new run starts above. */
  readonly generation?: number;
  readonly table?: RouteTable;
  /** Decisions that were void; empty when the file says nothing of them. */
  readonly revoked: Revoked;
  /** Entries that are no entries, left out of the table. */
  readonly skipped: number;
  /** Why there is no table. */
  readonly problem?: string;
}

/** The content of a snapshot file, in pieces: the table is large and is not copied for it. */
export function formatSnapshot(
  generation: number,
  parts: TableParts,
  revoked: Revoked,
): readonly Buffer[] {
  return [
    Buffer.from(`{"format":${SNAPSHOT_FORMAT},"generation":${generation},"http":`),
    parts.http,
    Buffer.from(',"tcp":'),
    parts.tcp,
    Buffer.from(`,"revoked":${JSON.stringify(revoked)}}\n`),
  ];
}

/** Reads a snapshot; never throws, whatever the text. */
export function parseSnapshot(text: string): Snapshot {
  const value = parseObject(text);
  if (value === undefined) return unusable('it is not a JSON object');
  const { format, generation, http, tcp } = value;
  if (!isGeneration(generation)) return unusable('its generation is not a number');
  if (format !== SNAPSHOT_FORMAT) {
    return { generation, ...unusable(`its format is not ${SNAPSHOT_FORMAT}`) };
  }
  if (!isObject(http) || !isObject(tcp)) {
    return { generation, ...unusable('a part of its table is missing') };
  }
  const [httpEntries, httpSkipped] = keepEntries(http, parseHttpEntry);
  const [tcpEntries, tcpSkipped] = keepEntries(tcp, parseTcpEntry);
  return {
    generation,
    table: { http: httpEntries, tcp: tcpEntries },
    revoked: parseRevoked(value['revoked']),
    skipped: httpSkipped + tcpSkipped,
  };
}

function unusable(problem: string): Pick<Snapshot, 'revoked' | 'skipped' | 'problem'> {
  return { revoked: {}, skipped: 0, problem };
}

function parseRevoked(value: unknown): Revoked {
  if (!isObject(value)) return {};
  const entries = Object.entries(value).filter(([, generation]) => isGeneration(generation));
  return Object.fromEntries(entries) as Revoked;
}

type Json = Readonly<Record<string, unknown>>;

/** Path segments, and none that means something to a plain object; or the path of a StaticRoute. */
const HTTP_KEY = /^(?:(?!__)[\w.-]+|\/[A-Za-z0-9][\w-]*)$/;

function parseObject(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function keepEntries<E>(
  part: Json,
  parse: (key: string, value: Json) => E | undefined,
): readonly [entries: Readonly<Record<string, E>>, skipped: number] {
  const entries: Record<string, E> = {};
  let skipped = 0;
  for (const [key, value] of Object.entries(part)) {
    const entry = isObject(value) ? parse(key, value) : undefined;
    if (entry === undefined) skipped += 1;
    else entries[key] = entry;
  }
  return [entries, skipped];
}

type Check = (value: unknown) => boolean;

/** Each field of an entry, and what its value must be. */
type Fields = Readonly<Record<string, Check>>;

const HTTP_FIELDS: Record<keyof HttpEntry, Check> = {
  route: isText,
  task: isText,
  host: isAbsentOr(isText),
  port: isAbsentOr(isPort),
  keep: isAbsentOr(isTrue),
  open: isAbsentOr(isTrue),
  answered: isAbsentOr(isTrue),
  since: Number.isFinite,
};

const TCP_FIELDS: Record<keyof TcpEntry, Check> = {
  route: isText,
  task: isText,
  upstream: isAbsentOr(isText),
};

function parseHttpEntry(key: string, value: Json): HttpEntry | undefined {
  const isEntry = (entry: Json): entry is Json & HttpEntry => fits(entry, HTTP_FIELDS);
  return HTTP_KEY.test(key) && isEntry(value) ? pick(value, HTTP_FIELDS) : undefined;
}

function parseTcpEntry(key: string, value: Json): TcpEntry | undefined {
  const isEntry = (entry: Json): entry is Json & TcpEntry => fits(entry, TCP_FIELDS);
  const isKey = /^\d{1,5}$/.test(key) && isPort(Number(key));
  return isKey && isEntry(value) ? pick(value, TCP_FIELDS) : undefined;
}

function fits(value: Json, fields: Fields): boolean {
  return Object.entries(fields).every(([name, is]) => is(value[name]));
}

/** The entry without what a later version may have added to it. */
function pick<E extends object>(entry: E, fields: Fields): E {
  return Object.fromEntries(
    Object.entries(entry).filter(([name]) => Object.hasOwn(fields, name)),
  ) as E;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isTrue(value: unknown): boolean {
  return value === true;
}

function isAbsentOr(is: Check): Check {
  return (value) => value === undefined || is(value);
}

function isPort(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65535;
}

function isGeneration(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < MAX_GENERATION;
}
