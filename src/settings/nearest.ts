/** The known name that a mistyped one is likely meant to be; undefined when none is near. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  // Bounded, because the distance takes time by the product of both lengths.
  const shortened = name.slice(0, 80);
  const [nearest] = known
    .map((candidate) => ({ candidate, distance: editDistance(shortened, candidate) }))
    .filter(({ candidate, distance }) => distance <= Math.max(2, candidate.length / 4))
    .sort((left, right) => left.distance - right.distance);
  return nearest?.candidate;
}

/** Levenshtein distance: how many single-character edits lead from one text to the other. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [line, letter] of Array.from(from).entries()) {
    const next = [line + 1];
    for (const [column, other] of Array.from(to).entries()) {
      const replace = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replace, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
