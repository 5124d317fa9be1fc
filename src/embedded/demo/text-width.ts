const WIDE =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u;
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;
const VARIATION_SELECTORS = /[\ufe00-\ufe0f]/gu;
const MAX_MARKS = 2;

/**
 * Makes text from outside safe to print on a terminal, on one line.
 *
 * @remarks Whatever steers a terminal or the direction of writing (control, format, private and unassigned
 * characters, lone surrogates) becomes U+FFFD; a character keeps two combining marks at most.
 */
export function harmless(text: string): string {
  const safe = text.normalize('NFC').replace(VARIATION_SELECTORS, '').replace(UNSAFE, '\ufffd');
  return graphemes(safe)
    .map((grapheme) =>
      Array.from(grapheme)
        .slice(0, 1 + MAX_MARKS)
        .join(''),
    )
    .join('');
}

/** Counts the columns that harmless text takes on a terminal: two for an East Asian or emoji character. */
export function displayWidth(text: string): number {
  return graphemes(text).reduce((sum, grapheme) => sum + graphemeWidth(grapheme), 0);
}

/** Cuts harmless text to at most `width` columns; what was cut shows as an ellipsis. */
export function cutText(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let cut = '';
  let used = 0;
  for (const grapheme of graphemes(text)) {
    used += graphemeWidth(grapheme);
    if (used > width - 1) break;
    cut += grapheme;
  }
  return width > 0 ? `${cut}…` : '';
}

/** Cuts or pads harmless text to exactly `width` columns. */
export function fitText(text: string, width: number): string {
  const cut = cutText(text, width);
  return cut + ' '.repeat(Math.max(0, width - displayWidth(cut)));
}

function graphemes(text: string): readonly string[] {
  return [...new Intl.Segmenter('en').segment(text)].map(({ segment }) => segment);
}

function graphemeWidth(grapheme: string): number {
  return WIDE.test(grapheme) ? 2 : 1;
}
