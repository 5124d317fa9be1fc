import { PassThrough } from 'node:stream';
import type {
  AnyObject,
  ApiAnswer,
  ApiRequest,
  ApiStream,
  ServedResource,
  WriteRequest,
} from '../../../../src/api/contracts.ts';
import { makeApi, WATCH_LIMITS, type Api } from '../../../../src/api/api.ts';
import { ApiError } from '../../../../src/api/status.ts';
import { answerWrite } from '../../../../src/api/write/answer-write.ts';
import type { WriteContext } from '../../../../src/api/write/contracts.ts';
import { makeServed } from '../../../../src/api/served/served.ts';
import type { SqliteStore } from '../../../../src/store/sqlite-store.ts';
import { createLogger } from '../../../../src/telemetry/logger.ts';
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
  const api = apiOver(store, clock, context);
  return {
    store,
    clock,
    context,
    send: async (sent) => readAnswer(await api(apiRequestOf(sent))),
    [Symbol.asyncDispose]: async () => {
      store.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** The server around the write side, as the router has it. */
function apiOver(store: SqliteStore, clock: ManualClock, context: WriteContext): Api {
  const unused = (): never => {
    throw new Error('nobody asks for that here');
  };
  return makeApi({
    served: resourcesOf(store),
    version: '1.0.0',
    clock,
    random: () => 0,
    logger: createLogger({ level: 'fatal', destination: new PassThrough() }),
    watchLimits: WATCH_LIMITS,
    authorize: () => Promise.resolve(),
    reviews: unused,
    write: (request, render) => answerWrite(request, { ...context, render }),
  });
}

function resourcesOf(store: SqliteStore): readonly ServedResource[] {
  return makeServed({ store, events: store, namespace: 'default', since: START });
}

const VERBS = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' } as const;

/** The request as the server hands it on to who writes. */
export function requestOf(store: SqliteStore, sent: Sent): WriteRequest {
  const { method, path = '', namespace = 'default' } = sent;
  const { pathname } = new URL(`http://x/${path.replace(/^\//, '')}`);
  const [name = '', subresource] = pathname.slice(1).split('/');
  return {
    ...apiRequestOf(sent),
    verb: VERBS[method],
    resource: resourcesOf(store).find(({ plural }) => plural === 'staticroutes')!,
    namespace,
    ...(name === '' ? {} : { name: decodeURIComponent(name) }),
    ...(subresource === undefined ? {} : { subresource: subresource as 'status' }),
  };
}

function apiRequestOf(sent: Sent): ApiRequest {
  const { method, path = '', body = '', namespace = 'default' } = sent;
  const collection = `/apis/clearway.dev/v1alpha1/namespaces/${namespace}/staticroutes`;
  const slash = path === '' || /^[/?]/.test(path) ? '' : '/';
  const url = new URL(`http://x${collection}${slash}${path}`);
  const bytes = bytesOf(body);
  return {
    method,
    path: decodeURIComponent(url.pathname),
    query: url.searchParams,
    headers: headersOf(sent),
    user: { name: 'admin', groups: [], role: 'admin' },
    body: (limit) =>
      bytes.length > limit
        ? Promise.reject(new ApiError('RequestEntityTooLarge', 'the body is too long'))
        : Promise.resolve(bytes),
    signal: new AbortController().signal,
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

function readAnswer(answer: ApiAnswer | ApiStream): ReadAnswer {
  if ('pieces' in answer) throw new Error('a write is answered at once');
  const { status, headers = {}, body } = answer;
  const warnings = headers['Warning'] ?? [];
  return {
    status,
    warnings: typeof warnings === 'string' ? [warnings] : warnings,
    body: JSON.parse(body.toString()) as ReadAnswer['body'],
  };
}
