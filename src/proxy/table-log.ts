import type { RouteTable, TableDelta } from '../domain/route-table.ts';

/**
 * The table and how it came about, so that a worker at an earlier generation gets only the changes.
 *
 * @remarks
 * Steps are contiguous, oldest first: each begins at the generation where the one before ended, and the
 * last ends at `generation`. A worker whose generation begins no step gets the full table.
 */
export interface TableLog {
  readonly generation: number;
  readonly table: RouteTable;
  readonly steps: readonly LogStep[];
  /** Most changes that the steps keep; a step without changes counts as one. */
  readonly limit: number;
}

interface LogStep {
  readonly from: number;
  readonly delta: TableDelta;
  readonly size: number;
}

/** What a worker needs to get to the newest generation. */
export type TableChanges =
  | { readonly kind: 'none' }
  | { readonly kind: 'delta'; readonly delta: TableDelta }
  | { readonly kind: 'full' };

/** A log without history: every worker at another generation gets the full table. */
export function startLog(table: RouteTable, generation: number, limit: number): TableLog {
  return { generation, table, steps: [], limit };
}

/** One change of the table: `delta` turns the newest table of a log into `table`. */
export interface TableChange {
  readonly table: RouteTable;
  readonly generation: number;
  readonly delta: TableDelta;
}

/** The log after a change; the oldest steps go when there are too many changes. */
export function appendToLog(log: TableLog, { table, generation, delta }: TableChange): TableLog {
  const step = { from: log.generation, delta, size: Math.max(1, deltaSize(delta)) };
  return { ...log, generation, table, steps: keepNewest([...log.steps, step], log.limit) };
}

/** What turns the table of `generation` into the newest one. */
export function changesSince(log: TableLog, generation: number): TableChanges {
  if (generation === log.generation) return { kind: 'none' };
  const first = log.steps.findIndex((step) => step.from === generation);
  if (first < 0) return { kind: 'full' };
  const deltas = log.steps.slice(first).map((step) => step.delta);
  return {
    kind: 'delta',
    delta: {
      http: mergeParts(deltas.map((delta) => delta.http)),
      tcp: mergeParts(deltas.map((delta) => delta.tcp)),
    },
  };
}

/** How many entries a delta sets and removes. */
function deltaSize(delta: TableDelta): number {
  return [delta.http, delta.tcp].reduce(
    (sum, part) => sum + Object.keys(part.set).length + part.remove.length,
    0,
  );
}

function keepNewest(steps: readonly LogStep[], limit: number): readonly LogStep[] {
  let total = steps.reduce((sum, step) => sum + step.size, 0);
  let drop = 0;
  for (const step of steps) {
    if (total <= limit) break;
    total -= step.size;
    drop += 1;
  }
  return drop === 0 ? steps : steps.slice(drop);
}

interface DeltaPart<E> {
  readonly set: Readonly<Record<string, E>>;
  readonly remove: readonly string[];
}

/** Later parts win: a key that is set again after its removal stays, and the reverse. */
function mergeParts<E>(parts: readonly DeltaPart<E>[]): DeltaPart<E> {
  const last = new Map<string, E | undefined>();
  for (const part of parts) {
    for (const [key, entry] of Object.entries(part.set)) last.set(key, entry);
    for (const key of part.remove) last.set(key, undefined);
  }
  const set: Record<string, E> = {};
  const remove: string[] = [];
  for (const [key, entry] of last) {
    if (entry === undefined) remove.push(key);
    else set[key] = entry;
  }
  return { set, remove };
}
