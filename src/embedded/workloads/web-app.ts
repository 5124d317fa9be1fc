import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import type { Workload } from './workload.ts';

/** What a {@link startWebApp} shows and where it listens. */
export interface WebAppOptions {
  readonly address: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Heading of the page; any text. */
  readonly name: string;
}

interface Page {
  readonly html: string;
  readonly css: string;
  readonly script: string;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const TICK_MS = 1000;
const MAX_MESSAGE_BYTES = 64 * 1024;

/**
 * Starts a small web application: a page, a websocket, a server-sent stream, an upload and a look at
 * the request headers.
 *
 * @remarks
 * The page uses relative addresses only, so it works under any prefix that a gateway strips.
 *
 * | path | what |
 * | --- | --- |
 * | `/` | the page |
 * | `/ws` | websocket: sends back what it gets, and the time once a second |
 * | `/events` | server-sent stream: a number, one more every second |
 * | `/upload` | POST or PUT: size and SHA-256 of the body, as JSON |
 * | `/headers` | the headers of the request as JSON, without cookies and credentials |
 * | `/redirect` | 302 to the absolute path `/headers` |
 */
export async function startWebApp(options: WebAppOptions): Promise<Workload> {
  const page = await readPage(options.name);
  const handlers = makeHandlers(page);
  const server = createServer({ requestTimeout: 0 }, (request, response) => {
    (handlers[routeOf(request)] ?? notFound)(request, response);
  });
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES });
  sockets.on('connection', serveSocket);
  server.on('upgrade', (request, socket, head) => {
    upgrade(sockets, request, { socket, head });
  });
  server.listen(options.port, options.address);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { address: options.address, port, close: () => close(server, sockets) };
}

async function readPage(name: string): Promise<Page> {
  const file = (path: string): Promise<string> =>
    readFile(new URL(`page/${path}`, import.meta.url), 'utf8');
  const [html, css, script] = await Promise.all([
    file('index.html'),
    file('style.css'),
    file('page.js'),
  ]);
  return { html: html.replaceAll('{{name}}', () => escapeHtml(name)), css, script };
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/gu, (sign) => `&#${String(sign.codePointAt(0))};`);
}

function routeOf(request: IncomingMessage): string {
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  const method = request.method === 'HEAD' ? 'GET' : (request.method ?? 'GET');
  return `${method} ${path}`;
}

function makeHandlers(page: Page): Readonly<Record<string, Handler>> {
  return {
    'GET /': (_request, response) => {
      sendText(response, 'text/html; charset=utf-8', page.html);
    },
    'GET /style.css': (_request, response) => {
      sendText(response, 'text/css; charset=utf-8', page.css);
    },
    'GET /page.js': (_request, response) => {
      sendText(response, 'text/javascript; charset=utf-8', page.script);
    },
    'GET /events': streamEvents,
    'POST /upload': receiveUpload,
    'PUT /upload': receiveUpload,
    'GET /headers': (request, response) => {
      sendJson(response, 200, visibleHeaders(request));
    },
    'GET /redirect': (_request, response) => {
      response.writeHead(302, { location: '/headers', 'content-length': 0 }).end();
    },
  };
}

function streamEvents(request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  // A browser that reconnects says where it was (Last-Event-ID), so that it counts on.
  const last = Number(request.headers['last-event-id']);
  let count = Number.isSafeInteger(last) && last > 0 ? last : 0;
  const send = (): void => {
    count += 1;
    response.write(`id: ${String(count)}\ndata: ${String(count)}\n\n`);
  };
  send();
  const timer = setInterval(send, TICK_MS);
  response.once('close', () => {
    clearInterval(timer);
  });
}

function receiveUpload(request: IncomingMessage, response: ServerResponse): void {
  if (request.headers['content-type']?.startsWith('multipart/') === true) {
    const error = 'send the file itself as the body of the request, for example with curl -T FILE';
    sendJson(response, 415, { error });
    request.resume();
    return;
  }
  const hash = createHash('sha256');
  let size = 0;
  request.on('data', (chunk: Buffer) => {
    size += chunk.length;
    hash.update(chunk);
  });
  request.on('end', () => {
    sendJson(response, 200, { size, sha256: hash.digest('hex') });
  });
  request.on('error', () => {
    response.destroy();
  });
}

function visibleHeaders(request: IncomingMessage): Readonly<Record<string, unknown>> {
  const hidden = new Set(['cookie', 'authorization', 'proxy-authorization']);
  return Object.fromEntries(Object.entries(request.headers).filter(([name]) => !hidden.has(name)));
}

function serveSocket(socket: WebSocket): void {
  const sendTime = (): void => {
    socket.send(JSON.stringify({ type: 'clock', time: new Date().toISOString() }));
  };
  sendTime();
  const timer = setInterval(sendTime, TICK_MS);
  socket.on('message', (data: Buffer, isBinary) => {
    const text = JSON.stringify({ type: 'echo', text: data.toString('utf8') });
    socket.send(isBinary ? data : text);
  });
  socket.on('error', () => {
    socket.terminate();
  });
  socket.on('close', () => {
    clearInterval(timer);
  });
}

function upgrade(
  sockets: WebSocketServer,
  request: IncomingMessage,
  connection: { readonly socket: Duplex; readonly head: Buffer },
): void {
  const { socket, head } = connection;
  if (routeOf(request) !== 'GET /ws') {
    socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    return;
  }
  sockets.handleUpgrade(request, socket, head, (client) => {
    sockets.emit('connection', client, request);
  });
}

function notFound(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  sendJson(response, 404, { error: 'there is nothing here' });
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(`${JSON.stringify(body, null, 2)}\n`);
}

function sendText(response: ServerResponse, type: string, body: string): void {
  response.writeHead(200, { 'content-type': type, 'cache-control': 'no-cache' });
  response.end(body);
}

async function close(server: Server, sockets: WebSocketServer): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  for (const client of sockets.clients) client.terminate();
  sockets.close();
  server.closeAllConnections();
  await closed;
}
