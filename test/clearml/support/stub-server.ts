import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as the stub saw it. */
export interface SeenRequest {
  readonly path: string;
  readonly authorization: string;
  readonly body: string;
}

/** Answers a request; what it returns is sent as JSON text with status 200. */
export type StubHandler = (
  request: SeenRequest,
  response: ServerResponse,
  seen: readonly SeenRequest[],
) => string | undefined;

/** A server that answers what a test wants, for what no real server does on order. */
export interface StubServer {
  readonly url: string;
  readonly seen: readonly SeenRequest[];
  close(): Promise<void>;
}

/** Starts a stub on a free loopback port; `auth.login` is answered with `token` unless the handler does, or it is empty. */
export async function startStub(handler: StubHandler, token = aToken()): Promise<StubServer> {
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => {
    void answer(request, response, seen, (item) => {
      const text = handler(item, response, seen);
      if (text !== undefined || response.writableEnded) return text;
      return token !== '' && item.path.endsWith('/auth.login') ? envelope({ token }) : undefined;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, seen, close: () => closeServer(server) };
}

/** An envelope of success. */
export function envelope(data: unknown): string {
  return JSON.stringify({ meta: { result_code: 200, result_subcode: 0 }, data });
}

/** An envelope of refusal; sets the status. */
export function refusal(response: ServerResponse, code: number, subcode: number): string {
  response.statusCode = code;
  return JSON.stringify({ meta: { result_code: code, result_subcode: subcode }, data: {} });
}

/** A token of the shape of ClearML's; only its claims mean something here. */
export function aToken(
  claims: Readonly<Record<string, unknown>> = { api_version: '2.34' },
): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}.c2ln`;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  seen: SeenRequest[],
  handler: (item: SeenRequest) => string | undefined,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const body = Buffer.concat(chunks).toString('utf8');
  const item = {
    path: request.url ?? '',
    authorization: request.headers.authorization ?? '',
    body,
  };
  seen.push(item);
  const text = handler(item);
  if (text !== undefined) response.end(text);
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
