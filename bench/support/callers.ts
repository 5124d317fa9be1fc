import { aCredential, SESSION_COOKIE, type Clearway } from './clearway.ts';
import { load, type Line } from './rounds.ts';
import { writeWalk } from './wrk.ts';

/** Characters of a sealed session. */
export const SESSION_LENGTH = 1_100;

/** Fewer requests than even a busy machine answers in a second: a turn must come to the end of the walk. */
const SLOWEST_RATE = 5_000;
/** Turns within which every pair must have been decided. */
const MOST_TURNS = 12;

/** Who asks for what. */
export interface Callers {
  readonly callers: number;
  /** The routes are those of these tasks. */
  readonly tasks: readonly string[];
  /** Routes that each caller uses. */
  readonly each: number;
}

/**
 * Writes the script in which each caller in turn asks for its first route, then each for its second one, and so on: the next
 * request is always somebody else's.
 *
 * @throws Error when not every caller and every route takes part
 */
export function writeCallers(file: string, { callers, tasks, each }: Callers): Promise<string> {
  if (each > tasks.length || callers * each < tasks.length) {
    throw new Error('each caller uses some of the routes, and every route is used by somebody');
  }
  const numbers = Array.from({ length: callers }, (_, caller) => caller);
  return writeWalk(file, {
    paths: tasks.map((task) => `/service/${task}/page?x=1`),
    cookies: numbers.map((caller) => `theme=dark; ${SESSION_COOKIE}=${aSession(caller)}`),
    steps: Array.from({ length: each }, (_, turn) =>
      numbers.map((caller) => [(caller * each + turn) % tasks.length, caller] as const),
    ).flat(),
  });
}

/** The session of a caller, as long as a sealed one. */
export function aSession(caller: number): string {
  return aCredential(caller, SESSION_LENGTH);
}

/**
 * Asks until every pair of caller and route is decided, and a whole turn asks for no decision.
 *
 * @throws Error when decisions do not stay
 */
export async function askAll(line: Line, clearway: Clearway, pairs: number): Promise<void> {
  const seconds = turnSeconds(pairs);
  for (let turn = 0; turn < MOST_TURNS; turn += 1) {
    const before = clearway.questions();
    const { requests } = await load(line, seconds);
    if (before >= pairs && clearway.questions() === before && requests >= pairs) return;
  }
  throw new Error(`${clearway.questions()} questions for ${pairs} pairs: decisions do not stay`);
}

/** How long it takes at most to ask for each of these pairs once, when they are decided. */
export function turnSeconds(pairs: number): number {
  return Math.max(3, Math.ceil(pairs / SLOWEST_RATE));
}
