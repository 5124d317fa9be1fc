/** A Table as the API answers it (meta/v1 Table), as far as it is printed. */
export interface Table {
  readonly columnDefinitions?: readonly { readonly name: string; readonly priority: number }[];
  readonly rows?: readonly TableRow[];
  readonly metadata?: { readonly resourceVersion?: string };
}

/** One row, with the metadata of its object. */
export interface TableRow {
  readonly cells: readonly unknown[];
  readonly object: { readonly metadata: RowMeta };
}

interface RowMeta {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

const GAP = 3;

/** Prints the rows of Tables one after the other, aligned as kubectl does; the head comes once. */
export class TablePrinter {
  readonly #out: (text: string) => void;
  readonly #wide: boolean;
  #columns: readonly { readonly name: string; readonly index: number }[] | undefined;
  #widths: number[] = [];

  constructor(out: (text: string) => void, wide: boolean) {
    this.#out = out;
    this.#wide = wide;
  }

  /** Prints the rows of a Table; later ones of a watch may leave their columns out. */
  print({ columnDefinitions = [], rows = [] }: Table): void {
    const lines =
      rows.length > 0 && this.#columns === undefined ? [this.#head(columnDefinitions)] : [];
    const columns = this.#columns ?? [];
    lines.push(...rows.map(({ cells }) => columns.map(({ index }) => cellText(cells[index]))));
    for (const line of lines) this.#widen(line);
    for (const line of lines) this.#out(`${this.#align(line)}\n`);
  }

  #head(definitions: NonNullable<Table['columnDefinitions']>): string[] {
    this.#columns = definitions
      .map(({ name, priority }, index) => ({ name: cellText(name), priority, index }))
      .filter(({ priority }) => this.#wide || priority === 0);
    return this.#columns.map(({ name }) => name.toUpperCase());
  }

  #widen(line: readonly string[]): void {
    this.#widths = line.map((text, index) => Math.max(text.length, this.#widths[index] ?? 0));
  }

  #align(line: readonly string[]): string {
    const last = line.length - 1;
    return line
      .map((text, index) => (index === last ? text : text.padEnd((this.#widths[index] ?? 0) + GAP)))
      .join('');
  }
}

/** What a terminal takes for a command is shown as a question mark: cells hold text of tasks. */
function cellText(cell: unknown): string {
  if (cell === null || cell === undefined) return '';
  const text = typeof cell === 'string' ? cell : JSON.stringify(cell);
  return text.replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}]/gu, '?');
}
