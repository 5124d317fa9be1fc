import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { closeServer, listenOnSocket } from '../../unix-socket.ts';
import { readCookies, readFields, type PageAnswer, type PageRequest } from './page-http.ts';
import { makePages, type Pages } from './pages.ts';
import type { PagesDeps } from './pages-parts.ts';

/** Where a {@link PagesServer} listens. */
export interface PagesPlace {
  /** Path of the unix socket, `pages.sock` in the nginx folder. */
  readonly path: string;
  readonly group?: number;
}

/** Times in ms. The proxy is on the same machine, and has the whole request before it hands it over. */
const TIMES = { headersTimeout: 5_000, requestTimeout: 10_000, keepAliveTimeout: 5_000 } as const;
/** ClearML's own calls have shorter ones; several of them may follow one another. */
const ANSWER_MS = 25_000;
const MAX_BODY_BYTES = 16_384;
/** What the proxy lets through: eight header lines of 16 KiB, and its own. */
const MAX_HEADER_BYTES = 160_000;

const PATH = /^\/_clearway\/([\w-]*)$/;
const FORM = /^application\/x-www-form-urlencoded(?:\s*;|$)/i;

/** Serves the gateway's own pages to the proxy over a unix socket; see docs/proxy-channel.md. */
export class PagesServer {
  readonly #place: PagesPlace;
  readonly #logger: Logger;
  readonly #pages: Pages;
  readonly #server: Server;
  readonly #closed = new AbortController();

  constructor(deps: PagesDeps & { readonly place: PagesPlace }) {
    this.#place = deps.place;
    this.#logger = deps.logger;
    this.#pages = makePages(deps);
    const options = { ...TIMES, maxHeaderSize: MAX_HEADER_BYTES };
    this.#server = createServer(options, (request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        // Nobody waits for an answer any more.
        if (!response.destroyed) this.#logger.warn({ err: error }, 'a page could not be sent');
        response.destroy();
      });
    });
  }

  /** Listens until the signal aborts. @throws OperatorError `PROXY_FOLDER_UNUSABLE` */
  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await listenOnSocket(this.#server, this.#place);
    this.#server.on('error', (error) => this.#logger.error({ err: error }, 'pages socket failed'));
    signal.addEventListener('abort', () => void this.close(), { once: true });
    if (signal.aborted) await this.close();
  }

  /** Ends every connection. */
  close(): Promise<void> {
    this.#closed.abort();
    return this.#server.listening ? closeServer(this.#server) : Promise.resolve();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readForm(request);
    // What is left of a refused body is not read.
    if (typeof body === 'number') response.setHeader('Connection', 'close');
    send(response, await this.#answer(request, body), request.method === 'HEAD');
  }

  #answer(request: IncomingMessage, body: string | 413 | 415): PageAnswer | Promise<PageAnswer> {
    if (typeof body === 'number') return this.#pages.refuse(body);
    const asked = pageRequest(request, body);
    if (asked === undefined) return this.#pages.refuse(404);
    const signal = AbortSignal.any([this.#closed.signal, AbortSignal.timeout(ANSWER_MS)]);
    return this.#pages.answer(asked, signal);
  }
}

/** The body of a form, empty when there is none; the status of a refusal when it is no form, or too long. */
async function readForm(request: IncomingMessage): Promise<string | 413 | 415> {
  const chunks: Buffer[] = [];
  let length = 0;
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) return 413;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    length += (chunk as Buffer).length;
    if (length > MAX_BODY_BYTES) return 413;
    chunks.push(chunk as Buffer);
  }
  if (length > 0 && !FORM.test(request.headers['content-type'] ?? '')) return 415;
  return Buffer.concat(chunks).toString('utf8');
}

function pageRequest(request: IncomingMessage, body: string): PageRequest | undefined {
  const { headers, method = '', url = '' } = request;
  const at = url.indexOf('?');
  const name = PATH.exec(at < 0 ? url : url.slice(0, at))?.[1];
  if (name === undefined) return undefined;
  const texts = {
    routeKey: textOf(headers['x-clearway-host-key']),
    address: textOf(headers['x-real-ip']),
    origin: textOf(headers.origin),
    fetchSite: textOf(headers['sec-fetch-site']),
    fetchMode: textOf(headers['sec-fetch-mode']),
    fetchDest: textOf(headers['sec-fetch-dest']),
  };
  const given = Object.entries(texts).filter(([, text]) => text !== undefined);
  return {
    method,
    name,
    query: readFields(at < 0 ? '' : url.slice(at + 1)),
    form: readFields(body),
    cookies: readCookies(headers.cookie ?? ''),
    scheme: headers['x-forwarded-proto'] === 'https' ? 'https' : 'http',
    host: (headers.host ?? '').toLowerCase(),
    ...(Object.fromEntries(given) as Partial<Record<keyof typeof texts, string>>),
  };
}

/** An empty header counts as none. */
function textOf(value: string | string[] | undefined): string | undefined {
  const text = Array.isArray(value) ? value[0] : value;
  return text === '' ? undefined : text;
}

function send(response: ServerResponse, answer: PageAnswer, withoutBody: boolean): void {
  const { status, headers = {}, cookies = [], html = '' } = answer;
  const body = Buffer.from(html);
  response.writeHead(status, {
    ...headers,
    ...(cookies.length === 0 ? {} : { 'Set-Cookie': [...cookies] }),
    'Content-Length': body.length,
  });
  response.end(withoutBody ? undefined : body);
}
