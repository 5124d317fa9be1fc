/**
 * The value as the store keeps it: a frozen copy of what JSON can hold of it, with the keys in order; `observed` itself
 * when that is equal.
 */
export function settled<T>(desired: T, observed?: T): T {
  if (desired === observed) return desired;
  const text = JSON.stringify(sorted(desired));
  if (observed !== undefined && text === JSON.stringify(observed)) return observed;
  return frozen(JSON.parse(text) as T);
}

/** The same value, which nobody can change any more: it is handed to many. */
export function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) frozen(part);
  return Object.freeze(value);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const fields = value as Readonly<Record<string, unknown>>;
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(fields).sort()) result[key] = sorted(fields[key]);
  return result;
}
