import { rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';

/** Bytes that are sent for a decision; `silent` sends nothing, `cut` ends the connection behind them. */
export interface FakeAnswer {
  readonly bytes: string;
  readonly then?: 'silent' | 'cut';
}

/** Listens where the router should, leaves polls open, and answers decisions with whatever bytes a test says. */
export class FakeRouter {
  answer: FakeAnswer = { bytes: '', then: 'silent' };
  asked = 0;
  /** Connections on which a poll waits, by the order in which they came. */
  readonly polls: Socket[] = [];
  /** Connections on which a decision was asked for. */
  readonly questions: Socket[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor() {
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async start(path: string): Promise<FakeRouter> {
    const router = new FakeRouter();
    await rm(path, { force: true });
    await new Promise<void>((done) => router.#server.listen(path, done));
    return router;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((done) => this.#server.close(done));
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => this.#sockets.delete(socket));
    let text = '';
    socket.on('data', (data) => {
      text += data.toString('latin1');
      const head = /^POST (\S+) [^]*?\r\ncontent-length: (\d+)[^]*?\r\n\r\n/i.exec(text);
      if (head === null || text.length < head[0].length + Number(head[2])) return;
      text = text.slice(head[0].length + Number(head[2]));
      if (head[1] === '/proxy/poll') this.polls.push(socket);
      if (head[1] !== '/proxy/decide') return;
      this.asked += 1;
      this.questions.push(socket);
      socket.write(this.answer.bytes);
      if (this.answer.then === 'cut') socket.end();
    });
  }
}

/** An answer with a JSON body. */
export function json(body: unknown, status = '200 OK'): FakeAnswer {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return {
    bytes: `HTTP/1.1 ${status}\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  };
}
