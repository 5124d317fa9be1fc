import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What an {@link EchoApp} saw of a request. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  /** As they came: name, value, name, value. */
  readonly rawHeaders: readonly string[];
}

/** An application that remembers what reached it. */
export class EchoApp {
  readonly seen: SeenRequest[] = [];
  readonly server: Server;
  #port = 0;

  private constructor(handle: (request: IncomingMessage, response: ServerResponse) => void) {
    this.server = createServer((request, response) => {
      const { method = '', url = '', rawHeaders } = request;
      this.seen.push({ method, url, rawHeaders });
      handle(request, response);
    });
  }

  /** Starts it at a loopback port or the path of a unix socket; without a handler it answers 200 with its name. */
  static async start(
    handle: (request: IncomingMessage, response: ServerResponse) => void = answerOk,
    at: number | string = 0,
  ): Promise<EchoApp> {
    const app = new EchoApp(handle);
    await new Promise<void>((done, failed) => {
      app.server.once('error', failed);
      const place = typeof at === 'string' ? { path: at } : { port: at, host: '127.0.0.1' };
      app.server.listen(place, done);
    });
    app.#port = typeof at === 'string' ? 0 : (app.server.address() as AddressInfo).port;
    return app;
  }

  get port(): number {
    return this.#port;
  }

  /** The request that came last. */
  get last(): SeenRequest {
    const last = this.seen.at(-1);
    if (last === undefined) throw new Error('nothing reached the application');
    return last;
  }

  /** Values of a header of the last request, one for each line. */
  lastHeader(name: string): readonly string[] {
    const { rawHeaders } = this.last;
    return rawHeaders.filter(
      (_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name,
    );
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }
}

function answerOk(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  request.once('end', () => response.end('hello from the application\n'));
}
