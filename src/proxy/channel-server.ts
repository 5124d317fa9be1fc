import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { closeServer, listenOnSocket } from '../unix-socket.ts';

/** What a handler answers: JSON text, and 200 unless something is wrong with the request. */
export interface Reply {
  readonly status: number;
  readonly body: Buffer;
}

/** One path of the channel. */
export interface Route {
  /** Longest body in bytes. */
  readonly limit: number;
  /** The signal aborts when the caller hangs up, the server closes, or the answer is out. */
  readonly handle: (body: unknown, signal: AbortSignal) => Promise<Reply>;
}

/** What a {@link ChannelServer} works with. */
export interface ChannelServerDeps {
  readonly path: string;
  readonly group?: number;
  /** By path. */
  readonly routes: ReadonlyMap<string, Route>;
  readonly logger: Logger;
}

/** The refusal of a request, with a text that holds nothing of it. */
export function refusal(status: number, error: string): Reply {
  return { status, body: Buffer.from(JSON.stringify({ error })) };
}

/** Times in ms: a caller that does not finish its request is cut off, one that waits for an answer is not. */
const TIMES = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: 2_000,
} as const;

/** JSON requests by POST over a unix socket: reads them, bounds them, and answers. */
export class ChannelServer {
  readonly #deps: ChannelServerDeps;
  readonly #server: Server;

  constructor(deps: ChannelServerDeps) {
    this.#deps = deps;
    this.#server = createServer(TIMES, (request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        deps.logger.debug({ err: error }, 'channel connection ended early');
        response.destroy();
      });
    });
  }

  get isListening(): boolean {
    return this.#server.listening;
  }

  /** @throws OperatorError `PROXY_FOLDER_UNUSABLE` */
  async start(): Promise<void> {
    const { path, group, logger } = this.#deps;
    await listenOnSocket(this.#server, { path, ...(group === undefined ? {} : { group }) });
    this.#server.on('error', (error) => logger.error({ err: error }, 'channel socket failed'));
  }

  /** Ends every connection, open polls too. */
  close(): Promise<void> {
    return this.#server.listening ? closeServer(this.#server) : Promise.resolve();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const hangup = new AbortController();
    response.once('close', () => hangup.abort());
    const reply = await this.#reply(request, hangup.signal);
    if (response.destroyed) return;
    const isDrained = request.complete;
    response.writeHead(reply.status, {
      'Content-Type': 'application/json',
      'Content-Length': reply.body.length,
      // What is left of a body that was not read must not be taken for the next request.
      ...(isDrained ? {} : { Connection: 'close' }),
    });
    response.end(reply.body, () => {
      if (!isDrained) request.destroy();
    });
  }

  async #reply(request: IncomingMessage, signal: AbortSignal): Promise<Reply> {
    const route = this.#deps.routes.get(request.url ?? '');
    if (route === undefined) return refusal(404, 'there is no such path');
    if (request.method !== 'POST') return refusal(405, 'only POST is served');
    const text = await readBody(request, route.limit);
    if (text === undefined) return refusal(413, `the body is longer than ${route.limit} bytes`);
    const body = parseJson(text);
    if (body === undefined) return refusal(400, 'the body is not JSON');
    try {
      return await route.handle(body, signal);
    } catch (error) {
      if (!signal.aborted) {
        this.#deps.logger.error({ err: error, path: request.url }, 'channel request failed');
      }
      return refusal(500, 'the router failed');
    }
  }
}

async function readBody(request: IncomingMessage, limit: number): Promise<string | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > limit) return undefined;
  const chunks: Buffer[] = [];
  let length = 0;
  // Without destroying on leave: an answer to the part that was read still goes out.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    const bytes = chunk as Buffer;
    length += bytes.length;
    if (length > limit) return undefined;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
