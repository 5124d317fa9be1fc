import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { CREDENTIALS_PATH, type IssuedCredential } from '../../src/api/access/control-api.ts';
import type { StatusBody } from '../../src/api/status.ts';
import { serveResourceApi } from '../../src/composition/resource-api.ts';
import type { Clock } from '../../src/controllers/contracts.ts';
import { openSqliteStore, type SqliteStore } from '../../src/store/sqlite-store.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts';
import { realClock } from './clocks.ts';
import { someSettings } from './some-settings.ts';
import { tempFolder } from './temp-folder.ts';

/** A request to the API as a client with a certificate authority sends it. */
export interface ApiCall {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** PEM of the authority that is trusted; that of the API unless given. */
  readonly ca?: string;
  /** Name that the certificate must have. */
  readonly servername?: string;
}

/** An answer with its whole body. */
export interface ApiReply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** Path of the StaticRoutes of the namespace. */
export const STATIC_ROUTES = '/apis/clearway.dev/v1alpha1/namespaces/default/staticroutes';

/** Parts of a router that serve the resource API over a real store, in a folder of their own. */
export class ApiWorld {
  readonly folder: string;
  readonly stateFolder: string;
  readonly store: SqliteStore;
  readonly metrics: Metrics = createMetrics();
  /** Everything that was logged, one JSON object a line. */
  log = '';
  readonly #stop = new AbortController();

  private constructor(folder: string, clock: Clock) {
    this.folder = folder;
    this.stateFolder = join(folder, 'state');
    this.store = openSqliteStore({
      folder: this.stateFolder,
      namespace: 'default',
      clock,
      newUid: randomUUID,
    });
  }

  /** Opens one in this folder, which may have been one's before. */
  static async open(folder: string, clock: Clock = realClock): Promise<ApiWorld> {
    const world = new ApiWorld(folder, clock);
    await mkdir(join(folder, 'nginx'), { recursive: true });
    const settings = someSettings({
      apiPort: 7443,
      folders: { nginx: join(folder, 'nginx'), state: world.stateFolder },
    });
    const destination = { write: (line: string) => void (world.log += line) };
    const { store, metrics } = world;
    const logger = createLogger({ level: 'debug', destination });
    const parts = { settings, version: '1.2.3', random: () => 0.5, newUid: randomUUID };
    await serveResourceApi({ ...parts, clock, logger, metrics, store }, world.#stop.signal);
    return world;
  }

  /** Ends it as SIGTERM does. */
  close(): void {
    this.#stop.abort();
    this.store.close();
  }

  /** Issues a credential over the control socket. */
  async issue(order: object = { role: 'view' }): Promise<IssuedCredential> {
    const reply = await this.local({ method: 'POST', path: CREDENTIALS_PATH, body: order });
    if (reply.status !== 201) throw new Error(reply.text);
    return JSON.parse(reply.text) as IssuedCredential;
  }

  /** Asks over the control socket; a body is sent as JSON. */
  local(call: {
    readonly method?: string;
    readonly path: string;
    readonly body?: object;
  }): Promise<ApiReply> {
    const { method = 'GET', path, body } = call;
    const text = body === undefined ? undefined : JSON.stringify(body);
    const request = httpRequest({
      socketPath: join(this.stateFolder, 'control.sock'),
      method,
      path,
      agent: false,
      headers: {
        Host: 'localhost',
        ...(text === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
    });
    request.end(text);
    return replyOf(request);
  }

  /** Asks over TLS, as the proxy's port leads there. */
  async call(issued: IssuedCredential, call: ApiCall): Promise<ApiReply> {
    const authorization = `Bearer ${issued.token}`;
    const headers = { Authorization: authorization, ...call.headers };
    return this.raw({ ca: issued.certificateAuthority, ...call, headers });
  }

  /** Asks over TLS with exactly these headers and a Host. */
  raw(call: ApiCall & { readonly ca: string }): Promise<ApiReply> {
    return replyOf(this.request(call));
  }

  /** A request over TLS that has been sent. */
  request(call: ApiCall & { readonly ca: string }): ReturnType<typeof httpsRequest> {
    const { method = 'GET', path, headers = {}, body, ca, servername = 'localhost' } = call;
    const request = httpsRequest({
      socketPath: join(this.folder, 'nginx', 'api.sock'),
      method,
      path,
      ca,
      servername,
      agent: false,
      headers: { Host: 'localhost:7443', ...lengthOf(body, headers), ...headers },
    });
    request.end(body);
    return request;
  }

  /** Sends these bytes over TLS, and gives what comes back until the end. */
  async wire(ca: string, bytes: string): Promise<string> {
    const socket = await this.socket(ca);
    socket.write(bytes);
    let text = '';
    for await (const piece of socket) text += String(piece);
    return text;
  }

  /** A connection over TLS. */
  async socket(ca: string): Promise<TLSSocket> {
    const path = join(this.folder, 'nginx', 'api.sock');
    const socket = connectTls({ path, ca, servername: 'localhost' });
    await once(socket, 'secureConnect');
    return socket;
  }

  /** Lines of the log with this message. */
  linesOf(message: string): readonly Readonly<Record<string, unknown>>[] {
    return this.log
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((line) => line['message'] === message);
  }
}

/** The Status in a reply. */
export function statusIn(reply: ApiReply): StatusBody {
  return JSON.parse(reply.text) as StatusBody;
}

/** Makes a world for one test; disposing it ends it and removes its folder. */
export async function apiWorld(
  clock?: Clock,
): Promise<AsyncDisposable & { readonly world: ApiWorld }> {
  const folder = await tempFolder();
  const world = await ApiWorld.open(folder.path, clock);
  return {
    world,
    [Symbol.asyncDispose]: async () => {
      world.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** A StaticRoute as JSON. */
export function aStaticRoute(name: string, path = `/${name}`): string {
  return JSON.stringify({
    apiVersion: 'clearway.dev/v1alpha1',
    kind: 'StaticRoute',
    metadata: { name },
    spec: { path },
  });
}

/** Node gives the length of a body for some methods only. */
function lengthOf(
  body: string | Buffer | undefined,
  headers: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  if (body === undefined || 'Transfer-Encoding' in headers) return {};
  return { 'Content-Length': String(Buffer.byteLength(body)) };
}

function replyOf(request: ReturnType<typeof httpRequest>): Promise<ApiReply> {
  return new Promise((resolve, reject) => {
    request.once('error', reject);
    request.once('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
    });
  });
}
