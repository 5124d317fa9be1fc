import { renderTable } from './table.ts';
import type { RouteRow } from './table.ts';
import { cutText, harmless } from './text-width.ts';

/** Where the demo writes: standard output, or a stand-in. */
export interface DemoOutput {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  /** Size of the terminal. */
  readonly columns?: number;
  readonly rows?: number;
}

/** What a {@link Screen} needs. */
export interface ScreenParts {
  readonly output: DemoOutput;
  readonly routerUrl: string;
  readonly color: boolean;
  /** Time of day for lines that are appended, such as `12:34:56`. */
  readonly timeOfDay: () => string;
}

/**
 * Shows the routes: on a terminal as a table that is redrawn in place, elsewhere as one line for each
 * route that came, changed or went.
 */
export class Screen {
  readonly #parts: ScreenParts;
  #drawn = 0;
  #known = new Map<string, RouteRow>();

  constructor(parts: ScreenParts) {
    this.#parts = parts;
  }

  /** Shows the routes as they are now. */
  show(rows: readonly RouteRow[]): void {
    if (this.#parts.output.isTTY === true) this.#draw(rows);
    else this.#append(rows);
  }

  /** Tells something else; on a terminal the table moves below it. */
  say(text: string): void {
    const back = this.#drawn > 0 ? `\u001b[${String(this.#drawn)}A\r\u001b[J` : '';
    this.#drawn = 0;
    this.#parts.output.write(`${back}${text}\n`);
  }

  #draw(rows: readonly RouteRow[]): void {
    const { output, routerUrl, color } = this.#parts;
    const width = (output.columns ?? 80) - 1;
    const height = Math.max(3, (output.rows ?? 24) - 2);
    const help = cutText('Ctrl-C ends the demo and cleans up.', width);
    const lines = [...renderTable(rows, { width, height, color, routerUrl }), help];
    const back = this.#drawn > 0 ? `\u001b[${String(this.#drawn)}A\r` : '';
    // Each line is cleared behind its end and the rest of the screen at last: nothing flickers.
    output.write(`${back}${lines.map((line) => `${line}\u001b[K\n`).join('')}\u001b[J`);
    this.#drawn = lines.length;
  }

  #append(rows: readonly RouteRow[]): void {
    for (const row of rows) {
      const known = this.#known.get(row.key);
      if (known?.state !== row.state || known.endpoint !== row.endpoint) this.#line(row);
    }
    this.#known = new Map(rows.map((row) => [row.key, row]));
  }

  #line(row: RouteRow): void {
    const { output, timeOfDay } = this.#parts;
    const words = [row.state.padEnd(9), row.protocol.padEnd(4), harmless(row.task)];
    const place = row.endpoint === '' ? '' : `  ${harmless(row.endpoint)}`;
    output.write(`${timeOfDay()}  ${words.join('  ')} (${harmless(row.user)})${place}\n`);
  }
}
