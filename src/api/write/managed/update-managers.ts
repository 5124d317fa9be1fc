import type { Comparison } from './fields.ts';
import {
  changeManagers,
  identityOf,
  type Manager,
  type Managers,
  type Writer,
} from './managers.ts';

/** Most entries of updates; the oldest become one (apimachinery, DefaultMaxUpdateManagers). */
const UPDATERS_LIMIT = 10;
/** Name of the entry that the oldest become (apimachinery). */
const OLD_UPDATERS = 'ancient-changes';

/** The managers after a plain write: the writer owns what it changed, and nobody what is gone. */
export function updateManagers(
  managers: Managers,
  { added, modified, removed }: Comparison,
  writer: Writer,
  now: string,
): Managers {
  const taken = added.union(modified);
  const lost = taken.union(removed);
  const next = new Map(changeManagers(managers, (fields) => fields.difference(lost)));
  if (taken.size === 0) return next;
  const own = next.get(identityOf(writer));
  const fields = taken.union(own?.fields ?? new Set<string>());
  next.set(identityOf(writer), { writer, fields, time: now });
  return capUpdaters(next);
}

function capUpdaters(managers: Managers): Managers {
  const isLive = ([, { writer, fields }]: readonly [string, Manager]): boolean =>
    writer.operation === 'Update' && fields.size > 0;
  const updaters = [...managers].filter(isLive);
  const surplus = updaters.length - UPDATERS_LIMIT;
  if (surplus <= 0) return managers;
  updaters.sort(([, left], [, right]) => (left.time < right.time ? -1 : 1));
  const oldest = updaters.slice(0, surplus + 1);
  const next = new Map(managers);
  for (const [identity] of oldest) next.delete(identity);
  const merged = oldest.map(([, manager]) => manager).reduce(join);
  next.set(identityOf(merged.writer), merged);
  return next;
}

function join(older: Manager, newer: Manager): Manager {
  const { apiVersion } = newer.writer;
  return {
    writer: { manager: OLD_UPDATERS, operation: 'Update', apiVersion },
    fields: older.fields.union(newer.fields),
    time: newer.time,
  };
}
