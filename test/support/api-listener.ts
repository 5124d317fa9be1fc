import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Api } from '../../src/api/api.ts';
import type { ApiAnswer, ApiRequest, ApiStream, ApiUser } from '../../src/api/contracts.ts';

/** The API on a loopback port over plain HTTP, where everybody is an administrator. */
export interface ApiListener extends AsyncDisposable {
  readonly port: number;
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  /** Breaks every connection, as a killed router does. */
  breakConnections(): void;
}

const ADMIN: ApiUser = {
  name: 'admin',
  groups: ['clearway:admin', 'system:authenticated'],
  role: 'admin',
};

/** Listens, on a given port or on a free one. */
export async function listenApi(api: Api, port = 0): Promise<ApiListener> {
  const stop = new AbortController();
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    void answer(api, { request, response, stop: stop.signal });
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const { port: chosen } = server.address() as AddressInfo;
  return {
    port: chosen,
    url: `http://127.0.0.1:${chosen}`,
    breakConnections: () => {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly stop: AbortSignal;
}

async function answer(api: Api, { request, response, stop }: Exchange): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const answered = await api(toRequest(request, AbortSignal.any([stop, gone.signal])));
  if ('pieces' in answered) await sendStream(response, answered);
  else sendAnswer(response, answered);
}

function toRequest(request: IncomingMessage, signal: AbortSignal): ApiRequest {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1');
  return {
    method: request.method ?? 'GET',
    path: decodeURIComponent(pathname),
    query: searchParams,
    headers: request.headers,
    user: ADMIN,
    body: bodyOf(request),
    signal,
  };
}

/** The whole body, however often it is asked for. */
function bodyOf(request: IncomingMessage): () => Promise<Buffer> {
  let read: Promise<Buffer> | undefined;
  return () => (read ??= readBody(request));
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

function sendAnswer(
  response: ServerResponse,
  { status, headers, contentType, body }: ApiAnswer,
): void {
  response.writeHead(status, {
    'content-type': contentType ?? 'application/json',
    'content-length': Buffer.byteLength(body),
    ...(headers as OutgoingHttpHeaders | undefined),
  });
  response.end(body);
}

async function sendStream(
  response: ServerResponse,
  { contentType, pieces }: ApiStream,
): Promise<void> {
  response.writeHead(200, { 'content-type': contentType }).flushHeaders();
  try {
    for await (const piece of pieces) {
      if (response.destroyed) break;
      if (!response.write(piece)) await once(response, 'drain');
    }
    response.end();
  } catch {
    response.destroy();
  }
}
