import { createHash } from 'node:crypto';
import type { ApiAnswer, ApiRequest } from '../contracts.ts';

/** A document that stays the same as long as the router runs. */
export interface FixedDocument {
  readonly contentType: string;
  readonly body: string | Buffer;
  /** Hash of the body, in hexadecimal capitals as Kubernetes writes it. */
  readonly hash: string;
}

/** Makes a document of JSON. */
export function jsonDocument(value: unknown, contentType = 'application/json'): FixedDocument {
  return fixedDocument(JSON.stringify(value), contentType);
}

/** Makes a document of any content. */
export function fixedDocument(body: string | Buffer, contentType: string): FixedDocument {
  const hash = createHash('sha512').update(body).digest('hex').toUpperCase();
  return { contentType, body, hash };
}

/** Answers a document, or 304 to a client that has it (RFC 9110, section 13.1.2). */
export function answerDocument(
  { headers }: Pick<ApiRequest, 'headers'>,
  { contentType, body, hash }: FixedDocument,
  more: Readonly<Record<string, string>>,
): ApiAnswer {
  const etag = `"${hash}"`;
  const known = (headers['if-none-match'] ?? '')
    .split(',')
    .map((tag) => tag.trim().replace(/^W\//, ''));
  const isKnown = known.includes(etag) || known.includes('*');
  const common = { ETag: etag, ...more };
  return isKnown
    ? { status: 304, headers: common, contentType, body: '' }
    : { status: 200, headers: common, contentType, body };
}
