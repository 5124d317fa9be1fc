import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gatewayCookies } from '../../src/access/pages/gateway-cookies.ts';
import { readCookies } from '../../src/access/pages/page-http.ts';
import { PagesServer } from '../../src/access/pages/pages-server.ts';
import { isRouteKey } from '../../src/access/route-hosts.ts';
import type { AccessAnswer, AccessQuestion } from '../../src/controllers/contracts.ts';
import { startPagesWorld, type PagesWorld, type PagesWorldOptions } from './pages-world.ts';
import { tempFolder } from './temp-folder.ts';

/** What a test may choose of a {@link PagesFront}. */
export interface PagesFrontOptions {
  /** Host in the addresses of the gateway; it must lead to this machine. */
  readonly host?: string;
  readonly auth?: PagesWorldOptions['auth'];
  readonly edge?: PagesWorldOptions['edge'];
  /** Answers requests of those who are let in. */
  readonly application?: (request: IncomingMessage, response: ServerResponse) => void;
}

/** Does what the proxy does for the pages, in front of their unix socket: asks the decider, and sends strangers to sign in. */
export class PagesFront implements AsyncDisposable {
  readonly world: PagesWorld;
  readonly url: string;
  readonly port: number;
  /** Lines `method url` of every request that came in. */
  readonly requests: string[] = [];
  /** While true nobody is let in, whatever the decider says. */
  isConfused = false;
  readonly #close: () => Promise<void>;

  private constructor(world: PagesWorld, url: URL, close: () => Promise<void>) {
    this.world = world;
    this.url = url.origin;
    this.port = Number(url.port);
    this.#close = close;
  }

  /** Starts everything; it must be disposed. */
  static async start(options: PagesFrontOptions = {}): Promise<PagesFront> {
    const { host = '127.0.0.1', auth, edge } = options;
    let front: PagesFront | undefined;
    const server = createServer((request, response) => {
      front?.requests.push(
        `${request.method ?? ''} ${request.headers.host ?? ''}${request.url ?? ''}`,
      );
      if (front !== undefined) void front.#serve(request, response, options);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = new URL(`http://${host}:${(server.address() as AddressInfo).port}`);
    const folder = await tempFolder();
    const world = await startPagesWorld({
      url: url.origin,
      auth: { secureCookies: false, ...auth },
      ...(edge === undefined ? {} : { edge }),
    });
    const stop = new AbortController();
    const place = { path: join(folder.path, 'pages.sock') };
    const pages = new PagesServer({ ...world.deps, place });
    await pages.start(stop.signal);
    front = new PagesFront(world, url, async () => {
      stop.abort();
      await pages.close();
      await closeAll(server);
      await world[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    });
    front.#socket = place.path;
    return front;
  }

  #socket = '';

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }

  async #serve(
    request: IncomingMessage,
    response: ServerResponse,
    { application = showPath }: PagesFrontOptions,
  ): Promise<void> {
    const url = request.url ?? '';
    if (/^\/_clearway\/[\w-]*(?:\?|$)/.test(url)) {
      this.#handOn(request, response);
      return;
    }
    if (await this.#isKnown(request)) {
      application(request, response);
      return;
    }
    if (request.method === 'GET' && (request.headers.accept ?? '').includes('text/html')) {
      const to = encodeURIComponent(url);
      response.writeHead(302, {
        Location: `/_clearway/sign-in?to=${to}`,
        'Cache-Control': 'no-store',
      });
      response.end();
      return;
    }
    response.writeHead(401).end();
  }

  #handOn(request: IncomingMessage, response: ServerResponse): void {
    const headers = {
      ...request.headers,
      'x-real-ip': request.socket.remoteAddress ?? '',
      'x-forwarded-proto': 'http',
      'x-clearway-host-key': this.#routeKey(request) ?? '',
    };
    const { method, url } = request;
    const inner = httpRequest(
      { socketPath: this.#socket, path: url, method, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.rawHeaders);
        answer.pipe(response);
      },
    );
    inner.on('error', () => response.destroy());
    request.pipe(inner);
  }

  #routeKey({ headers }: IncomingMessage): string | undefined {
    const { routeDomain } = this.world.settings.edge;
    const name = (headers.host ?? '').replace(/:\d+$/, '');
    if (routeDomain === undefined || !name.endsWith(`.${routeDomain}`)) return undefined;
    const key = name.slice(0, -routeDomain.length - 1);
    return isRouteKey(key) ? key : undefined;
  }

  async #isKnown(request: IncomingMessage): Promise<boolean> {
    if (this.isConfused) return false;
    const { settings, access } = this.world;
    const session = gatewayCookies(settings).names.session;
    const host = this.#routeKey(request);
    for (const [name, credential] of readCookies(request.headers.cookie ?? '')) {
      const kind = kindOf(name, session, settings.auth.cookieName);
      if (kind === undefined) continue;
      const question: AccessQuestion = {
        kind,
        credential,
        task: '-',
        ...(host === undefined ? {} : { host }),
      };
      const answer: AccessAnswer = await access.decider.decide(
        question,
        new AbortController().signal,
      );
      if ('user' in answer) return true;
    }
    return false;
  }
}

function kindOf(
  name: string,
  session: string,
  clearml: string,
): AccessQuestion['kind'] | undefined {
  if (name === session) return 'session';
  return name === clearml ? 'cookie' : undefined;
}

function showPath(request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' });
  const referrer = request.headers.referer ?? 'none';
  response.end(
    `<!doctype html><title>app</title><h1>${request.headers.host ?? ''}</h1><p id="path">${(request.url ?? '').replace(/[<&]/g, '')}</p><p id="referrer">${referrer}</p>`,
  );
}

function closeAll(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
