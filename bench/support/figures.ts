/** The value below which this share of the values lies; NaN without any. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length * share)] ?? NaN;
}

/** The middle one of some values; NaN without any. */
export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}
