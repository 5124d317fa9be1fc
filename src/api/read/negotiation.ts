import { ApiError } from '../status.ts';

/** One range of an Accept header (RFC 9110, section 12.5.1). */
export interface MediaRange {
  /** In small letters, such as `application/json`. */
  readonly type: string;
  /** Names in small letters; without `q`. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** How an answer about objects is written. */
export type Form =
  | { readonly kind: 'object' }
  | { readonly kind: 'table'; readonly version: MetaVersion }
  | { readonly kind: 'metadata'; readonly version: MetaVersion };

/** Versions of meta.k8s.io in which a Table and PartialObjectMetadata are the same. */
export type MetaVersion = 'v1' | 'v1beta1';

/** What is asked for: of a list, the metadata of all objects is a kind of its own. */
export type Shape = 'one' | 'list';

const JSON_TYPES: ReadonlySet<string> = new Set(['application/json', 'application/*', '*/*']);

/** The ranges of an Accept header, most wanted first; those that cannot be read are left out. */
export function mediaRanges(accept: string | undefined): readonly MediaRange[] {
  if (accept === undefined || accept.trim() === '') return [ANYTHING];
  const ranges = splitOutsideQuotes(accept, ',').flatMap((text) => readRange(text) ?? []);
  return ranges
    .filter(({ quality }) => quality > 0)
    .sort((left, right) => right.quality - left.quality)
    .map(({ range }) => range);
}

const ANYTHING: MediaRange = { type: '*/*', parameters: new Map() };

/** The first form that fits. @throws ApiError `NotAcceptable` */
export function negotiateForm(accept: string | undefined, shape: Shape): Form {
  for (const range of mediaRanges(accept)) {
    const form = isJson(range) ? formOf(range, shape) : undefined;
    if (form !== undefined) return form;
  }
  throw notAcceptable();
}

/** True when JSON is an answer to this range. */
export function isJson({ type }: MediaRange): boolean {
  return JSON_TYPES.has(type);
}

/** Nothing that the client accepts is served here. */
export function notAcceptable(types = 'application/json'): ApiError {
  return new ApiError('NotAcceptable', `only the following media types are accepted: ${types}`);
}

function formOf({ parameters }: MediaRange, shape: Shape): Form | undefined {
  const as = parameters.get('as') ?? '';
  if (as === '') return { kind: 'object' };
  const version = parameters.get('v');
  if (parameters.get('g') !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) {
    return undefined;
  }
  if (as === 'Table') return { kind: 'table', version };
  const metadata = shape === 'one' ? 'PartialObjectMetadata' : 'PartialObjectMetadataList';
  return as === metadata ? { kind: 'metadata', version } : undefined;
}

function readRange(
  text: string,
): { readonly range: MediaRange; readonly quality: number } | undefined {
  const [type = '', ...rest] = splitOutsideQuotes(text, ';').map((part) => part.trim());
  if (!/^[^\s/;,]+\/[^\s/;,]+$/.test(type)) return undefined;
  const parameters = new Map<string, string>();
  for (const part of rest) {
    const [, name, value] = /^([^=\s]+)\s*=\s*(.*)$/s.exec(part) ?? [];
    if (name !== undefined) parameters.set(name.toLowerCase(), unquoted(value ?? ''));
  }
  const quality = Number(parameters.get('q') ?? 1);
  parameters.delete('q');
  return {
    range: { type: type.toLowerCase(), parameters },
    quality: Number.isNaN(quality) ? 1 : quality,
  };
}

function unquoted(value: string): string {
  return /^".*"$/s.test(value) ? value.slice(1, -1).replace(/\\(.)/gs, '$1') : value;
}

function splitOutsideQuotes(text: string, separator: ',' | ';'): readonly string[] {
  const part =
    separator === ',' ? /(?:"(?:\\.|[^"\\])*"|[^,])+/gs : /(?:"(?:\\.|[^"\\])*"|[^;])+/gs;
  return text.match(part) ?? [];
}
