import { MARK_KEY, MARK_LENGTH } from './marks.ts';
import type { KnownRuntime } from './task-view.ts';

/** Joins a runtime key and the name of an endpoint (protocol section 0). */
export const NAME_SEPARATOR = '__';

/** Present, with an empty value, where a task's runtime is not an object. No endpoint key is empty. */
export const NOT_AN_OBJECT_KEY = '';

/** Host ports that the agent published for the task's container, `out:in,out1-out2:in1-in2`. */
export const PORT_MAPPING_KEY = '_external_host_tcp_port_mapping';

const TEXT_LENGTH = 4_096;
const KEY_LENGTH = 1_024;
const NOT_AN_OBJECT: KnownRuntime = { [NOT_AN_OBJECT_KEY]: true };
const EMPTY: KnownRuntime = {};

const PLAIN_KEYS: ReadonlySet<string> = new Set([MARK_KEY, PORT_MAPPING_KEY, 'hostname']);

/** Keys that come with `__<name>` for named endpoints. */
const ENDPOINT_KEYS: ReadonlySet<string> = new Set([
  '_PORT',
  '_ADDRESS',
  'external_tcp_port',
  'external_address',
  'upstream_task_port',
  'endpoint',
  'browser_endpoint',
  '_ROUTER_ENDPOINT_MODE',
  '_ROUTER_ENDPOINT_MODE_PARAM',
]);

/** The key for an endpoint: `_PORT` for the default one, `_PORT__api` for one named `api`. */
export function endpointKey(key: string, endpointName: string): string {
  return endpointName === '' ? key : `${key}${NAME_SEPARATOR}${endpointName}`;
}

/**
 * The keys of a runtime that Clearway knows, with their values; everything else is left behind, passwords of the
 * task's user above all. Never throws.
 *
 * @remarks
 * Values are bounded: text is cut at 4096 characters, an object or a list becomes an empty one. A runtime that is no
 * object (protocol 9.1: `""`, `[]` and lists of pairs occur) becomes one with the key {@link NOT_AN_OBJECT_KEY}.
 */
export function pickKnownKeys(runtime: unknown): KnownRuntime {
  if (runtime === undefined || runtime === null) return EMPTY;
  if (typeof runtime !== 'object' || Array.isArray(runtime)) return NOT_AN_OBJECT;
  const known: [string, unknown][] = [];
  for (const key of Object.keys(runtime)) {
    if (!isKnownKey(key)) continue;
    known.push([key, bounded(key, (runtime as Record<string, unknown>)[key])]);
  }
  return known.length === 0 ? EMPTY : Object.fromEntries(known);
}

/** True when `tasks.edit_runtime` stores the key as it is (it escapes a leading `_`, `__`, `.`, `$` and `%`). */
export function survivesEditRuntime(key: string): boolean {
  return key !== '' && !key.startsWith('_') && !/__|[.$%]/.test(key);
}

function isKnownKey(key: string): boolean {
  if (PLAIN_KEYS.has(key) || ENDPOINT_KEYS.has(key)) return true;
  if (key.length > KEY_LENGTH) return false;
  // `_PORT` begins with one underscore itself: the separator is looked for behind it.
  const split = key.indexOf(NAME_SEPARATOR, 1);
  return (
    split > 0 &&
    split + NAME_SEPARATOR.length < key.length &&
    ENDPOINT_KEYS.has(key.slice(0, split))
  );
}

function bounded(key: string, value: unknown): unknown {
  if (typeof value === 'string') {
    const length = key === MARK_KEY ? MARK_LENGTH : TEXT_LENGTH;
    return value.length > length ? value.slice(0, length) : value;
  }
  if (typeof value !== 'object' || value === null) return value;
  return Array.isArray(value) ? [] : {};
}
