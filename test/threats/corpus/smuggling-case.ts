/** What must come of the bytes of a case. */
export interface Outcome {
  /** Statuses of the answers, in order. */
  readonly answers: readonly number[];
  /** What the application gets: suffix of the target, and the body. */
  readonly seen: readonly (readonly [suffix: string, body: string])[];
  /** True when the proxy ends the connection behind the last answer; else it must read the next request at the right byte. */
  readonly ends: boolean;
}

/** Bytes on one connection, and what must come of them. */
export interface SmugglingCase {
  readonly says: string;
  /** `target(suffix)` is a target below the route, unlike those of any other case. */
  readonly bytes: (target: (suffix?: string) => string) => string;
  readonly outcome: Outcome;
  /** Sent once the answers are there: the rest of a body that was answered too early. */
  readonly later?: (target: (suffix?: string) => string) => string;
  /** Places of the answers that have no body, as the request was a HEAD. */
  readonly heads?: readonly number[];
}

/** Makes a target below the route, unlike those of any other case. */
export type Target = (suffix?: string) => string;

export const HOST = 'Host: gw.example\r\n';
export const ALICE = `${HOST}Authorization: Bearer alice\r\n`;
export const CRLF = '\r\n';

/** What an attacker wants another server to take for a request; all by itself it would be let in. */
export const hidden = (target: Target): string =>
  `GET ${target('-hidden')} HTTP/1.1\r\n${ALICE}\r\n`;

/** The line that says that a body comes in chunks. */
export const CHUNKED = 'Transfer-Encoding: chunked';

export const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
export const chunked = (text: string): string => `${chunk(text)}0\r\n\r\n`;

/** A request of alice with these header lines, and the bytes behind its head. */
export function from(
  target: Target,
  lines: readonly string[],
  behind: string,
  { method = 'POST', version = 'HTTP/1.1', who = ALICE } = {},
): string {
  return `${method} ${target()} ${version}\r\n${who}${lines.map((line) => line + CRLF).join('')}\r\n${behind}`;
}

export const REFUSED: Outcome = { answers: [400], seen: [], ends: true };
export const UNKNOWN: Outcome = { answers: [501], seen: [], ends: true };

export const forwarded = (body: string): Outcome => ({
  answers: [200],
  seen: [['', body]],
  ends: false,
});
export const turnedAway = (status: number): Outcome => ({
  answers: [status],
  seen: [],
  ends: false,
});

/** The body `HIDDEN` of an outcome stands for the hidden request. */
export function bodyOf(outcomeBody: string, target: Target): string {
  return outcomeBody === 'HIDDEN' ? hidden(target) : outcomeBody;
}
