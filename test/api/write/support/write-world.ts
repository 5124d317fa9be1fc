import type {
  AnyObject,
  ApiAnswer,
  ResourceRequest,
  ServedResource,
} from '../../../../src/api/contracts.ts';
import { ApiError } from '../../../../src/api/status.ts';
import { answerWrite } from '../../../../src/api/write/answer-write.ts';
import type { WriteContext } from '../../../../src/api/write/contracts.ts';
import { KINDS } from '../../../../src/resources/schemas.generated.ts';
import type { SqliteStore } from '../../../../src/store/sqlite-store.ts';
import { ManualClock } from '../../../support/clocks.ts';
import { openStore } from '../../../support/sqlite.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

/** An answer that was read. */
export interface ReadAnswer {
  readonly status: number;
  readonly warnings: readonly string[];
  /** The object or Status of the answer. */
  readonly body: Readonly<Record<string, unknown>> & {
    readonly message?: string;
    readonly reason?: string;
    readonly metadata: Partial<AnyObject['metadata']>;
  };
}

/** A write as a client sends it. */
export interface Sent {
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Under the collection, such as `/chat/status?dryRun=All`. */
  readonly path?: string;
  readonly type?: string;
  /** Sent as JSON unless it is a text or bytes. */
  readonly body?: unknown;
  readonly namespace?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The write side of the API over a real store. */
export interface WriteWorld extends AsyncDisposable {
  readonly store: SqliteStore;
  readonly clock: ManualClock;
  readonly context: WriteContext;
  readonly send: (sent: Sent) => Promise<ReadAnswer>;
}

const START = Date.parse('2026-11-24T12:00:00Z');

/** Opens a store of its own. */
export async function openWriteWorld(): Promise<WriteWorld> {
  const folder = await tempFolder();
  const clock = new ManualClock(START);
  const store = openStore(folder.path, { now: () => clock.now() });
  const context: WriteContext = {
    store,
    clock,
    namespace: 'default',
    newUid: () => crypto.randomUUID(),
    randomBelow: (limit) => Math.floor(Math.random() * limit),
    render: (_request, object) => ({ status: 200, body: JSON.stringify(object) }),
  };
  return {
    store,
    clock,
    context,
    send: async (sent) => readAnswer(await answerWrite(requestOf(store, sent), context)),
    [Symbol.asyncDispose]: async () => {
      store.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

function staticRoutes(store: SqliteStore): ServedResource {
  const { plural, singular, listKind, shortNames, categories, schema } = KINDS.StaticRoute;
  return {
    group: 'clearway.dev',
    version: 'v1alpha1',
    kind: 'StaticRoute',
    listKind,
    plural,
    singular,
    shortNames,
    categories,
    namespaced: true,
    verbs: ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'],
    hasStatus: true,
    columns: [],
    schema,
    selectable: {},
    source: {
      list: async () => {
        const { items, resourceVersion } = await store.list('StaticRoute');
        return { items: items as unknown as readonly AnyObject[], resourceVersion };
      },
      get: async (name) =>
        (await store.get('StaticRoute', name)) as unknown as AnyObject | undefined,
      watch: () => {
        throw new Error('nobody watches here');
      },
    },
  };
}

/** The request as the server hands it on. */
export function requestOf(store: SqliteStore, sent: Sent): ResourceRequest {
  const { method, path = '', body = '', namespace = 'default' } = sent;
  const url = new URL(`http://x/${path.replace(/^\//, '')}`);
  const [name = '', subresource] = url.pathname.slice(1).split('/');
  const bytes = bytesOf(body);
  return {
    method,
    path: url.pathname,
    query: url.searchParams,
    headers: headersOf(sent),
    user: { name: 'admin', groups: [], role: 'admin' },
    body: (limit) =>
      bytes.length > limit
        ? Promise.reject(new ApiError('RequestEntityTooLarge', 'the body is too long'))
        : Promise.resolve(bytes),
    signal: new AbortController().signal,
    resource: staticRoutes(store),
    namespace,
    ...(name === '' ? {} : { name: decodeURIComponent(name) }),
    ...(subresource === undefined ? {} : { subresource: subresource as 'status' }),
  };
}

/** The bytes that a client sends. */
export function bytesOf(body: unknown): Buffer {
  if (Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

/** The headers that a client sends beside its credentials. */
export function headersOf({ method, type, headers = {} }: Sent): Record<string, string> {
  const standard = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  return { 'user-agent': 'tester/1.0', 'content-type': type ?? standard, ...headers };
}

function readAnswer({ status, headers = {}, body }: ApiAnswer): ReadAnswer {
  const warnings = headers['Warning'] ?? [];
  return {
    status,
    warnings: typeof warnings === 'string' ? [warnings] : warnings,
    body: JSON.parse(body.toString()) as ReadAnswer['body'],
  };
}
