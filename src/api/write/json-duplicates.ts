interface Level {
  readonly path: string;
  /** Names seen in an object; absent for an array. */
  readonly names: Set<string> | undefined;
  index: number;
  /** Path of the value that comes next. */
  next: string;
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;

/** Paths of the fields that stand twice in one object of a valid JSON text; `JSON.parse` keeps the last and says nothing. */
export function duplicateFields(text: string): readonly string[] {
  const duplicates = new Set<string>();
  const levels: Level[] = [];
  let lastString = '';
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === '{' || token === '[') open(levels, token);
    else if (token === '}' || token === ']') levels.pop();
    else if (token === ',') advance(levels.at(-1));
    else if (token === ':') name(levels.at(-1), lastString, duplicates);
    else lastString = token;
  }
  return [...duplicates];
}

function open(levels: Level[], token: string): void {
  const path = levels.at(-1)?.next ?? '';
  levels.push(
    token === '{'
      ? { path, names: new Set(), index: 0, next: path }
      : { path, names: undefined, index: 0, next: `${path}[0]` },
  );
}

function advance(level: Level | undefined): void {
  if (level === undefined || level.names !== undefined) return;
  level.index += 1;
  level.next = `${level.path}[${level.index}]`;
}

function name(level: Level | undefined, literal: string, duplicates: Set<string>): void {
  if (level?.names === undefined) return;
  const key = JSON.parse(literal) as string;
  level.next = level.path === '' ? key : `${level.path}.${key}`;
  if (level.names.has(key)) duplicates.add(level.next);
  level.names.add(key);
}
