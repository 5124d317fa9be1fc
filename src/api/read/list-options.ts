import type { AnyObject, ResourceRequest } from '../contracts.ts';
import { parseFieldSelector } from '../selectors/field-selector.ts';
import { parseLabelSelector } from '../selectors/label-selector.ts';
import { ApiError, type StatusCause } from '../status.ts';

/** What the query of a list or a watch asks for (meta/v1 ListOptions). */
export interface ListOptions {
  readonly watch: boolean;
  /** Empty when it is not said. */
  readonly resourceVersion: string;
  readonly resourceVersionMatch: string;
  /** Empty when it is not said. */
  readonly continueToken: string;
  readonly sendInitialEvents: boolean | undefined;
  readonly allowWatchBookmarks: boolean;
  /** Undefined or zero for the server's own. */
  readonly timeoutSeconds: number | undefined;
}

/** Reads the query. @throws ApiError `BadRequest`, `Invalid` */
export function readListOptions(query: URLSearchParams): ListOptions {
  integer(query, 'limit');
  const options = {
    watch: flag(query, 'watch') ?? false,
    resourceVersion: readVersion(query),
    resourceVersionMatch: query.get('resourceVersionMatch') ?? '',
    continueToken: query.get('continue') ?? '',
    sendInitialEvents: flag(query, 'sendInitialEvents'),
    allowWatchBookmarks: flag(query, 'allowWatchBookmarks') ?? false,
    timeoutSeconds: integer(query, 'timeoutSeconds'),
  };
  const causes = options.watch ? watchProblems(options) : listProblems(options);
  if (causes.length > 0) throw invalidOptions(causes);
  return options;
}

/** Which objects a list or a watch is about. @throws ApiError `BadRequest` */
export function readSelection(request: ResourceRequest): (object: AnyObject) => boolean {
  const { query, resource, namespace } = request;
  const labels = query.get('labelSelector') ?? '';
  const fields = query.get('fieldSelector') ?? '';
  const tests: ((object: AnyObject) => boolean)[] = [];
  if (namespace !== undefined) tests.push(({ metadata }) => metadata.namespace === namespace);
  if (labels !== '') {
    const selects = parseLabelSelector(labels);
    tests.push(({ metadata }) => selects(metadata.labels));
  }
  if (fields !== '') tests.push(parseFieldSelector(fields, resource));
  return (object) => tests.every((test) => test(object));
}

/** As apimachinery reads a boolean of a query: anything but `false` and `0` is true, nothing as well. */
function flag(query: URLSearchParams, name: string): boolean | undefined {
  const value = query.get(name);
  return value === null ? undefined : value !== '0' && value.toLowerCase() !== 'false';
}

/** The version that the query asks for, in digits; empty when it is not said. @throws ApiError `BadRequest` */
export function readVersion(query: URLSearchParams): string {
  const value = query.get('resourceVersion') ?? '';
  if (/^\d{0,19}$/.test(value)) return value;
  const quoted = JSON.stringify(value);
  throw new ApiError(
    'BadRequest',
    `invalid resource version: resourceVersion: Invalid value: ${quoted}: strconv.ParseUint: parsing ${quoted}: invalid syntax`,
  );
}

function integer(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null || value === '') return undefined;
  if (/^[+-]?\d{1,15}$/.test(value)) return Number(value);
  throw new ApiError(
    'BadRequest',
    `strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`,
  );
}

const MATCH = 'resourceVersionMatch';
const NOT_OLDER = 'NotOlderThan';

/** Of apimachinery's ValidateListOptions, what a list must keep to. */
function listProblems(options: ListOptions): readonly StatusCause[] {
  const { resourceVersion, resourceVersionMatch: match, sendInitialEvents } = options;
  const causes: StatusCause[] = [];
  if (match !== '') {
    if (resourceVersion === '') {
      causes.push(forbidden(MATCH, `${MATCH} is forbidden unless resourceVersion is provided`));
    }
    causes.push(...continueProblems(options));
    if (match !== 'Exact' && match !== NOT_OLDER) {
      causes.push(unsupported(match, ['Exact', NOT_OLDER, '']));
    }
    if (match === 'Exact' && resourceVersion === '0') {
      causes.push(forbidden(MATCH, `${MATCH} "exact" is forbidden for resourceVersion "0"`));
    }
  }
  if (sendInitialEvents !== undefined) {
    causes.push(forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  }
  return causes;
}

/** The same of a watch. */
function watchProblems(options: ListOptions): readonly StatusCause[] {
  const { resourceVersionMatch: match, sendInitialEvents } = options;
  const causes: StatusCause[] = [];
  if (sendInitialEvents !== undefined && match !== NOT_OLDER) {
    causes.push(forbidden(MATCH, `sendInitialEvents requires setting ${MATCH} to ${NOT_OLDER}`));
  }
  if (match === '') return causes;
  if (sendInitialEvents === undefined) {
    causes.push(
      forbidden(MATCH, `${MATCH} is forbidden for watch unless sendInitialEvents is provided`),
    );
  }
  if (match !== NOT_OLDER) causes.push(unsupported(match, [NOT_OLDER]));
  return [...causes, ...continueProblems(options)];
}

function continueProblems({ continueToken }: ListOptions): readonly StatusCause[] {
  if (continueToken === '') return [];
  return [forbidden(MATCH, `${MATCH} is forbidden when continue is provided`)];
}

function forbidden(field: string, message: string): StatusCause {
  return { reason: 'FieldValueForbidden', message: `Forbidden: ${message}`, field };
}

function unsupported(value: string, supported: readonly string[]): StatusCause {
  const values = supported.map((text) => JSON.stringify(text)).join(', ');
  const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${values}`;
  return { reason: 'FieldValueNotSupported', message, field: MATCH };
}

function invalidOptions(causes: readonly StatusCause[]): ApiError {
  const texts = causes.map(({ field, message }) => `${field}: ${message}`);
  const all = texts.length === 1 ? texts.join('') : `[${texts.join(', ')}]`;
  return new ApiError('Invalid', `ListOptions.meta.k8s.io "" is invalid: ${all}`, {
    group: 'meta.k8s.io',
    kind: 'ListOptions',
    causes,
  });
}
