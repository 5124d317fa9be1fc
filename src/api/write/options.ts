import type { ResourceRequest } from '../contracts.ts';
import { isObject, shown } from './json.ts';
import { badRequest, invalidOf, type Problem } from './problems.ts';

/** How strictly unknown and duplicate fields are taken (Kubernetes API, `fieldValidation`). */
export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

/** What the query of a write asks for. */
export interface WriteOptions {
  readonly dryRun: boolean;
  readonly fieldValidation: FieldValidation;
  /** Who owns what is written: `fieldManager`, or the first word of the User-Agent. */
  readonly manager: string;
  /** An apply takes the fields of others. */
  readonly force: boolean;
}

type OptionsKind = 'CreateOptions' | 'UpdateOptions' | 'PatchOptions';

const VALIDATIONS: readonly string[] = ['', 'Ignore', 'Strict', 'Warn'];
const PROPAGATIONS: readonly string[] = ['Foreground', 'Background', 'Orphan'];
const MANAGER_LIMIT = 128;
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$/u;

/**
 * Reads the query of a create, update or patch.
 * @throws ApiError 400 and 422, as Kubernetes refuses options
 */
export function readOptions(
  request: ResourceRequest,
  kind: OptionsKind,
  isApply = false,
): WriteOptions {
  const { query } = request;
  const force = readFlag(query, 'force');
  const problems = [
    ...forceProblems(query, isApply),
    ...managerProblems(query, isApply),
    ...dryRunProblems(query.getAll('dryRun')),
    ...validationProblems(query.get('fieldValidation') ?? ''),
  ];
  if (problems.length > 0) {
    const names = { group: 'meta.k8s.io', kind };
    throw invalidOf(`${kind}.meta.k8s.io`, names, problems);
  }
  return {
    dryRun: query.getAll('dryRun').length > 0,
    fieldValidation: orElse(query.get('fieldValidation'), 'Warn') as FieldValidation,
    manager: orElse(query.get('fieldManager'), managerOf(request.headers['user-agent'] ?? '')),
    force: force ?? false,
  };
}

function orElse(text: string | null, otherwise: string): string {
  return text === null || text === '' ? otherwise : text;
}

function readFlag(query: URLSearchParams, name: string): boolean | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  return !['false', '0', 'f', 'F', 'False', 'FALSE'].includes(text);
}

function forceProblems(query: URLSearchParams, isApply: boolean): readonly Problem[] {
  if (isApply || !query.has('force')) return [];
  const body = 'Forbidden: may not be specified for non-apply patch';
  return [{ field: 'force', reason: 'FieldValueForbidden', body }];
}

function managerProblems(query: URLSearchParams, isApply: boolean): readonly Problem[] {
  const field = 'fieldManager';
  const manager = query.get(field) ?? '';
  if (manager === '') {
    const body = 'Required value: is required for apply patch';
    return isApply ? [{ field, reason: 'FieldValueRequired', body }] : [];
  }
  if (Buffer.byteLength(manager) > MANAGER_LIMIT) {
    const body = `Too long: may not be more than ${MANAGER_LIMIT} bytes`;
    return [{ field, reason: 'FieldValueTooLong', body }];
  }
  const position = Array.from(manager).findIndex((character) => !PRINTABLE.test(character));
  if (position < 0) return [];
  const point = Array.from(manager)[position]?.codePointAt(0) ?? 0;
  const name = `U+${point.toString(16).toUpperCase().padStart(4, '0')}`;
  const body = `Invalid value: ${shown(manager)}: invalid character ${name} (at position ${position})`;
  return [{ field, reason: 'FieldValueInvalid', body }];
}

/** What is wrong with the values of `dryRun`. */
export function dryRunProblems(values: readonly unknown[]): readonly Problem[] {
  if (values.every((value) => value === 'All')) return [];
  const body = `Unsupported value: ${shown(values)}: supported values: "All"`;
  return [{ field: 'dryRun', reason: 'FieldValueNotSupported', body }];
}

function validationProblems(value: string): readonly Problem[] {
  if (VALIDATIONS.includes(value)) return [];
  const choices = VALIDATIONS.map((choice) => `"${choice}"`).join(', ');
  const body = `Unsupported value: ${shown(value)}: supported values: ${choices}`;
  return [{ field: 'fieldValidation', reason: 'FieldValueNotSupported', body }];
}

/** The first word of a User-Agent, cut to what a manager may be. */
function managerOf(userAgent: string): string {
  const [word = ''] = userAgent.split('/', 1);
  let manager = '';
  for (const character of word) {
    if (!PRINTABLE.test(character)) continue;
    if (Buffer.byteLength(manager + character) > MANAGER_LIMIT) break;
    manager += character;
  }
  return manager === '' ? 'unknown' : manager;
}

/** What the body or the query of a delete asks for. */
export interface DeleteOptions {
  readonly dryRun: boolean;
  readonly preconditions: { readonly uid?: string; readonly resourceVersion?: string };
}

/**
 * Reads the options of a delete, from the body where there is one, else from the query. Nothing here has dependents or a
 * time of grace, so what is said of those is only checked.
 *
 * @remarks
 * A dry run is one wherever it is asked for; the API server of Kubernetes overlooks the query when there is a body.
 * @throws ApiError 400, 422
 */
export function readDeleteOptions(query: URLSearchParams, body: unknown): DeleteOptions {
  const options = body ?? { propagationPolicy: query.get('propagationPolicy') };
  if (!isObject(options)) throw badRequest('the body is no DeleteOptions');
  const { kind = 'DeleteOptions', dryRun, propagationPolicy, preconditions } = options;
  if (kind !== 'DeleteOptions') throw badRequest(`no kind ${shown(kind)} is known here`);
  const listed = dryRun ?? [];
  if (!Array.isArray(listed)) throw badRequest('dryRun must be a list');
  const values = [...(listed as readonly unknown[]), ...query.getAll('dryRun')];
  const problems = [...dryRunProblems(values), ...propagationProblems(propagationPolicy ?? '')];
  if (problems.length > 0) {
    const names = { group: 'meta.k8s.io', kind };
    throw invalidOf('DeleteOptions.meta.k8s.io', names, problems);
  }
  return { dryRun: values.length > 0, preconditions: readPreconditions(preconditions ?? {}) };
}

function propagationProblems(policy: unknown): readonly Problem[] {
  if (policy === '' || PROPAGATIONS.includes(policy as string)) return [];
  const choices = [...PROPAGATIONS, 'nil'].map((choice) => `"${choice}"`).join(', ');
  const body = `Unsupported value: ${shown(policy)}: supported values: ${choices}`;
  return [{ field: 'propagationPolicy', reason: 'FieldValueNotSupported', body }];
}

function readPreconditions(preconditions: unknown): DeleteOptions['preconditions'] {
  if (!isObject(preconditions)) throw badRequest('preconditions must be an object');
  const { uid, resourceVersion } = preconditions;
  return { ...text('uid', uid), ...text('resourceVersion', resourceVersion) };
}

function text(name: string, value: unknown): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'string') throw badRequest(`preconditions.${name} must be a string`);
  return { [name]: value };
}
