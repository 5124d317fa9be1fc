import { ApiError } from '../status.ts';
import type { Write } from './contracts.ts';
import { lastAppliedFields } from './last-applied.ts';
import type { FieldConflict } from './managed/apply-managers.ts';
import { comparePaths, printPath } from './managed/field-set.ts';
import { LIST_LIMIT } from './problems.ts';

/**
 * Refuses an apply that would change fields of others, unless it is forced. kubectl may take what its own client-side
 * apply set, by the annotation that this leaves.
 * @throws ApiError 409 as Kubernetes words it
 */
export function requireNoConflict(
  write: Write,
  found: readonly FieldConflict[],
  live: unknown,
): void {
  if (write.options.force) return;
  const own = lastAppliedFields(write, live);
  const others = found.filter(({ path }) => !own.has(path));
  if (others.length === 0) return;
  const conflicts = others
    .map((conflict) => ({ who: printWriter(conflict), path: conflict.path }))
    .sort((left, right) =>
      left.who === right.who
        ? comparePaths(left.path, right.path)
        : Number(left.who > right.who) - 0.5,
    )
    .slice(0, LIST_LIMIT)
    .map(({ who, path }) => ({ who, field: printPath(path) }));
  const causes = conflicts.map(({ who, field }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${who}`,
    field,
  }));
  throw new ApiError('Conflict', messageOf(conflicts, others.length), { causes });
}

interface Printed {
  readonly who: string;
  readonly field: string;
}

function messageOf(conflicts: readonly Printed[], count: number): string {
  const [only] = conflicts;
  if (only !== undefined && conflicts.length === 1) {
    return `Apply failed with 1 conflict: conflict with ${only.who}: ${only.field}`;
  }
  const byWriter = Map.groupBy(conflicts, ({ who }) => who);
  const parts = [...byWriter].map(([who, list]) =>
    [`conflicts with ${who}:`, ...list.map(({ field }) => `- ${field}`)].join('\n'),
  );
  const more = count > conflicts.length ? [`and ${count - conflicts.length} more`] : [];
  return `Apply failed with ${count} conflicts: ${[...parts, ...more].join('\n')}`;
}

function printWriter({ writer }: FieldConflict): string {
  const { manager, operation, apiVersion, subresource } = writer;
  const name = JSON.stringify(manager);
  const who = subresource === undefined ? name : `${name} with subresource "${subresource}"`;
  return operation === 'Update' ? `${who} using ${apiVersion}` : who;
}
