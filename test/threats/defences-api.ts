import { row, type Defence } from './defence.ts';

/** Defences of the resource API. */
export const AGAINST_API_CALLERS: readonly Defence[] = [
  row(
    'T37',
    'src/api/access/api-handler.ts',
    "if (caller === undefined) throw new ApiError('Unauthorized', 'Unauthorized');",
    "if (caller === undefined) throw new ApiError('Forbidden', 'Forbidden');",
  ),
  row('T37', 'src/api/access/guards.ts', 'headers.origin !== undefined', "headers.origin === ''"),
  row('T37', 'src/api/access/guards.ts', '!HOST.test(headers.host)', "headers.host === ''"),
  row('T37', 'src/api/access/guards.ts', "name.startsWith('impersonate-')", "name === ''"),
  row('T37', 'src/api/access/guards.ts', 'hosts.length > 1', 'hosts.length > 9'),
  row('T32', 'src/api/access/reviews.ts', 'body(REVIEW_BYTES)', 'body(3_000_000)'),
  row('T32', 'src/api/shares.ts', 'held + amount > each', 'held + amount > all'),
  row('T32', 'src/api/watch/places.ts', 'isLocal ? this.#local : this.#outside', 'this.#outside'),
  row(
    'T37',
    'src/api/access/authorize.ts',
    'return passes ? Promise.resolve()',
    'return passes || wish.verb !== undefined ? Promise.resolve()',
  ),
  row(
    'T37',
    'src/api/access/credentials.ts',
    'if (!TOKEN.test(token)) return undefined;',
    "if (!TOKEN.test(token)) return { user: { name: 'x', groups: [], role: 'admin' }, signal: new AbortController().signal };",
  ),
  row('T37', 'src/composition/resource-api.ts', 'mode: 0o600', 'mode: 0o666'),
];
