import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { identityOf, issueToken, sessionOf, TOKEN_SECONDS } from './auth.ts';
import type { ApiProfile, ApiWorld } from './call.ts';
import { dispatch, type ApiRequest } from './dispatch.ts';
import { answerExtras, EXTRAS_PATH } from './extras.ts';
import { FaultBook, type FaultOrder } from './faults.ts';
import { writeAnswer, writeText, type AnswerContext } from './http-answer.ts';
import type { RouteDocument } from './model.ts';
import { plantQueue, plantSeed, plantUser } from './plant.ts';
import type { Seed, SeedUser } from './seed.ts';
import { EmbeddedState } from './state.ts';
import { Stamper } from './stamps.ts';
import { TaskDesk } from './task-desk.ts';

/** What an embedded ClearML API is made of. */
export interface EmbeddedOptions {
  readonly seed: Seed;
  /** `basic` is the open-source server 2.3.0; `advanced` lets the SDK ask for endpoints. */
  readonly featureSet: 'basic' | 'advanced';
  /** Address to listen on; 127.0.0.1 when absent. */
  readonly host?: string;
  /** 0 or absent picks a free port. */
  readonly port?: number;
  /** Name of the sign-in cookie; `clearml_token_basic` when absent. */
  readonly cookieName?: string;
  /** Secret that signs tokens; a random one when absent. */
  readonly tokenSecret?: string;
  /** Origins (`http://host:port`) that a sign-in link may lead to. */
  readonly signInTargets?: readonly string[];
  /** True keeps connections open; the real server closes each one (protocol 9.2). */
  readonly keepAlive?: boolean;
  /** Unix time in ms; the real clock when absent. */
  readonly now?: () => number;
}

const BODY_LIMIT = 64 * 1024 * 1024;

/**
 * A ClearML API server inside this process, for tests, the demo and trying Clearway without ClearML.
 *
 * @remarks
 * It knows the calls that the Python SDK, the agent and Clearway need, and answers 404 for every other.
 * State lives in memory; `close` keeps it, so that a later `start` is the same server after an outage.
 */
export class EmbeddedClearml {
  readonly #options: EmbeddedOptions;
  readonly #world: ApiWorld;
  readonly #faults = new FaultBook();
  readonly #calls = new Map<string, number>();
  /** Tasks, read and changed from this process. */
  readonly tasks: TaskDesk;
  #server: Server | undefined;
  #port: number;

