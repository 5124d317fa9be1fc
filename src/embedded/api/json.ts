/** A JSON object whose content is not known. */
export type Dict = Record<string, unknown>;

/**
 * A number that JavaScript cannot hold or JSON cannot write: `NaN`, `Infinity`, `-Infinity`, or an
 * integer beyond 2^53. ClearML takes and sends all of them bare (protocol 9.1).
 */
export class BareNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** Gives the marked string that {@link stringifyJson} turns into the bare token. */
  toJSON(): string {
    return `${MARK}${this.text}`;
  }

  /** True when the number fits the eight bytes that ClearML's database has for integers. */
  get fits(): boolean {
    if (!/^-?\d+$/.test(this.text)) return true;
    return BigInt.asIntN(64, BigInt(this.text)) === BigInt(this.text);
  }
}

const MARK = '\u0001bare:';
const TOKENS = /"(?:[^"\\]|\\.)*"|-?Infinity|NaN|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const MARKED = /"\\u0001bare:(NaN|-?Infinity|-?\d+)"/g;
const ODD = /NaN|Infinity|\d{16}/;

/**
 * Parses JSON as ClearML's server does: bare `NaN` and `Infinity` are numbers, and long integers
 * keep every digit. Such numbers come back as {@link BareNumber}.
 *
 * @throws SyntaxError when the text is not JSON even so.
 */
export function parseJson(text: string): unknown {
  if (!ODD.test(text)) return JSON.parse(text) as unknown;
  const marked = text.replace(TOKENS, (token) =>
    token.startsWith('"') || isExact(token) ? token : JSON.stringify(`${MARK}${token}`),
  );
  return JSON.parse(marked, (_key, value: unknown) =>
    typeof value === 'string' && value.startsWith(MARK)
      ? new BareNumber(value.slice(MARK.length))
      : value,
  ) as unknown;
}

/** Writes JSON, {@link BareNumber}s as bare tokens. */
export function stringifyJson(value: unknown): string {
  const text = JSON.stringify(value);
  return text.includes('\\u0001bare:') ? text.replace(MARKED, '$1') : text;
}

/** A deep copy in which numbers that JSON cannot write are {@link BareNumber}s. */
export function toStored(value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) return new BareNumber(String(value));
  if (Array.isArray(value)) return value.map(toStored);
  if (!isDict(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toStored(item)]));
}

/** True for a JSON object: neither null, nor a list, nor a {@link BareNumber}. */
export function isDict(value: unknown): value is Dict {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof BareNumber)
  );
}

/** True when the value holds an integer that ClearML's database cannot store. */
export function holdsTooBig(value: unknown): boolean {
  if (value instanceof BareNumber) return !value.fits;
  if (Array.isArray(value)) return value.some(holdsTooBig);
  return isDict(value) && Object.values(value).some(holdsTooBig);
}

/** True for a number that JavaScript holds as well as JSON can say it. */
function isExact(token: string): boolean {
  if (/^-?\d+$/.test(token)) return Number.isSafeInteger(Number(token));
  return /^-?\d/.test(token);
}
