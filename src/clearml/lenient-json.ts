/**
 * JSON as the ClearML server writes it: `NaN`, `Infinity` and `-Infinity` stand bare where a task put them into its
 * runtime (protocol 9.1), and one such task must not hide the others of its page.
 *
 * A bare `NaN` becomes the text `"NaN"`, which no reader takes for a number.
 *
 * @throws SyntaxError for anything else that is not JSON.
 */
export function parseLenientJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const repaired = repair(text);
    if (repaired === undefined) throw error;
    return JSON.parse(repaired);
  }
}

/** A member of an object as it was written: `value` is its text, byte by byte. */
export interface RawMember {
  readonly key: string;
  readonly keyText: string;
  readonly value: string;
}

/**
 * The text of the value at `path` in an object, exactly as it was written; undefined when there is none.
 *
 * @remarks `text` must have been accepted by {@link parseLenientJson}. Of members of one name the last one counts.
 */
export function rawValueAt(text: string, path: readonly string[]): string | undefined {
  let value: string | undefined = text.trim();
  for (const key of path) {
    if (value?.startsWith('{') !== true) return undefined;
    value = rawMembers(value).findLast((member) => member.key === key)?.value;
  }
  return value;
}

/**
 * The members of the object that `text` is, with their values as text: numbers keep their form (`1.0`, `NaN`, integers
 * beyond 2^53), which parsing and writing them again would lose.
 */
export function rawMembers(text: string): readonly RawMember[] {
  const members: RawMember[] = [];
  let at = skipSpace(text, text.indexOf('{') + 1);
  while (text[at] === '"') {
    const keyEnd = skipString(text, at);
    const valueStart = skipSpace(text, text.indexOf(':', keyEnd) + 1);
    const valueEnd = skipValue(text, valueStart);
    const keyText = text.slice(at, keyEnd);
    const value = text.slice(valueStart, valueEnd).trimEnd();
    members.push({ key: JSON.parse(keyText) as string, keyText, value });
    at = skipSpace(text, valueEnd);
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return members;
}

/** The text with bare constants replaced, outside of strings only; undefined when there are none. */
function repair(text: string): string | undefined {
  const parts: string[] = [];
  let from = 0;
  for (let at = 0; at < text.length;) {
    const char = text[at];
    if (char === '"') {
      at = skipString(text, at);
    } else if (char === 'N' || char === 'I') {
      const constant = char === 'N' ? 'NaN' : 'Infinity';
      if (!text.startsWith(constant, at)) return undefined;
      // JSON.parse reads 1e999 as Infinity; a minus sign before it stays where it is.
      parts.push(text.slice(from, at), char === 'N' ? '"NaN"' : '1e999');
      at += constant.length;
      from = at;
    } else {
      at++;
    }
  }
  return from === 0 ? undefined : parts.join('') + text.slice(from);
}

/** The index behind the string that begins at `at`. */
function skipString(text: string, at: number): number {
  let end = text.indexOf('"', at + 1);
  while (end >= 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end < 0 ? text.length : end + 1;
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0;
  while (text[at - 1 - slashes] === '\\') slashes++;
  return slashes % 2 === 1;
}

/** The index of the comma or bracket behind the value that begins at `at`. */
function skipValue(text: string, at: number): number {
  let depth = 0;
  let index = at;
  while (index < text.length) {
    const char = text[index] ?? '';
    if (depth === 0 && ENDS.has(char)) return index;
    depth += DEPTH.get(char) ?? 0;
    index = char === '"' ? skipString(text, index) : index + 1;
  }
  return index;
}

const ENDS: ReadonlySet<string> = new Set([',', '}', ']']);
const DEPTH: ReadonlyMap<string, number> = new Map([
  ['{', 1],
  ['[', 1],
  ['}', -1],
  [']', -1],
]);

function skipSpace(text: string, at: number): number {
  let index = at;
  while (/\s/.test(text[index] ?? '')) index++;
  return index;
}
