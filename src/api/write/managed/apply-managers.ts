import { isDeepStrictEqual } from 'node:util';
import { withParents, type FieldSet } from './field-set.ts';
import type { FieldType } from './field-type.ts';
import { compare, fieldsOf, merge, withoutFields } from './fields.ts';
import { changeManagers, identityOf, type Managers, type Writer } from './managers.ts';

/** What a manager applies to an object. */
export interface Application {
  readonly type: FieldType;
  readonly live: unknown;
  readonly config: unknown;
  readonly managers: Managers;
  readonly writer: Writer;
  /** RFC 3339. */
  readonly now: string;
}

/** A field that another manager holds at another value. */
export interface FieldConflict {
  readonly writer: Writer;
  /** When that manager wrote, RFC 3339. */
  readonly time: string;
  readonly path: string;
}

/** An object and its managers after an apply, and whose fields it took. */
export interface Applied {
  readonly value: unknown;
  readonly managers: Managers;
  readonly conflicts: readonly FieldConflict[];
}

/**
 * Applies a configuration (structured-merge-diff, merge.Updater): its fields win, and what its manager applied before
 * and nobody else owns goes. The conflicts are for the caller to refuse, or to force.
 */
export function applyConfig(application: Application): Applied {
  const { type, live, config, managers, writer, now } = application;
  const identity = identityOf(writer);
  const last = managers.get(identity);
  const fields = fieldsOf(type, config);
  const withOwn = new Map(managers).set(identity, { writer, fields, time: now });
  const value = prune(type, merge(type, live, config), last?.fields ?? new Set(), ownedBy(withOwn));
  const { added, modified, removed } = compare(type, live, value);
  const changed = added.union(modified);
  const next = changeManagers(withOwn, (owned, other) =>
    other === identity ? owned : owned.difference(changed).difference(removed),
  );
  const isSame = last !== undefined && isDeepStrictEqual(last.fields, fields);
  if (isSame && isDeepStrictEqual(live, value)) return { value: live, managers, conflicts: [] };
  return { value, managers: next, conflicts: conflictsOf(managers, identity, changed) };
}

function ownedBy(managers: Managers): FieldSet {
  return [...managers.values()].reduce<FieldSet>(
    (all, { fields }) => all.union(fields),
    new Set<string>(),
  );
}

/** Removes what was applied last time, not this time, and is owned by nobody. */
function prune(type: FieldType, merged: unknown, last: FieldSet, owned: FieldSet): unknown {
  if (last.size === 0) return merged;
  const fields = (value: unknown): FieldSet => withParents(fieldsOf(type, value));
  const before = withParents(last);
  const all = fields(merged);
  const bare = fields(withoutFields(type, merged, before));
  const unowned = all.difference(bare.union(withParents(owned)));
  const pruned = fields(withoutFields(type, merged, unowned));
  return withoutFields(type, merged, all.difference(pruned).intersection(before));
}

function conflictsOf(
  managers: Managers,
  identity: string,
  changed: FieldSet,
): readonly FieldConflict[] {
  return [...managers]
    .filter(([other]) => other !== identity)
    .flatMap(([, { writer, fields, time }]) =>
      [...fields.intersection(changed)].map((path) => ({ writer, time, path })),
    );
}
