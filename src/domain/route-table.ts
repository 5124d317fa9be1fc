/** What the proxy needs to know of an http TaskRoute. Kept small: 10,000 of them live in each worker. */
export interface HttpEntry {
  /** Name of the TaskRoute. */
  readonly route: string;
  /** ClearML task id: the access decision asks about it. */
  readonly task: string;
  /** IP address of the upstream, v6 without brackets; absent while it is not resolved. */
  readonly host?: string;
  readonly port?: number;
  /** True when the application wants the path with its prefix. */
  readonly keep?: true;
  /** True when everybody gets in without a sign-in; at a StaticRoute only. */
  readonly open?: true;
  /** True once the application has answered: a refused connection is then a 502 and no longer a wait. */
  readonly answered?: true;
  /** Unix time in ms since which the route waits for its first answer. */
  readonly since: number;
}

/** What the proxy needs to know of a tcp TaskRoute. */
export interface TcpEntry {
  readonly route: string;
  readonly task: string;
  /** `address:port` or `[v6]:port`; absent while it is not resolved, then connections are closed. */
  readonly upstream?: string;
}

/** The whole desired state of the proxy. */
export interface RouteTable {
  /**
   * By the path segment after `/service/`, `<task id>` or `<task id>--<slug>`; at a StaticRoute by its path, `/x`. No proxy that does not
   * know these asks for a key with a slash.
   */
  readonly http: Readonly<Record<string, HttpEntry>>;
  /** By leased port, in decimal. */
  readonly tcp: Readonly<Record<string, TcpEntry>>;
}

/** Turns one table into another: entries to set (whole) and keys to remove. */
export interface TableDelta {
  readonly http: {
    readonly set: Readonly<Record<string, HttpEntry>>;
    readonly remove: readonly string[];
  };
  readonly tcp: {
    readonly set: Readonly<Record<string, TcpEntry>>;
    readonly remove: readonly string[];
  };
}

/** The table of a router without routes. */
export const EMPTY_TABLE: RouteTable = { http: {}, tcp: {} };

/** The delta that turns `observed` into `desired`; its four parts are empty when they are equal. */
export function diffTables(observed: RouteTable, desired: RouteTable): TableDelta {
  return {
    http: diffEntries(observed.http, desired.http),
    tcp: diffEntries(observed.tcp, desired.tcp),
  };
}

/** The table after a delta. */
export function applyDelta(table: RouteTable, delta: TableDelta): RouteTable {
  return {
    http: applyEntries(table.http, delta.http),
    tcp: applyEntries(table.tcp, delta.tcp),
  };
}

/** True when the delta changes nothing. */
export function isEmptyDelta(delta: TableDelta): boolean {
  return [delta.http, delta.tcp].every(
    (part) => Object.keys(part.set).length === 0 && part.remove.length === 0,
  );
}

interface EntriesDelta<E> {
  readonly set: Readonly<Record<string, E>>;
  readonly remove: readonly string[];
}

function diffEntries<E extends HttpEntry | TcpEntry>(
  observed: Readonly<Record<string, E>>,
  desired: Readonly<Record<string, E>>,
): EntriesDelta<E> {
  const set: Record<string, E> = {};
  let kept = 0;
  for (const key of Object.keys(desired)) {
    const entry = desired[key];
    const held = observed[key];
    if (held !== undefined) kept += 1;
    if (entry !== undefined && !sameEntry(held, entry)) set[key] = entry;
  }
  const keys = Object.keys(observed);
  // Most changes remove nothing: then there is nothing to look for.
  const remove = kept === keys.length ? [] : keys.filter((key) => desired[key] === undefined);
  return { set, remove };
}

function applyEntries<E>(
  entries: Readonly<Record<string, E>>,
  delta: EntriesDelta<E>,
): Readonly<Record<string, E>> {
  const removed = new Set(delta.remove);
  const kept = Object.entries({ ...entries, ...delta.set }).filter(([key]) => !removed.has(key));
  return Object.fromEntries(kept);
}

/** Runs for every route at every change: the same object is equal without a look inside. */
function sameEntry(left: HttpEntry | TcpEntry | undefined, right: HttpEntry | TcpEntry): boolean {
  if (left === undefined) return false;
  if (left === right) return true;
  const keys = Object.keys(right) as (keyof typeof right)[];
  return keys.length === Object.keys(left).length && keys.every((key) => left[key] === right[key]);
}
