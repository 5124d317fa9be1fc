/**
 * The embedded API's clock: never goes back, and stamps as ClearML writes them.
 *
 * @remarks
 * ClearML stores milliseconds and answers edits with microseconds (protocol 9.4), so a stamp has two
 * forms. A made-up microsecond part keeps the two apart.
 */
export class Stamper {
  readonly #now: () => number;
  #last = 0;
  #micros = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Unix time in ms, never less than what was given before. */
  next(): number {
    this.#last = Math.max(this.#last, Math.floor(this.#now()));
    return this.#last;
  }

  /** The long form of a stamp, as the answer to an edit has it. */
  long(ms: number): string {
    this.#micros = (this.#micros % 999) + 1;
    const micros = String(this.#micros).padStart(3, '0');
    return `${new Date(ms).toISOString().slice(0, -1)}${micros}+00:00`;
  }
}

/** A stored stamp as ClearML writes it: six digits after the point, none when they are all zero. */
export function formatStamp(ms: number): string {
  const iso = new Date(ms).toISOString();
  return iso.endsWith('.000Z') ? `${iso.slice(0, -5)}+00:00` : `${iso.slice(0, -1)}000+00:00`;
}

/** Unix time in ms of an ISO 8601 stamp, UTC when it names no zone; undefined when it is none. */
export function parseStamp(text: string): number | undefined {
  const match =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:?\d\d)?)?$/.exec(
      text.trim(),
    );
  if (match === null) return undefined;
  const [, day = '', time = '00:00', zone = 'Z'] = match;
  const ms = Date.parse(`${day}T${time}${zone}`);
  return Number.isNaN(ms) ? undefined : ms;
}
