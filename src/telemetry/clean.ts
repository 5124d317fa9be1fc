/** Text of a stranger as a log line can hold it: short, and without anything that is not plainly visible. */
export function cleanForLog(text: string, longest = 64): string {
  // Cut first, so that a long text buys no time. What the cut leaves of a pair is replaced with everything else.
  const cut = text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
  return cut.toWellFormed().replace(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, '?');
}
