/** What no two servers have in common, with what stands for it. */
const MASKS: readonly (readonly [RegExp, string])[] = [
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, 'UID'],
  [/(\\?"?resourceVersion\\?"?: ?)\\?"\d+\\?"/g, '$1"VERSION"'],
  [/(Resource Version: +)\d+/g, '$1VERSION'],
  [/https?:\/\/127\.0\.0\.1:\d+/g, 'SERVER'],
  [/127\.0\.0\.1:\d+/g, 'SERVER'],
  // Times of the seed are the same on both sides: they are of May 2024.
  [/\b(?!2024-05-01)20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, 'TIME'],
  [/\b20\d\d-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? \+0000/g, 'TIME'],
  // What a server says of its own version.
  [/(Server Version: ).*/g, '$1VERSION'],
  [/(server \()1\.\d+\)/g, '$1VERSION)'],
  // A name that the server completed.
  [/\blab-[a-z0-9]{5}\b/g, 'lab-RANDOM'],
  // Columns are as wide as their longest cell, and ages differ.
  [/(?<=\s|^)(?:\d+[smhdy]){1,2}(?=\s|\)|$) */gm, 'AGE   '],
  [/(?<=\s|^)AGE +/gm, 'AGE   '],
];

/** A text with everything masked that differs from server to server and from run to run. */
export function mask(text: string): string {
  const masked = MASKS.reduce(
    (rest, [pattern, name]) => rest.replace(pattern, name),
    sortRaw(text),
  );
  // The real server gives wrong fields in any order.
  return sortBullets(withoutWidths(masked));
}

/** How wide the columns of events with "2s (x3 over 5s)" are says nothing. */
function withoutWidths(text: string): string {
  if (!/\(x\d+ over/.test(text)) return text;
  const start = Math.max(0, text.search(/^Events:/m));
  return text.slice(0, start) + text.slice(start).replaceAll(/(?<=\S) {2,}/g, '   ');
}

function sortBullets(text: string): string {
  return text.replaceAll(/(?:^\* .*\n)+/gm, (bullets) =>
    bullets
      .split(/(?<=\n)/)
      .sort()
      .join(''),
  );
}

/** The answer to `--raw` with its fields in order, since a real server keeps custom resources without any, and without managedFields. */
function sortRaw(text: string): string {
  if (!/^{.*}\n?$/.test(text)) return text;
  const sorted = sortJson(JSON.parse(text));
  return `${JSON.stringify(sorted, undefined, 1)}\n`;
}

function sortJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortJson).toSorted(byName);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value)
    .filter(([name]) => name !== 'managedFields')
    .toSorted(([one], [other]) => one.localeCompare(other))
    .map(([name, field]) => [name, sortJson(field)]);
  return Object.fromEntries(fields);
}

function byName(one: unknown, other: unknown): number {
  return nameOf(one).localeCompare(nameOf(other));
}

function nameOf(value: unknown): string {
  return typeof value === 'object' && value !== null && 'name' in value ? String(value.name) : '';
}
