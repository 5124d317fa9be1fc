import { cutText, displayWidth, fitText, harmless } from './text-width.ts';

/** How far a route is, as far as one can see from outside. */
export type RouteState = 'Requested' | 'Waiting' | 'Ready' | 'No answer' | 'Ending' | 'Ended';

/** One route as the table shows it. */
export interface RouteRow {
  /** Task id, protocol and endpoint name: the same for the same route. */
  readonly key: string;
  readonly task: string;
  readonly user: string;
  readonly protocol: 'http' | 'tcp';
  /** Address for users; empty while there is none. */
  readonly endpoint: string;
  readonly state: RouteState;
  /** Time since the task started, in ms. */
  readonly ageMs: number;
}

/** How a table is drawn. */
export interface TableFrame {
  /** Columns of the terminal. */
  readonly width: number;
  /** Most lines that the table may take; rows that do not fit are counted in the last one. */
  readonly height: number;
  readonly color: boolean;
  /** URL of the router, left away from endpoints where the terminal is narrow. */
  readonly routerUrl: string;
}

type Cells = readonly string[];

const TITLES: Cells = ['TASK', 'USER', 'KIND', 'STATE', 'AGE', 'ENDPOINT'];
const MAX_WIDTHS = [32, 12, 4, 9, 4];
/** State and age change all the time; columns that moved with them would be hard to read. */
const MIN_WIDTHS = [0, 0, 0, 9, 4];
const MIN_TASK = 10;
const NARROW = 100;
const WIDE = 130;
const STATE_COLUMN = 3;
const RESET = '\u001b[0m';
const COLORS: Readonly<Record<RouteState, string>> = {
  Requested: '\u001b[33m',
  Waiting: '\u001b[33m',
  Ready: '\u001b[32m',
  'No answer': '\u001b[31m',
  Ending: '\u001b[2m',
  Ended: '\u001b[2m',
};

/**
 * Renders routes as lines of a table.
 *
 * @remarks No line is wider than the frame, and nothing that a task wrote steers the terminal.
 */
export function renderTable(rows: readonly RouteRow[], frame: TableFrame): readonly string[] {
  const shown = rows.slice(0, Math.max(1, frame.height - 2));
  const cells = shown.map((row) => cellsOf(row, frame));
  const widths = columnWidths([TITLES, ...cells], frame.width);
  const gap = ' '.repeat(gapOf(frame.width));
  const lines = cells.map((line, index) => {
    const state = frame.color ? shown[index]?.state : undefined;
    return renderParts(line, widths, state).join(gap).trimEnd();
  });
  const ready = rows.filter(({ state }) => state === 'Ready').length;
  const hidden = rows.length - shown.length;
  const summary = `${String(ready)} of ${String(rows.length)} ready`;
  const last = hidden > 0 ? `${summary}, ${String(hidden)} more not shown` : summary;
  return [
    renderParts(TITLES, widths, undefined).join(gap).trimEnd(),
    ...lines,
    cutText(last, frame.width),
  ];
}

/** Writes a time span in four signs or less, for the first 999 days: `7s`, `12m`, `3h`, `40d`. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 120) return `${String(seconds)}s`;
  if (seconds < 7200) return `${String(Math.floor(seconds / 60))}m`;
  if (seconds < 172_800) return `${String(Math.floor(seconds / 3600))}h`;
  return `${String(Math.floor(seconds / 86_400))}d`;
}

function cellsOf(row: RouteRow, frame: TableFrame): Cells {
  const endpoint = row.endpoint === '' ? '-' : harmless(row.endpoint);
  const isNarrow = frame.width < WIDE;
  const short = endpoint.startsWith(`${frame.routerUrl}/`)
    ? endpoint.slice(frame.routerUrl.length)
    : endpoint;
  return [
    harmless(row.task),
    harmless(row.user),
    row.protocol,
    row.state,
    formatAge(row.ageMs),
    isNarrow ? short : endpoint,
  ];
}

function columnWidths(lines: readonly Cells[], width: number): readonly number[] {
  const longest = (column: number): number =>
    Math.max(...lines.map((line) => displayWidth(line[column] ?? '')));
  const wanted = MAX_WIDTHS.map((most, column) =>
    Math.max(MIN_WIDTHS[column] ?? 0, Math.min(most, longest(column))),
  );
  const endpoint = longest(wanted.length);
  const missing = sum(wanted) + gapOf(width) * wanted.length + endpoint - width;
  // The address matters most, so the name of the task gives way first.
  const [task = 0, ...others] = wanted;
  const shorter = Math.max(Math.min(MIN_TASK, task), task - Math.max(0, missing));
  return clampWidths([shorter, ...others, endpoint], width);
}

/** Columns that do not fit become narrower, or empty, from the right. */
function clampWidths(widths: readonly number[], width: number): readonly number[] {
  const gap = gapOf(width);
  let left = width;
  return widths.map((wanted) => {
    const given = Math.max(0, Math.min(wanted, left));
    left -= given + gap;
    return given;
  });
}

/** Eighty columns hold a whole path only when the columns stand close. */
function gapOf(width: number): number {
  return width < NARROW ? 1 : 2;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function renderParts(
  cells: Cells,
  widths: readonly number[],
  state: RouteState | undefined,
): readonly string[] {
  return cells.flatMap((cell, column) => {
    const width = widths[column] ?? 0;
    if (width === 0) return [];
    const text = fitText(cell, width);
    const isColored = column === STATE_COLUMN && state !== undefined;
    return [isColored ? `${COLORS[state]}${text}${RESET}` : text];
  });
}
