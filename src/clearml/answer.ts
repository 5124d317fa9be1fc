import { OperatorError } from '../errors.ts';
import { parseLenientJson } from './lenient-json.ts';
import type { RawAnswer } from './transport.ts';

/** The `data` of an answer. */
export type AnswerData = Readonly<Record<string, unknown>>;

const MAX_DELAY_MS = 3_600_000;

/**
 * The data of a successful answer.
 *
 * @remarks
 * A 500 is "cannot say now" and never "no": it is what the server answers while Redis or MongoDB is down (protocol 9.1).
 * Messages of the server are left out of errors: they repeat what was sent.
 *
 * @throws OperatorError `CLEARML_UNAVAILABLE`, `CLEARML_THROTTLED` (with `delayMs` where the server said),
 *   `CLEARML_UNAUTHORIZED`, `CLEARML_REFUSED` (with `code` and `subcode`), `CLEARML_MALFORMED`
 */
export function readAnswer(answer: RawAnswer, now: number): AnswerData {
  const { status } = answer;
  if (status === 429) throw new OperatorError('CLEARML_THROTTLED', delayOf(answer, now));
  if (status >= 500) throw unavailable(answer, now);
  const envelope = readEnvelope(answer.text);
  if (status === 401) throw errorFor(status, envelope?.subcode ?? 0);
  if (envelope === undefined || (status >= 300 && status < 400)) {
    throw new OperatorError('CLEARML_MALFORMED', { status });
  }
  return dataOf(envelope, status);
}

/** True for a refusal with this code and subcode. */
export function isRefusal(error: unknown, code: number, subcode: number): boolean {
  return (
    error instanceof OperatorError &&
    error.code === 'CLEARML_REFUSED' &&
    error.details['code'] === code &&
    error.details['subcode'] === subcode
  );
}

interface Envelope {
  readonly code: number;
  readonly subcode: number;
  readonly data?: AnswerData;
}

function dataOf(envelope: Envelope, status: number): AnswerData {
  const code = status >= 400 ? status : envelope.code;
  if (code !== 200 && code !== 202) throw errorFor(code, envelope.subcode);
  if (envelope.data === undefined) throw new OperatorError('CLEARML_MALFORMED', { status });
  return envelope.data;
}

function unavailable(answer: RawAnswer, now: number): OperatorError {
  return new OperatorError('CLEARML_UNAVAILABLE', {
    status: answer.status,
    ...delayOf(answer, now),
  });
}

function errorFor(code: number, subcode: number): OperatorError {
  if (code >= 500) return new OperatorError('CLEARML_UNAVAILABLE', { status: code, subcode });
  if (code === 401) return new OperatorError('CLEARML_UNAUTHORIZED', { status: code, subcode });
  return new OperatorError('CLEARML_REFUSED', { code, subcode });
}

function readEnvelope(text: string): Envelope | undefined {
  const parsed = parse(text);
  const meta = asRecord(asRecord(parsed)?.['meta']);
  const code = meta?.['result_code'];
  const subcode = meta?.['result_subcode'];
  if (typeof code !== 'number') return undefined;
  const data = asRecord(asRecord(parsed)?.['data']);
  return {
    code,
    subcode: typeof subcode === 'number' ? subcode : 0,
    ...(data === undefined ? {} : { data }),
  };
}

function parse(text: string): unknown {
  try {
    return parseLenientJson(text);
  } catch {
    return undefined;
  }
}

/** A plain object as a record; undefined for anything else. */
export function asRecord(value: unknown): AnswerData | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as AnswerData)
    : undefined;
}

/** Retry-After in seconds or as a date (RFC 9110, section 10.2.3). */
function delayOf(answer: RawAnswer, now: number): { readonly delayMs?: number } {
  const text = answer.retryAfter?.trim() ?? '';
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? {} : { delayMs: Math.min(Math.max(ms, 0), MAX_DELAY_MS) };
}
