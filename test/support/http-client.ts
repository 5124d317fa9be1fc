import { connect, type Server, type Socket } from 'node:net';

/** An answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  /** Names in lower case, every line of its own. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** A request as it goes over the wire: nothing is normalized or added but Host and Connection. */
export interface RawRequest {
  readonly method?: string;
  readonly target: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: string;
  readonly host?: string;
  /** Address of this machine that the request comes from. */
  readonly from?: string;
}

/** Sends a request byte by byte as given, and reads the answer until the server closes. */
export async function rawRequest(port: number, request: RawRequest): Promise<RawAnswer> {
  const { method = 'GET', target, headers = [], body = '' } = request;
  const { host = `127.0.0.1:${port}`, from } = request;
  const length = body === '' ? [] : [['Content-Length', String(Buffer.byteLength(body))] as const];
  const head = [['Host', host], ['Connection', 'close'], ...length, ...headers] as const;
  const lines = head.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const text = `${method} ${target} HTTP/1.1\r\n${lines}\r\n${body}`;
  return parseAnswer(await sendRaw(port, text, from));
}

/** Sends a text or bytes over a new connection and gives everything that comes back until the end. */
export async function sendRaw(
  port: number,
  text: string | Uint8Array,
  from?: string,
): Promise<string> {
  const socket = await openSocket(port, from);
  socket.write(text);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) {
    chunks.push(chunk as Buffer);
    // nginx may linger on a connection whose request it refused; the answer is there already.
    if (isWhole(Buffer.concat(chunks).toString('latin1'))) break;
  }
  socket.destroy();
  return Buffer.concat(chunks).toString('latin1');
}

function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n');
  const length = /^content-length: (\d+)\r$/im.exec(text.slice(0, end + 1))?.[1];
  return end >= 0 && length !== undefined && text.length >= end + 4 + Number(length);
}

/** A connected socket, from an address of this machine where one is given. */
export function openSocket(port: number, from?: string): Promise<Socket> {
  return new Promise((done, failed) => {
    const local = from === undefined ? {} : { localAddress: from };
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, ...local });
    socket.once('connect', () => {
      socket.off('error', failed);
      socket.on('error', () => undefined);
      done(socket);
    });
    socket.once('error', failed);
  });
}

/** Resolves when the peer ended or reset the connection. */
export function ended(socket: Socket): Promise<void> {
  return new Promise((done) => {
    if (socket.readableEnded || socket.destroyed) {
      done();
      return;
    }
    socket.resume();
    socket.once('end', done).once('close', () => done());
  });
}

/** Closes a server and waits for its last connection. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((done) => void server.close(() => done()));
}

/** First value of a header of an answer. */
export function headerOf(answer: RawAnswer, name: string): string | undefined {
  return answer.headers.find(([key]) => key === name)?.[1];
}

function parseAnswer(text: string): RawAnswer {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [first = '', ...lines] = head.split('\r\n');
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  return { status: Number(first.split(' ')[1]), headers, body: rest.join('\r\n\r\n') };
}
