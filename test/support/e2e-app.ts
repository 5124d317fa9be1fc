import type { IncomingMessage, ServerResponse } from 'node:http';
import { once } from 'node:events';
import { WebSocket, WebSocketServer } from 'ws';
import { EchoApp } from './echo-app.ts';

/** An application of a task: answers with its name, streams events at `/events`, echoes on websockets. */
export interface TaskApp extends AsyncDisposable {
  readonly port: number;
  readonly http: EchoApp;
}

/** Starts a {@link TaskApp} on a loopback port. */
export async function startApp(name: string, port = 0): Promise<TaskApp> {
  const http = await EchoApp.start((request, response) => answer(name, request, response), port);
  const sockets = new WebSocketServer({ server: http.server });
  sockets.on('connection', (socket) => {
    socket.on('message', (data) => socket.send(data));
    socket.on('error', () => undefined);
  });
  return {
    port: http.port,
    http,
    [Symbol.asyncDispose]: async () => {
      for (const client of sockets.clients) client.terminate();
      sockets.close();
      await http.stop();
    },
  };
}

/** Opens a websocket at a path of the gateway. */
export async function openWebSocket(url: string, token: string): Promise<WebSocket> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), {
    headers: { authorization: `Bearer ${token}` },
  });
  await once(socket, 'open');
  socket.on('error', () => undefined);
  return socket;
}

/** Sends a text and waits for its echo. */
export async function echoed(socket: WebSocket, text: string): Promise<string> {
  const heard = once(socket, 'message');
  socket.send(text);
  const [data] = (await heard) as [Buffer];
  return data.toString();
}

function answer(name: string, request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  if (request.url === '/events') {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: one\n\n');
    return;
  }
  response.end(name);
}
