import { once } from 'node:events';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { makeApiHandler } from '../../../src/api/access/api-handler.ts';
import { Bodies, BODY_LIMITS } from '../../../src/api/access/bodies.ts';
import { ApiServer } from '../../../src/api/access/api-server.ts';
import type { ApiAnswer, ApiRequest, ApiStream } from '../../../src/api/contracts.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';
import { eventually } from '../../support/eventually.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const LOCAL = {
  user: { name: 'somebody', groups: [], role: 'admin' },
  signal: new AbortController().signal,
} as const;
const HEAD = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';

type StubApi = (request: ApiRequest) => Promise<ApiAnswer | ApiStream>;

interface Served extends AsyncDisposable {
  readonly path: string;
  readonly stop: AbortController;
  readonly lines: string[];
}

async function serve(api: StubApi, stallMs = 30_000): Promise<Served> {
  const folder = await tempFolder();
  const path = join(folder.path, 'api.sock');
  const stop = new AbortController();
  const lines: string[] = [];
  const logger = createLogger({
    level: 'debug',
    destination: { write: (l) => void lines.push(l) },
  });
  const handler = makeApiHandler({
    identify: () => LOCAL,
    api,
    onAnswer: () => undefined,
    closing: stop.signal,
    patience: { stallMs },
    bodies: new Bodies(BODY_LIMITS),
    logger,
  });
  await new ApiServer({ place: { path }, handler, logger }).start(stop.signal);
  const dispose = async (): Promise<void> => {
    stop.abort();
    await folder[Symbol.asyncDispose]();
  };
  return { path, stop, lines, [Symbol.asyncDispose]: dispose };
}

async function ask(path: string, agent: Agent): Promise<IncomingMessage> {
  const request = httpRequest({ socketPath: path, agent, headers: { Host: 'localhost' } }).end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return response;
}

async function silent(path: string): Promise<Socket> {
  const socket = connect(path);
  await once(socket, 'connect');
  socket.pause();
  socket.write(HEAD);
  return socket;
}

/** A stream that is told to go on for as long as it is asked, and counts what it gave. */
function endless(size: number): { readonly api: StubApi; given: number; ended: boolean } {
  const state = {
    given: 0,
    ended: false,
    api: (): Promise<ApiStream> =>
      Promise.resolve({ contentType: 'application/json', pieces: pieces() }),
  };
  async function* pieces(): AsyncGenerator<string> {
    try {
      for (;;) {
        await Promise.resolve();
        state.given += 1;
        yield 'x'.repeat(size);
      }
    } finally {
      state.ended = true;
    }
  }
  return state;
}

/** A stream with one piece, which ends when it is told to. */
const quiet: StubApi = ({ signal }) => {
  async function* pieces(): AsyncGenerator<string> {
    yield 'first\n';
    if (!signal.aborted) await once(signal, 'abort');
  }
  return Promise.resolve({ contentType: 'application/json', pieces: pieces() });
};

describe('the server of the API', () => {
  it('takes no more of a stream than the client does', async () => {
    const stream = endless(10_000);
    await using served = await serve(stream.api);
    const socket = await silent(served.path);

    await eventually(() => expect(stream.given).to.be.greaterThan(1));
    let before = -1;
    await eventually(
      () => {
        const now = stream.given;
        const stands = now === before;
        before = now;
        expect(stands).to.equal(true);
      },
      { everyMs: 200 },
    );
    expect(stream.given).to.be.lessThan(200);
    const stood = stream.given;
    socket.resume();

    await eventually(() => expect(stream.given).to.be.greaterThan(stood + 100));
    socket.destroy();
    await eventually(() => expect(stream.ended).to.equal(true));
  });

  it('cuts off who takes nothing, of a stream and of a long answer', async () => {
    const stream = endless(100_000);
    const answer: StubApi = () => Promise.resolve({ status: 200, body: 'x'.repeat(20_000_000) });
    for (const api of [stream.api, answer]) {
      await using served = await serve(api, 200);
      const socket = await silent(served.path);
      const closed = once(socket, 'close');
      // Only somebody who reads learns of the end.
      setTimeout(() => socket.resume(), 1_500);
      await closed;
      expect(socket.bytesRead).to.be.lessThan(5_000_000);
    }
    expect(stream.ended).to.equal(true);
  });

  it('sends the head of a stream before there is anything in it', async () => {
    const api: StubApi = ({ signal }) => {
      async function* pieces(): AsyncGenerator<string> {
        await once(signal, 'abort');
        yield 'late';
      }
      return Promise.resolve({ contentType: 'text/x', pieces: pieces() });
    };
    await using served = await serve(api);
    const agent = new Agent();

    const response = await ask(served.path, agent);

    expect(response.statusCode).to.equal(200);
    expect(response.headers['content-type']).to.equal('text/x');
    agent.destroy();
  });

  it('ends streams and connections when the router stops', async () => {
    await using served = await serve(quiet);
    const agent = new Agent({ keepAlive: true });
    const response = await ask(served.path, agent);
    response.setEncoding('utf8');
    let text = '';
    response.on('data', (piece: string) => (text += piece));
    const ended = once(response, 'end');
    const idle = connect(served.path);
    await once(idle, 'connect');
    const idleClosed = once(idle.resume(), 'close');

    served.stop.abort();

    await ended;
    expect(text).to.equal('first\n');
    await idleClosed;
    agent.destroy();
  });

  it('ends a stream by force that does not end when it is told to', async () => {
    const stuck: StubApi = () => {
      async function* pieces(): AsyncGenerator<string> {
        yield 'first\n';
        await new Promise(() => undefined);
      }
      return Promise.resolve({ contentType: 'application/json', pieces: pieces() });
    };
    await using served = await serve(stuck);
    const response = await ask(served.path, new Agent());
    const closed = once(response.resume(), 'close');

    served.stop.abort();

    await closed.catch(() => undefined);
  });

  it('keeps connections for the next request', async () => {
    await using served = await serve(() => Promise.resolve({ status: 200, body: '{}' }));
    const agent = new Agent({ keepAlive: true });
    const first = await ask(served.path, agent);
    const { socket } = first;
    await once(first.resume(), 'end');

    const second = await ask(served.path, agent);

    expect(second.socket).to.equal(socket);
    expect(second.headers['keep-alive']).to.equal('timeout=75');
    agent.destroy();
  });

  it('refuses longer heads than it reads', async () => {
    await using served = await serve(() => Promise.resolve({ status: 200, body: '{}' }));
    const socket = connect(served.path);
    socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`);

    const [data] = (await once(socket, 'data')) as [Buffer];

    expect(data.toString()).to.match(/^HTTP\/1\.1 431 /);
    socket.destroy();
  });

  it('tells what failed while a stream was made, and cuts it off', async () => {
    const failing: StubApi = () => {
      async function* pieces(): AsyncGenerator<string> {
        yield 'first\n';
        await Promise.resolve();
        throw new Error('no more');
      }
      return Promise.resolve({ contentType: 'application/json', pieces: pieces() });
    };
    await using served = await serve(failing);
    const response = await ask(served.path, new Agent());

    const [error] = (await once(response.resume(), 'error')) as [NodeJS.ErrnoException];

    expect(error.code).to.equal('ECONNRESET');
    expect(served.lines.join('')).to.include('could not be sent');
  });
});
