/** A queue as ClearML lists it. */
export interface Queue {
  readonly id: string;
  readonly name: string;
}

/** Which queues a router serves, by LISTEN_QUEUE_NAME. */
export interface QueueFilter {
  /** Patterns that were written with commas between them, or the only one. */
  readonly patterns: readonly string[];
  /** Patterns between spaces; used when the whole value names no queue. */
  readonly words?: readonly string[];
}

/** The queues that a filter names among those that exist. */
export interface ServedQueues {
  readonly ids: ReadonlySet<string>;
  /** All queues that were listed: a queue that is not among them is not known yet. */
  readonly known: ReadonlySet<string>;
  /** Patterns that name no queue. */
  readonly unmatched: readonly string[];
}

/**
 * Reads LISTEN_QUEUE_NAME; undefined serves every task.
 *
 * @remarks
 * With a comma it is split at commas only. Without one it is a single name where a queue has that name, else words
 * between spaces: names of queues may hold spaces, and the published documentation separates by spaces.
 * `*` stands for any text, `?` for one character.
 */
export function parseQueueFilter(text: string | undefined): QueueFilter | undefined {
  const trimmed = (text ?? '').trim();
  const parts = trimmed.split(',').map((part) => part.trim());
  const patterns = parts.filter((part) => part !== '');
  if (patterns.length === 0) return undefined;
  const words = trimmed.split(/\s+/);
  return trimmed.includes(',') || words.length < 2 ? { patterns } : { patterns, words };
}

/** The queues that the filter names; names are matched as a whole and with their case. */
export function resolveQueues(filter: QueueFilter, queues: readonly Queue[]): ServedQueues {
  const whole = filter.patterns.some((pattern) =>
    queues.some(({ name }) => matches(pattern, name)),
  );
  const patterns = whole ? filter.patterns : (filter.words ?? filter.patterns);
  const served = queues.filter(({ name }) => patterns.some((pattern) => matches(pattern, name)));
  return {
    ids: new Set(served.map(({ id }) => id)),
    known: new Set(queues.map(({ id }) => id)),
    unmatched: patterns.filter((pattern) => !queues.some(({ name }) => matches(pattern, name))),
  };
}

/**
 * Whether a task of this queue is ours; `unknown` while the queue is not among those that were listed.
 *
 * A task without a queue was started by hand: no list of queues names it.
 */
export function servesQueue(
  served: ServedQueues | undefined,
  queue: string | undefined,
): boolean | 'unknown' {
  if (served === undefined) return 'unknown';
  if (queue === undefined) return false;
  if (served.ids.has(queue)) return true;
  return served.known.has(queue) ? false : 'unknown';
}

/** Linear in the length of the name for each star: a pattern cannot be made to take for ever. */
function matches(pattern: string, name: string): boolean {
  let at = 0;
  let inPattern = 0;
  let star = -1;
  let afterStar = 0;
  while (at < name.length) {
    const token = pattern[inPattern];
    if (token === '*') {
      star = inPattern++;
      afterStar = at;
    } else if (token === '?' || token === name[at]) {
      inPattern++;
      at++;
    } else if (star >= 0) {
      inPattern = star + 1;
      at = ++afterStar;
    } else {
      return false;
    }
  }
  return /^\**$/.test(pattern.slice(inPattern));
}
