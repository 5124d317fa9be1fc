import {
  EmbeddedClearml,
  type EmbeddedOptions,
} from '../../../src/embedded/api/embedded-clearml.ts';
import { parseJson } from '../../../src/embedded/api/json.ts';

/** Users of two companies, and no tasks. */
export const USERS = [
  { name: 'alice', password: 'alice-pass', accessKey: 'AK', secretKey: 'SK' },
  { name: 'bob', password: 'bob-pass' },
  { name: 'mallory', password: 'mallory-pass', company: 'elsewhere' },
];

/** A started embedded API; disposing closes it. */
export async function anApi(
  more: Partial<EmbeddedOptions> = {},
): Promise<AsyncDisposable & { readonly api: EmbeddedClearml }> {
  const api = new EmbeddedClearml({ seed: { users: USERS }, featureSet: 'basic', ...more });
  await api.start();
  return { api, [Symbol.asyncDispose]: () => api.close() };
}

/** What the API answered. */
export interface Told {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly meta: Readonly<Record<string, unknown>>;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Calls the API as a user, alice unless said otherwise. */
export async function call(
  api: EmbeddedClearml,
  endpoint: string,
  body: unknown = {},
  user = 'alice',
): Promise<Told> {
  const response = await fetch(`${api.url}/${endpoint}`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${api.token(user) ?? ''}`,
      'Content-Type': 'application/json',
    },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  const envelope = readEnvelope(text);
  return { status: response.status, headers: response.headers, text, ...envelope };
}

function readEnvelope(text: string): Pick<Told, 'meta' | 'data'> {
  try {
    return parseJson(text) as Pick<Told, 'meta' | 'data'>;
  } catch {
    return { meta: {}, data: {} };
  }
}
