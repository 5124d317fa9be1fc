import type { ApiRequest } from '../contracts.ts';
import { ApiError } from '../status.ts';
import { jsonProblem } from './json.ts';
import { duplicateFields } from './json-duplicates.ts';
import { badRequest } from './problems.ts';
import { readYaml, YAML_LIMIT } from './yaml-body.ts';

/** Largest body, in bytes: a third of what Kubernetes takes, as nothing else is served while it is parsed. */
export const BODY_LIMIT = 1024 * 1024;

/** What a body says. */
export interface Body {
  readonly value: unknown;
  /** Paths of the fields that stand twice in one object; the last one counts. */
  readonly duplicates: readonly string[];
}

/** Media types of whole objects. */
export const OBJECT_TYPES: readonly string[] = ['application/json', 'application/yaml'];

/** The patches that are understood. Strategic merge is for types that are compiled in, never for custom resources. */
export const PATCH_TYPES = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const;

/**
 * The media type of a body, without its parameters.
 * @throws ApiError 415 when it is none of those
 */
export function mediaTypeOf(request: ApiRequest, supported: readonly string[]): string {
  const header = request.headers['content-type'] ?? 'application/json';
  const [type = ''] = header.split(';', 1);
  const mediaType = type.trim().toLowerCase();
  if (supported.includes(mediaType)) return mediaType;
  const list = supported.join(', ');
  const message = `the body of the request was in an unknown format - accepted media types include: ${list}`;
  throw new ApiError('UnsupportedMediaType', message);
}

/**
 * Reads the body; YAML where its media type says so.
 * @throws ApiError 400 when it cannot be read, 413 when it is too large
 */
export async function readBody(request: ApiRequest, mediaType: string): Promise<Body> {
  const text = decode(await request.body(BODY_LIMIT));
  return mediaType.endsWith('yaml') ? fromYaml(text) : fromJson(text);
}

/** The walks over a body are recursive, so its depth is checked before any other. */
function requireJson(value: unknown): unknown {
  const problem = jsonProblem(value);
  if (problem !== undefined) throw badRequest(`error decoding the body: ${problem}`);
  return value;
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw Object.assign(badRequest('error decoding the body: it is no UTF-8'), { cause: error });
  }
}

function fromJson(text: string): Body {
  return jsonBody(
    text,
    parsed('JSON', () => JSON.parse(text) as unknown),
  );
}

function jsonBody(text: string, value: unknown): Body {
  return { value: requireJson(value), duplicates: duplicateFields(text) };
}

/** Clients that speak of YAML mostly send JSON, which is read by the faster reader. */
function fromYaml(text: string): Body {
  const json = jsonObject(text);
  if (json !== undefined) return jsonBody(text, json);
  if (Buffer.byteLength(text) > YAML_LIMIT) {
    const message = `the body of the request was too large: the limit for YAML is ${YAML_LIMIT} bytes`;
    throw new ApiError('RequestEntityTooLarge', message);
  }
  const { value, duplicates } = parsed('YAML', () => readYaml(text));
  return { value: requireJson(value), duplicates };
}

function jsonObject(text: string): unknown {
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function parsed<T>(language: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw unreadable(language, error);
  }
}

function unreadable(language: string, error: unknown): ApiError {
  const why = error instanceof Error ? error.message : 'it cannot be read';
  return Object.assign(badRequest(`error decoding ${language}: ${why}`), { cause: error });
}
