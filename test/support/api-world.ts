import { Writable } from 'node:stream';
import { makeApi, WATCH_LIMITS, type Api, type ApiParts } from '../../src/api/api.ts';
import type {
  AnyMeta,
  ApiAnswer,
  ApiRequest,
  ApiStream,
  ApiUser,
} from '../../src/api/contracts.ts';
import { methodNotAllowed } from '../../src/api/failures.ts';
import { makeServed } from '../../src/api/served/served.ts';
import type { EventReader } from '../../src/store/contract.ts';
import type { SqliteStore } from '../../src/store/sqlite-store.ts';
import type { StoreLimits } from '../../src/store/store-options.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { ManualClock } from './clocks.ts';
import { openStore } from './sqlite.ts';
import { tempFolder } from './temp-folder.ts';

/** What a request is made of; the path may carry a query. */
export interface AskOptions {
  readonly method?: string;
  readonly accept?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly user?: ApiUser;
  readonly signal?: AbortSignal;
}

/** An answer with its body read. */
export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly contentType: string;
  readonly text: string;
  /** The body as JSON. */
  readonly json: Readonly<Record<string, unknown>>;
}

/** The API over a real store, driven without a listener. */
export interface ApiWorld extends AsyncDisposable {
  readonly api: Api;
  readonly store: SqliteStore;
  readonly clock: ManualClock;
  /** Lines that the API logged. */
  readonly log: readonly string[];
  /** Asks for something that is answered at once. */
  ask(path: string, options?: AskOptions): Promise<Answered>;
  /** Starts a watch. */
  watch(path: string, options?: AskOptions): Promise<WatchReader>;
}

/** The instant at which tests begin. */
export const START = Date.parse('2026-01-01T00:00:00Z');

/** Opens one; disposing it closes everything. */
export async function anApiWorld(
  overrides: Partial<ApiParts> & { readonly events?: EventReader } = {},
  limits: Partial<StoreLimits> = {},
): Promise<ApiWorld> {
  const folder = await tempFolder();
  const clock = new ManualClock(START);
  const store = openStore(folder.path, { now: () => clock.now(), ...limits });
  const stop = new AbortController();
  const log: string[] = [];
  const { events = store, ...parts } = overrides;
  const api = makeApi({
    served: makeServed({ store, events, namespace: 'default', since: START }),
    version: '0.0.0',
    clock,
    random: () => 0,
    watchLimits: WATCH_LIMITS,
    logger: createLogger({ level: 'info', destination: keepLines(log) }),
    authorize: () => Promise.resolve(),
    write: () => Promise.reject(methodNotAllowed()),
    reviews: () => Promise.reject(methodNotAllowed()),
    ...parts,
  });
  const start = async (path: string, options: AskOptions = {}): Promise<ApiAnswer | ApiStream> =>
    api(toRequest(path, options, stop.signal));
  return {
    api,
    store,
    clock,
    log,
    ask: async (path, options) => {
      const answer = await start(path, options);
      if ('pieces' in answer) throw new Error(`${path} is a watch`);
      return toAnswered(answer);
    },
    watch: async (path, options) => {
      const answer = await start(path, options);
      if (!('pieces' in answer)) throw new Error(`${path} answers ${answer.body.toString()}`);
      return new WatchReader(answer);
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      store.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** An admin, who may do everything. */
export const ADMIN: ApiUser = { name: 'ada', groups: [], role: 'admin' };

/** A request as a listener makes it. */
export function toRequest(target: string, options: AskOptions, stop: AbortSignal): ApiRequest {
  const { method = 'GET', accept, headers = {}, body = '', user = ADMIN, signal } = options;
  const [path = '', query = ''] = target.split(/\?(.*)/s);
  return {
    method,
    path: decodeURIComponent(path),
    query: new URLSearchParams(query),
    headers: { ...(accept === undefined ? {} : { accept }), ...headers },
    user,
    body: () => Promise.resolve(Buffer.from(body)),
    signal: signal === undefined ? stop : AbortSignal.any([stop, signal]),
  };
}

function toAnswered({
  status,
  headers = {},
  contentType = 'application/json',
  body,
}: ApiAnswer): Answered {
  const text = body.toString();
  return {
    status,
    headers,
    contentType,
    text,
    get json() {
      return JSON.parse(text) as Readonly<Record<string, unknown>>;
    },
  };
}

/** An event of a watch, as JSON has it: of the object, what tests look at. */
export interface WatchLine {
  readonly type: string;
  readonly object: {
    readonly kind: string;
    readonly apiVersion: string;
    readonly metadata: AnyMeta;
    /** Of a Status. */
    readonly code?: number;
    readonly reason?: string;
    /** Of a Table. */
    readonly columnDefinitions?: readonly unknown[] | null;
    readonly rows?: readonly {
      readonly cells: readonly unknown[];
      readonly object: { readonly metadata: AnyMeta };
    }[];
  };
}

/** Reads a watch event by event. */
export class WatchReader {
  readonly contentType: string;
  readonly #pieces: AsyncIterator<string>;
  readonly #lines: WatchLine[] = [];
  #taken = 0;

  constructor({ contentType, pieces }: ApiStream) {
    this.contentType = contentType;
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  /** How many pieces were read. */
  get pieces(): number {
    return this.#taken;
  }

  /** The next event; undefined when the watch has ended. */
  async next(): Promise<WatchLine | undefined> {
    while (this.#lines.length === 0) {
      const piece = await this.#pieces.next();
      if (piece.done === true) return undefined;
      this.#taken += 1;
      const lines = piece.value.split('\n').filter((line) => line !== '');
      this.#lines.push(...lines.map((line) => JSON.parse(line) as WatchLine));
    }
    return this.#lines.shift();
  }

  /** The next events, as many as asked for. */
  async take(count: number): Promise<readonly WatchLine[]> {
    const taken: WatchLine[] = [];
    while (taken.length < count) {
      const line = await this.next();
      if (line === undefined) throw new Error(`the watch ended after ${taken.length} events`);
      taken.push(line);
    }
    return taken;
  }

  /** Stops reading, as a client does that closes its connection. */
  async close(): Promise<void> {
    await this.#pieces.return?.();
  }
}

function keepLines(log: string[]): Writable {
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      log.push(chunk.toString());
      done();
    },
  });
}