  constructor(options: EmbeddedOptions) {
    this.#options = options;
    this.#port = options.port ?? 0;
    this.#world = {
      state: new EmbeddedState(),
      profile: profileOf(options),
      stamper: new Stamper(options.now ?? Date.now),
      newId: () => randomBytes(16).toString('hex'),
    };
    plantSeed(this.#world, options.seed);
    this.tasks = new TaskDesk(this.#world);
  }

  /** Listens, on the same port as before after a `close`. Ends when the signal aborts. */
  async start(signal?: AbortSignal): Promise<{ readonly url: string }> {
    signal?.throwIfAborted();
    const server = createServer((request, response) => {
      this.#handle(request, response).catch(() => response.destroy());
    });
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, this.#options.host ?? '127.0.0.1', resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
    signal?.addEventListener('abort', () => void this.close(), { once: true });
    return { url: this.url };
  }

  /** Stops listening and breaks all connections; the state stays. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  /** Address of the API, without a trailing slash. */
  get url(): string {
    const host = this.#options.host ?? '127.0.0.1';
    return `http://${host.includes(':') ? `[${host}]` : host}:${this.#port}`;
  }

  /** Name of the sign-in cookie. */
  get cookieName(): string {
    return this.#world.profile.cookieName;
  }

  /** How often a call (`service.action`) came in, refused ones included. */
  calls(endpoint: string): number {
    return this.#calls.get(endpoint) ?? 0;
  }

  /** Sets all call counts to zero. */
  resetCalls(): void {
    this.#calls.clear();
  }

  /** Takes an order for a fault. */
  orderFault(order: FaultOrder): void {
    this.#faults.order(order);
  }

  /** Forgets all orders for faults. */
  clearFaults(): void {
    this.#faults.clear();
  }

  /** A token of a user, as a sign-in gives it; undefined when there is no such user. */
  token(login: string, lifeSeconds: number = TOKEN_SECONDS): string | undefined {
    const user = this.#world.state.userByLogin(login);
    if (user === undefined) return undefined;
    const identity = identityOf(this.#world.state, user);
    return issueToken(this.#world, identity, this.#seconds(), lifeSeconds);
  }

  /** Revokes a token, as a sign-out does. */
  revoke(token: string): void {
    const session = sessionOf(this.#world.profile, token, this.#seconds());
    if (session !== undefined) this.#world.state.revokedSessions.add(session);
  }

  /** Adds a user. Returns the id. */
  addUser(user: SeedUser): string {
    return plantUser(this.#world, user).id;
  }

  /** Deletes a user; tokens of this user go on reading tasks, as on the real server (protocol 9.1). */
  removeUser(login: string): void {
    const user = this.#world.state.userByLogin(login);
    if (user !== undefined) this.#world.state.users.delete(user.id);
  }

  /** Adds a queue. Returns the id. */
  addQueue(name: string): string {
    return plantQueue(this.#world, { name });
  }

  /** Sets what `routers.get_routes` answers. */
  setRoutes(routes: readonly RouteDocument[]): void {
    this.#world.state.routes = routes;
  }

  #seconds(): number {
    return Math.floor(this.#world.stamper.next() / 1000);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(`http://embedded${(request.url ?? '/').replace(/^\/+/, '/')}`);
    const context = this.#answerContext(request);
    if (request.method === 'OPTIONS') {
      writeText(response, 200, '', context);
      return;
    }
    const body = await readAll(request);
    if (url.pathname.startsWith(EXTRAS_PATH)) {
      this.#answerExtras(request, response, url, body);
      return;
    }
    const encoding = request.headers['content-encoding'];
    if (encoding !== undefined) {
      writeText(response, 415, 'Content encoding is not supported', context);
      return;
    }
    await this.#answerCall(readRequest(request, url, body), response, context);
  }

  async #answerCall(
    request: ApiRequest,
    response: ServerResponse,
    context: AnswerContext,
  ): Promise<void> {
    const name = request.path.replace(/^\/(v[\d.]+\/)?/, '').replace(/\/$/, '');
    this.#calls.set(name, this.calls(name) + 1);
    const faults = this.#faults.take(name);
    for (const fault of faults) if (fault.kind === 'latency') await delay(fault.ms);
    const fault = faults.find(({ kind }) => kind !== 'latency');
    writeAnswer(response, dispatch(this.#world, request), fault, context);
  }

  #answerExtras(request: IncomingMessage, response: ServerResponse, url: URL, body: Buffer): void {
    const answer = answerExtras(
      {
        world: this.#world,
        faults: this.#faults,
        calls: this.#calls,
        signInTargets: this.#options.signInTargets ?? [],
      },
      {
        method: request.method ?? 'GET',
        url,
        contentType: request.headers['content-type'] ?? '',
        body: body.toString(),
      },
    );
    response.writeHead(answer.status, { ...answer.headers, Connection: 'close' });
    response.end(answer.text);
  }

  #answerContext(request: IncomingMessage): AnswerContext {
    return {
      profile: this.#world.profile,
      origin: request.headers.origin,
      keepAlive: this.#options.keepAlive ?? false,
    };
  }
}

function profileOf(options: EmbeddedOptions): ApiProfile {
  const advanced = options.featureSet === 'advanced';
  return {
    featureSet: options.featureSet,
    serverVersion: advanced ? '3.26.0' : '2.3.0',
    apiVersion: '2.34',
    cookieName: options.cookieName ?? 'clearml_token_basic',
    tokenSecret: options.tokenSecret ?? randomBytes(32).toString('hex'),
  };
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size > BODY_LIMIT) throw new Error('the body is too large');
  }
  return Buffer.concat(chunks);
}

function readRequest(request: IncomingMessage, url: URL, body: Buffer): ApiRequest {
  const { headers } = request;
  const header = (...names: readonly string[]): string | undefined =>
    names.map((name) => headers[name]).find((value) => typeof value === 'string');
  const worker = header('x-clearml-worker', 'x-trains-worker');
  const trx = header('x-clearml-trx', 'x-trains-trx');
  const impersonateAs = header('x-clearml-impersonate-as', 'x-trains-impersonate-as');
  const actAs = header('x-clearml-act-as', 'x-trains-act-as');
  return {
    path: url.pathname,
    query: url.searchParams,
    auth: {
      ...(headers.authorization === undefined ? {} : { authorization: headers.authorization }),
      ...(headers.cookie === undefined ? {} : { cookie: headers.cookie }),
    },
    act: {
      ...(impersonateAs === undefined ? {} : { impersonateAs }),
      ...(actAs === undefined ? {} : { actAs }),
    },
    contentType: headers['content-type'] ?? '',
    body,
    ip: header('x-forwarded-for', 'x-real-ip') ?? request.socket.remoteAddress ?? '',
    ...(worker === undefined ? {} : { worker }),
    ...(trx === undefined ? {} : { trx }),
  };
}
