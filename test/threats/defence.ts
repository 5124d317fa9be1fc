/** One defence in the source, and the source without it. */
export interface Defence {
  /** The attack that comes through without it, such as `T8`. */
  readonly threat: string;
  /** Path from the top of the repository. */
  readonly file: string;
  /** Text of the defence: it occurs once in the file. */
  readonly from: string;
  readonly to: string;
}

/** A {@link Defence}; without `to` the text is only taken out. */
export function row(threat: string, file: string, from: string, to = ''): Defence {
  return { threat, file, from, to };
}
