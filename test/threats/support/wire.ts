import type { Socket } from 'node:net';
import { openSocket } from '../../support/http-client.ts';

/** An answer on a connection that may carry several. */
export interface WireAnswer {
  readonly status: number;
  /** Names in lower case; of several lines of one name the last. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** One connection on which a test writes bytes, and reads what comes back. */
export class WireClient {
  readonly #socket: Socket;
  #text = '';
  #isClosed = false;
  #wake: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const close = (): void => {
      this.#isClosed = true;
      this.#wake();
    };
    socket.on('data', (data) => {
      this.#text += data.toString('latin1');
      this.#wake();
    });
    socket.once('end', close).once('close', close);
  }

  static async open(port: number): Promise<WireClient> {
    return new WireClient(await openSocket(port));
  }

  /** True when the other side has ended the connection. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Everything that came back. */
  get text(): string {
    return this.#text;
  }

  /** Writes bytes, each character being one. */
  send(text: string): void {
    this.#socket.write(Buffer.from(text, 'latin1'));
  }

  /** The whole answers so far; `heads` are the places of those that have no body. */
  answers(heads: readonly number[] = []): readonly WireAnswer[] {
    const found: WireAnswer[] = [];
    let rest = this.#text;
    for (;;) {
      const parsed = parseOne(rest, heads.includes(found.length));
      if (parsed === undefined) return found;
      found.push(parsed.answer);
      rest = parsed.rest;
    }
  }

  /** Waits until `isDone` says true, the connection ends, or time is up; false for the last. */
  async until(isDone: () => boolean, timeoutMs = 3_000): Promise<boolean> {
    const deadline = performance.now() + timeoutMs;
    while (!isDone() && !this.#isClosed) {
      const left = deadline - performance.now();
      if (left <= 0) return false;
      await new Promise<void>((done) => {
        this.#wake = done;
        setTimeout(done, left);
      });
    }
    return true;
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/** Sends the bytes of one request over a connection of its own, and gives the answer. */
export async function exchange(port: number, bytes: string): Promise<WireAnswer> {
  const client = await WireClient.open(port);
  client.send(bytes);
  await client.until(() => client.answers().length > 0);
  client.destroy();
  const [answer] = client.answers();
  if (answer === undefined) throw new Error('no answer came');
  return answer;
}

interface ParsedAnswer {
  readonly answer: WireAnswer;
  readonly rest: string;
}

function parseOne(text: string, isHead: boolean): ParsedAnswer | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [first = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
  const status = Number(first.split(' ')[1]);
  const hasBody = !isHead && status !== 101 && status !== 204 && status !== 304;
  const length = hasBody ? Number(headers.get('content-length') ?? 0) : 0;
  const rest = text.slice(end + 4);
  // 100 is only the leave to go on.
  if (status === 100) return parseOne(rest, isHead);
  if (rest.length < length) return undefined;
  return { answer: { status, headers, body: rest.slice(0, length) }, rest: rest.slice(length) };
}
