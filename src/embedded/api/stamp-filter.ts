import { parseStamp } from './stamps.ts';

/** Bounds of a stamp, Unix time in ms; `from` and `to` belong to the range. */
export interface StampRange {
  readonly from: number;
  readonly to: number;
}

/** The range of every stamp. */
export const ANY_TIME: StampRange = { from: -Infinity, to: Infinity };

/**
 * Reads a date filter: a stamp or a list of stamps with `>=`, `>`, `<=`, `<`, or two bare ones as a range.
 *
 * @remarks
 * What cannot be read is left out silently, as the real server does (protocol 9.1): a filter of junk
 * lets every task pass.
 */
export function parseStampFilter(value: unknown): StampRange {
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  const terms = items.flatMap((item) => readTerm(item));
  const bare = terms.filter((term) => term.operator === '').map((term) => term.ms);
  let range: StampRange =
    bare.length === 0 ? ANY_TIME : { from: Math.min(...bare), to: Math.max(...bare) };
  for (const { operator, ms } of terms) range = narrow(range, operator, ms);
  return range;
}

/** Reads a `[min, max]` range in which null is open. */
export function parseStampRange(value: unknown): StampRange {
  if (!Array.isArray(value)) return ANY_TIME;
  const [min, max] = value.map((item) => (typeof item === 'string' ? parseStamp(item) : undefined));
  return { from: min ?? -Infinity, to: max ?? Infinity };
}

/** True when the stamp is in the range; a missing one is in no narrowed range. */
export function inRange(range: StampRange, stamp: unknown): boolean {
  if (range.from === -Infinity && range.to === Infinity) return true;
  const ms = typeof stamp === 'string' ? parseStamp(stamp) : undefined;
  return ms !== undefined && ms >= range.from && ms <= range.to;
}

interface Term {
  readonly operator: string;
  readonly ms: number;
}

function readTerm(item: unknown): readonly Term[] {
  if (typeof item !== 'string') return [];
  const match = /^(>=|<=|>|<)?(.*)$/s.exec(item.trim());
  const ms = parseStamp(match?.[2] ?? '');
  return ms === undefined ? [] : [{ operator: match?.[1] ?? '', ms }];
}

function narrow(range: StampRange, operator: string, ms: number): StampRange {
  switch (operator) {
    case '>=':
      return { ...range, from: Math.max(range.from, ms) };
    case '>':
      return { ...range, from: Math.max(range.from, ms + 1) };
    case '<=':
      return { ...range, to: Math.min(range.to, ms) };
    case '<':
      return { ...range, to: Math.min(range.to, ms - 1) };
    default:
      return range;
  }
}
