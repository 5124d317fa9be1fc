import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A request as one way of reading bytes sees it. */
export interface ReadRequest {
  readonly method: string;
  readonly target: string;
  /** Lines of the head after the first one. */
  readonly lines: readonly string[];
  readonly body: string;
}

/** How a server reads requests off a connection: what strict and lenient ones disagree about. */
interface Reading {
  /** `Transfer-Encoding` counts although a `Content-Length` is there. */
  readonly chunkedFirst: boolean;
  /** A name is looked for without what is no letter in it, as CGI and WSGI servers do. */
  readonly looseNames: boolean;
}

const READINGS: readonly Reading[] = [
  { chunkedFirst: true, looseNames: true },
  { chunkedFirst: false, looseNames: true },
  { chunkedFirst: true, looseNames: false },
  { chunkedFirst: false, looseNames: false },
];

type Parsed = { readonly request: ReadRequest; readonly rest: string } | 'more';

/** Value of a header under a loose or an exact name. */
function valueOf(lines: readonly string[], name: string, loose: boolean): string | undefined {
  const plain = (text: string): string =>
    loose ? text.toLowerCase().replace(/[^a-z]/g, '') : text.toLowerCase();
  const found = lines.find((line) => plain(line.split(':')[0] ?? '') === plain(name));
  return found?.slice(found.indexOf(':') + 1);
}

type Body = { readonly body: string; readonly rest: string } | 'more';

function readLength(text: string, length: string | undefined): Body {
  const size = parseInt(length ?? '0', 10) || 0;
  return text.length < size ? 'more' : { body: text.slice(0, size), rest: text.slice(size) };
}

function readChunks(text: string): Body {
  let body = '';
  let rest = text;
  for (;;) {
    const line = /^([^\n]*?)\r?\n/.exec(rest);
    if (line === null) return 'more';
    const size = parseInt(line[1] ?? '', 16) || 0;
    rest = rest.slice(line[0].length);
    if (size === 0) {
      const end = /^(?:[^\r\n]+\r?\n)*\r?\n/.exec(rest);
      return end === null ? 'more' : { body, rest: rest.slice(end[0].length) };
    }
    if (rest.length < size) return 'more';
    body += rest.slice(0, size);
    rest = rest.slice(size).replace(/^\r?\n/, '');
  }
}

/** The head of a request: a bare line feed is the end of a line, and folded lines are one. */
function readHead(
  text: string,
): { readonly first: string; readonly lines: readonly string[]; readonly rest: string } | 'more' {
  const head = /^((?:[^\n]+\n)+?)\r?\n/.exec(text);
  if (head === null) return 'more';
  const [first = '', ...lines] = (head[1] ?? '')
    .replace(/\r?\n[ \t]+/g, ' ')
    .split(/\r?\n/)
    .filter((line) => line !== '');
  return { first, lines, rest: text.slice(head[0].length) };
}

function readOne(text: string, { chunkedFirst, looseNames }: Reading): Parsed {
  const head = readHead(text);
  if (head === 'more') return 'more';
  const { first, lines, rest } = head;
  const encoding = valueOf(lines, 'transfer-encoding', looseNames);
  const length = valueOf(lines, 'content-length', looseNames);
  const isChunked = /chunked/i.test(encoding ?? '') && (chunkedFirst || length === undefined);
  const body = isChunked ? readChunks(rest) : readLength(rest, length);
  if (body === 'more') return 'more';
  const [method = '', target = ''] = first.split(' ');
  return { request: { method, target, lines, body: body.body }, rest: body.rest };
}

/** Every request that this way of reading finds in the bytes of a connection, and what is left behind the last one. */
function readAll(
  text: string,
  reading: Reading,
): { readonly requests: readonly ReadRequest[]; readonly rest: string } {
  const requests: ReadRequest[] = [];
  let rest = text;
  for (;;) {
    const parsed = readOne(rest, reading);
    if (parsed === 'more') return { requests, rest };
    requests.push(parsed.request);
    rest = parsed.rest;
  }
}

/**
 * An application on a bare socket that keeps every byte, and reads them as leniently as any server does. It answers 200 with the target
 * of each request; where the target says `refuse` 426, `switch` 101, `early` before the body is there, `surplus` with a second answer
 * that nobody asked for.
 */
export class RecordingApp {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #texts: string[] = [];
  readonly #arrived: ReadRequest[] = [];
  #tunnelled = '';

  private constructor() {
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async start(): Promise<RecordingApp> {
    const app = new RecordingApp();
    await new Promise<void>((done) => app.#server.listen(0, '127.0.0.1', done));
    return app;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Requests whose target has this text, in the order in which they came, as the most lenient reading sees them. */
  seen(text = ''): readonly ReadRequest[] {
    return this.#arrived.filter(({ target }) => target.includes(text));
  }

  /** All requests on all connections, for each way of reading them. */
  everyReading(): readonly (readonly ReadRequest[])[] {
    return READINGS.map((reading) =>
      this.#texts.flatMap((text) => readAll(text, reading).requests),
    );
  }

  /** What came behind a change of protocol. */
  get tunnelled(): string {
    return this.#tunnelled;
  }

  /** How many connections are open. */
  get connections(): number {
    return this.#sockets.size;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((done) => this.#server.close(done));
  }

  #serve(socket: Socket): void {
    const index = this.#texts.push('') - 1;
    let unread = '';
    let isTunnel = false;
    this.#sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => this.#sockets.delete(socket));
    socket.on('data', (data) => {
      const came = data.toString('latin1');
      if (isTunnel) {
        this.#tunnelled += came;
        return;
      }
      this.#texts[index] = `${this.#texts[index] ?? ''}${came}`;
      const { requests, rest } = readAll(unread + came, READINGS[0]!);
      this.#arrived.push(...requests);
      for (const { method, target } of requests) {
        isTunnel = target.includes('switch');
        socket.write(answerTo(method, target));
      }
      unread = rest;
      if (/^POST \S*early /.test(unread)) socket.write(answerTo('POST', 'early'));
    });
  }
}

function answerTo(method: string, target: string): string {
  if (target.includes('switch')) {
    return 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n';
  }
  const status = target.includes('refuse') ? '426 Upgrade Required' : '200 OK';
  const body = method === 'HEAD' ? '' : target;
  const answer = `HTTP/1.1 ${status}\r\nContent-Length: ${target.length}\r\n\r\n${body}`;
  return target.includes('surplus')
    ? `${answer}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged`
    : answer;
}
