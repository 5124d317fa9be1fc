import type { AnyObject, TableCell, TableColumn } from '../contracts.ts';
import { humanDuration } from './human-duration.ts';
import type { MetaVersion } from '../read/negotiation.ts';
import { remembered, type ObjectTexts } from '../read/object-texts.ts';
import { ApiError } from '../status.ts';

/** How much of its object a row of a Table carries (meta/v1 TableOptions). */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

/** What a Table is made for. */
export interface TableOptions {
  readonly version: MetaVersion;
  readonly include: IncludeObject;
}

/** Reads the parameter `includeObject`. @throws ApiError `BadRequest` */
export function includeOf(value: string | null): IncludeObject {
  if (value === null || value === '') return 'Metadata';
  if (value === 'None' || value === 'Metadata' || value === 'Object') return value;
  throw new ApiError(
    'BadRequest',
    `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(value)}: must be 'Metadata', 'Object', 'None', or empty`,
  );
}

/** The texts of the cells of one row: ready ones, and times whose age is told when the row is. */
type Cells = readonly (string | { readonly since: number })[];

/** Makes the Tables of one resource (meta/v1 Table). */
export class TableWriter {
  readonly #columns: readonly TableColumn[];
  readonly #texts: ObjectTexts;
  readonly #cells = new WeakMap<AnyObject, Cells>();
  readonly #definitions: string;

  constructor(columns: readonly TableColumn[], texts: ObjectTexts) {
    this.#columns = columns;
    this.#texts = texts;
    this.#definitions = JSON.stringify(
      columns.map(({ name, type, format, description, priority }) => ({
        name,
        type,
        format,
        description,
        priority,
      })),
    );
  }

  /**
   * The JSON of a Table, without column definitions when the client knows them.
   *
   * @param now - Unix time in ms
   */
  table(
    objects: readonly AnyObject[],
    resourceVersion: string,
    options: TableOptions & { readonly withColumns: boolean; readonly now: number },
  ): string {
    const columns = options.withColumns ? this.#definitions : 'null';
    const rows = objects.map((object) => this.#row(object, options));
    return `{"kind":"Table","apiVersion":"meta.k8s.io/${options.version}","metadata":{"resourceVersion":${JSON.stringify(resourceVersion)}},"columnDefinitions":${columns},"rows":[${rows.join(',')}]}`;
  }

  #row(object: AnyObject, options: TableOptions & { readonly now: number }): string {
    const cells = this.#cellsOf(object).map((cell) =>
      typeof cell === 'string' ? cell : ageText(cell.since, options.now),
    );
    return `{"cells":[${cells.join(',')}],"object":${this.#included(object, options)}}`;
  }

  #included(object: AnyObject, { include, version }: TableOptions): string {
    switch (include) {
      case 'None':
        return 'null';
      case 'Metadata':
        return this.#texts.metadata(object, version);
      case 'Object':
        return this.#texts.wholeOnce(object);
    }
  }

  #cellsOf(object: AnyObject): Cells {
    return remembered(this.#cells, object, () =>
      this.#columns.map((column) => cellText(column.cell(object))),
    );
  }
}

function cellText(cell: TableCell): Cells[number] {
  if (cell === null || typeof cell !== 'object') return JSON.stringify(cell);
  const since = Date.parse(cell.since);
  return Number.isNaN(since) ? '"<invalid>"' : { since };
}

function ageText(since: number, now: number): string {
  return `"${humanDuration(now - since)}"`;
}
