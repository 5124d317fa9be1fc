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
  // A name that the server completed.
  [/\blab-[a-z0-9]{5}\b/g, 'lab-RANDOM'],
  // Columns are as wide as their longest cell, and ages differ.
  [/(?<=\s|^)(?:\d+[smhdy]){1,2}(?=\s|\)|$) */gm, 'AGE   '],
  [/(?<=\s|^)AGE +/gm, 'AGE   '],
];

/** A text with everything masked that differs from server to server and from run to run. */
export function mask(text: string): string {
  const masked = MASKS.reduce((rest, [pattern, name]) => rest.replace(pattern, name), text);
  // How wide a column with "2s (x3 over 5s)" is says nothing; the real server gives wrong fields in any order.
  return sortBullets(
    /\(x\d+ over/.test(masked) ? masked.replaceAll(/(?<=\S) {2,}/g, '   ') : masked,
  );
}

function sortBullets(text: string): string {
  return text.replaceAll(/(?:^\* .*\n)+/gm, (bullets) =>
    bullets
      .split(/(?<=\n)/)
      .sort()
      .join(''),
  );
}
