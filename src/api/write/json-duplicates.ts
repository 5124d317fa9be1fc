import { Duplicates, type NameCounts, type Step } from './duplicates.ts';

interface Level {
  /** Names in an object; absent for an array. */
  readonly names: NameCounts | undefined;
  /** Where in it the value stands that comes next. */
  at: Step;
}

const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]/g;

/**
 * Paths of fields that stand twice in one object of a valid JSON text, as many as a message lists; `JSON.parse` keeps the
 * last of each and says nothing.
 */
export function duplicateFields(text: string): readonly string[] {
  const duplicates = new Duplicates();
  const levels: Level[] = [];
  let lastString = '';
  for (const [token] of text.matchAll(TOKEN)) {
    if (duplicates.isFull) break;
    if (token === '{') levels.push({ names: new Map(), at: '' });
    else if (token === '[') levels.push({ names: undefined, at: 0 });
    else if (token === '}' || token === ']') levels.pop();
    else if (token === ',') advance(levels.at(-1));
    else if (token === ':') name(levels, lastString, duplicates);
    else lastString = token;
  }
  return duplicates.paths;
}

function advance(level: Level | undefined): void {
  if (typeof level?.at === 'number') level.at += 1;
}

function name(levels: readonly Level[], literal: string, duplicates: Duplicates): void {
  const level = levels.at(-1);
  if (level?.names === undefined) return;
  const key = JSON.parse(literal) as string;
  level.at = key;
  duplicates.count(level.names, key, () => levels.map(({ at }) => at));
}
