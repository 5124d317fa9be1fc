import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { Logger } from '../../telemetry/logger.ts';
import { listenOnSocket, type SocketPlace } from '../../unix-socket.ts';
import type { ApiHandler } from './api-handler.ts';
import type { KeyPair } from './certificates.ts';

/** What an {@link ApiServer} works with. */
export interface ApiServerDeps {
  readonly place: SocketPlace;
  readonly handler: ApiHandler;
  /** Makes it speak TLS. */
  readonly pair?: KeyPair;
  readonly logger: Logger;
}

/** Times in ms. Connections are kept for as long as kubectl and informers may want them again. */
const TIMES = { headersTimeout: 10_000, requestTimeout: 60_000, keepAliveTimeout: 75_000 } as const;
const MAX_HEADER_BYTES = 32_768;
const HANDSHAKE_MS = 10_000;
const MOST_CONNECTIONS = 1_100;
/** What answers under way have to end when the router stops. */
const GRACE_MS = 1_000;

/** The resource API on a unix socket: HTTP/1.1, plain or over TLS. */
export class ApiServer {
  readonly #deps: ApiServerDeps;
  readonly #server: Server | TlsServer;

  constructor(deps: ApiServerDeps) {
    const { handler, pair } = deps;
    // A missing Host is told by the handler, as everything else is.
    const options = { ...TIMES, maxHeaderSize: MAX_HEADER_BYTES, requireHostHeader: false };
    this.#deps = deps;
    this.#server =
      pair === undefined
        ? createServer(options, handler)
        : createTlsServer(
            {
              ...options,
              ...contextOf(pair),
              minVersion: 'TLSv1.2',
              handshakeTimeout: HANDSHAKE_MS,
            },
            handler,
          );
    this.#server.maxConnections = MOST_CONNECTIONS;
  }

  /** Shows another certificate from the next connection on. */
  renew(pair: KeyPair): void {
    if ('setSecureContext' in this.#server) this.#server.setSecureContext(contextOf(pair));
  }

  /** Listens until the signal aborts. @throws OperatorError `PROXY_FOLDER_UNUSABLE` */
  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { place, logger } = this.#deps;
    await listenOnSocket(this.#server, place);
    this.#server.on('error', (error) => logger.error({ err: error }, 'socket of the API failed'));
    signal.addEventListener('abort', () => void this.close(), { once: true });
    if (signal.aborted) await this.close();
  }

  /** Takes no connection any more, and ends those that are there: what is being answered gets a moment. */
  async close(): Promise<void> {
    const server = this.#server;
    if (!server.listening) return;
    const timer = setTimeout(() => server.closeAllConnections(), GRACE_MS);
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeIdleConnections();
    });
    clearTimeout(timer);
  }
}

function contextOf({ certificate, key }: KeyPair): { readonly cert: string; readonly key: string } {
  return { cert: certificate, key };
}
