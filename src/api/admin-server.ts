import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { closeServer, listenOnSocket } from '../unix-socket.ts';

/** An answer about health: 200, or 503 with reasons in its text, which hold no secrets. */
interface HealthReply {
  readonly status: 200 | 503;
  readonly text: string;
}

/** Metrics in the text of an exposition format, with its content type. */
interface MetricsText {
  readonly contentType: string;
  readonly text: string;
}

/** What an {@link AdminServer} works with. */
export interface AdminServerDeps {
  /** Path of the unix socket, `metrics.sock` in the nginx folder. */
  readonly path: string;
  readonly group?: number;
  /** Answers `/metrics`. */
  readonly metrics: () => Promise<MetricsText>;
  /** Answers `/healthz`: false asks to be restarted. */
  readonly healthy: () => HealthReply;
  /** Answers `/readyz`: false while routes are not served as they should be. */
  readonly ready: () => HealthReply;
  readonly logger: Logger;
}

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

const PLAIN = 'text/plain; charset=utf-8';

/** Times in ms. */
const TIMES = { headersTimeout: 10_000, requestTimeout: 10_000, keepAliveTimeout: 5_000 } as const;

/** Metrics and health over a unix socket: `/metrics`, `/healthz`, `/readyz`, by GET or HEAD. */
export class AdminServer {
  readonly #deps: AdminServerDeps;
  readonly #server: Server;

  constructor(deps: AdminServerDeps) {
    this.#deps = deps;
    this.#server = createServer(TIMES, (request, response) => {
      void this.#serve(request, response);
    });
  }

  /** Listens until the signal aborts. @throws OperatorError `PROXY_FOLDER_UNUSABLE` */
  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { path, group, logger } = this.#deps;
    await listenOnSocket(this.#server, { path, ...(group === undefined ? {} : { group }) });
    this.#server.on('error', (error) => logger.error({ err: error }, 'admin socket failed'));
    signal.addEventListener('abort', () => void this.close(), { once: true });
    if (signal.aborted) await this.close();
  }

  /** Ends every connection. */
  close(): Promise<void> {
    return this.#server.listening ? closeServer(this.#server) : Promise.resolve();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, contentType, text } = await this.#answer(request);
    const body = Buffer.from(text);
    response.writeHead(status, {
      'Content-Type': contentType,
      'Content-Length': body.length,
      'Cache-Control': 'no-store',
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return plain(405, 'only GET is served');
    const path = (request.url ?? '').replace(/\?.*$/, '');
    try {
      if (path === '/metrics') return { status: 200, ...(await this.#deps.metrics()) };
      if (path === '/healthz') return { contentType: PLAIN, ...this.#deps.healthy() };
      if (path === '/readyz') return { contentType: PLAIN, ...this.#deps.ready() };
      return plain(404, 'there is no such path');
    } catch (error) {
      this.#deps.logger.error({ err: error, path }, 'admin request failed');
      return plain(500, 'the router failed');
    }
  }
}

function plain(status: number, text: string): Answer {
  return { status, contentType: PLAIN, text: `${text}\n` };
}
