import type { PrinterColumn } from '../../resources/schema.ts';
import type { AnyObject, TableCell, TableColumn } from '../contracts.ts';
import { parseJsonPath } from './json-path.ts';

/** The column that names the object; kubectl puts the kind before it when several kinds are shown. */
export const NAME_COLUMN: TableColumn = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description:
    'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names',
  priority: 0,
  cell: ({ metadata }) => metadata.name,
};

/** A column as a CustomResourceDefinition describes it, read as apiextensions reads it: the first value that the path finds. */
export function toTableColumn(column: PrinterColumn): TableColumn {
  const path = parseJsonPath(column.jsonPath);
  const { name, type, description, priority = 0 } = column;
  return {
    name,
    type,
    format: '',
    description:
      description ?? `Custom resource definition column (in JSONPath format): ${column.jsonPath}`,
    priority,
    cell: (object: AnyObject) => {
      const value = path(object);
      return value === undefined || value === null ? null : CELLS[type](value);
    },
  };
}

const CELLS: Readonly<Record<PrinterColumn['type'], (value: unknown) => TableCell>> = {
  string: printed,
  integer: (value) => (typeof value === 'number' ? Math.trunc(value) : null),
  boolean: (value) => (typeof value === 'boolean' ? value : null),
  date: (value) => (typeof value === 'string' ? { since: value } : null),
};

function printed(value: unknown): string {
  if (typeof value === 'string') return value;
  return goJson(value);
}

/** JSON as Go writes it: keys in order, and what HTML would read escaped. */
function goJson(value: unknown): string {
  return JSON.stringify(sorted(value)).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(entries.map(([key, field]) => [key, sorted(field)]));
}
