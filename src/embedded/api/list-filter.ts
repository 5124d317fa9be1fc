import { isDict } from './json.ts';
import { invalidValue } from './refusal.ts';

/** What a list filter asks for (protocol 4.3, 9.5). */
export interface ListFilter {
  /** True when all of `include` must be there, else one is enough. */
  readonly all: boolean;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  /** True when an empty field matches too. */
  readonly empty: boolean;
}

/**
 * Reads the old form of a list filter: a value, or a list with `-x`, `__$` operators and null.
 *
 * @remarks
 * After the first operator a leading minus is part of the value.
 * @returns undefined when it filters nothing.
 * @throws ApiRefusal 400/16 for an unknown operator, a lone `-`, or a value that is no string.
 */
export function parseListFilter(field: string, value: unknown): ListFilter | undefined {
  if (value === undefined || value === null) return undefined;
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (items.length === 0) return undefined;
  const found = { all: false, include: [] as string[], exclude: [] as string[], empty: false };
  let operators = false;
  let not = false;
  for (const item of items) {
    if (isOperator(item)) {
      operators = true;
      not = readOperator(field, item, found);
    } else {
      place(field, item, found, { literal: operators, not });
      not = false;
    }
  }
  return found;
}

/** Reads the new form, `{all|any: {include, exclude}}` (API 2.27). */
export function parseFilterObject(value: unknown): readonly ListFilter[] {
  if (!isDict(value)) return [];
  return (['all', 'any'] as const).flatMap((kind) => {
    const part = value[kind];
    if (!isDict(part)) return [];
    return [
      {
        all: kind === 'all',
        include: strings(part['include']),
        exclude: strings(part['exclude']),
        empty: false,
      },
    ];
  });
}

/** True when the values of a field pass the filter; a missing field has no values. */
export function passesList(filter: ListFilter, values: readonly string[]): boolean {
  if (filter.exclude.some((value) => values.includes(value))) return false;
  if (filter.empty && values.length === 0) return true;
  if (filter.include.length === 0) return !filter.empty;
  return filter.all
    ? filter.include.every((value) => values.includes(value))
    : filter.include.some((value) => values.includes(value));
}

interface Found {
  all: boolean;
  readonly include: string[];
  readonly exclude: string[];
  empty: boolean;
}

function isOperator(item: unknown): item is string {
  return typeof item === 'string' && item.startsWith('__$');
}

function readOperator(field: string, operator: string, found: Found): boolean {
  switch (operator) {
    case '__$all':
    case '__$and':
      found.all = true;
      return false;
    case '__$any':
    case '__$or':
      found.all = false;
      return false;
    case '__$not':
    case '__$nop':
      return operator === '__$not';
    default:
      throw invalidValue(`(Unsupported operator): field=${field}, operator=${operator}`);
  }
}

function place(
  field: string,
  item: unknown,
  found: Found,
  how: { readonly literal: boolean; readonly not: boolean },
): void {
  if (item === null) {
    found.empty = true;
    return;
  }
  if (typeof item !== 'string') {
    throw invalidValue(`(invalid value type, string expected): field=${field}`);
  }
  if (how.literal || !item.startsWith('-')) {
    (how.not ? found.exclude : found.include).push(item);
    return;
  }
  if (item === '-') {
    throw invalidValue(`(Missing value after the exclude prefix -): field=${field}, value=`);
  }
  found.exclude.push(item.slice(1));
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
