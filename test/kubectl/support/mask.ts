/** What no two servers have in common, with what stands for it. */
const MASKS: readonly (readonly [RegExp, string])[] = [
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, 'UID'],
  [/("?resourceVersion"?: ?)"\d+"/g, '$1"VERSION"'],
  [/(Resource Version: +)\d+/g, '$1VERSION'],
  [/https?:\/\/127\.0\.0\.1:\d+/g, 'SERVER'],
  [/127\.0\.0\.1:\d+/g, 'SERVER'],
  // Times of the seed are the same on both sides: they are of May 2024.
  [/\b(?!2024-05-01)20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, 'TIME'],
  [/\b20(?!24)\d\d-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? \+0000( \w+)?/g, 'TIME'],
  [/(?<=\s|^)(?:\d+[smhdy]){1,2}(?=\s|\)|$)/gm, 'AGE'],
  // Columns are as wide as their longest cell, and ages differ.
  [/(?<=\S) {2,}/g, '   '],
  [/ +$/gm, ''],
];

/** A text with everything masked that differs from server to server and from run to run. */
export function mask(text: string): string {
  return MASKS.reduce((masked, [pattern, name]) => masked.replace(pattern, name), text);
}
