/** Most characters of a message, and of a name that somebody else wrote. */
export const TEXT_LIMIT = 1024;

/**
 * The text, cut to at most `limit` characters, the last of which is then an ellipsis.
 *
 * @remarks Characters are counted as Kubernetes counts them, in Unicode code points: no pair of surrogates is split.
 */
export function clip(text: string, limit: number = TEXT_LIMIT): string {
  if (text.length <= limit) return text;
  // A character has at most two units, so that the rest of a long text need not be looked at.
  const characters = Array.from(text.slice(0, 2 * limit + 1));
  return characters.length <= limit ? text : `${characters.slice(0, limit - 1).join('')}…`;
}

/** The time without its fraction of a second: the form of Kubernetes' own times. */
export function toSeconds(time: string): string {
  return time.replace(/\.\d+(?=Z|[+-]\d\d:\d\d$)/, '');
}
