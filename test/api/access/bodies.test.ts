import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { pino } from 'pino';
import { makeApiHandler } from '../../../src/api/access/api-handler.ts';
import { ApiServer } from '../../../src/api/access/api-server.ts';
import { Bodies, BODY_LIMITS, type BodyLimits } from '../../../src/api/access/bodies.ts';
import { statusAnswer } from '../../../src/api/failures.ts';
import { ApiError } from '../../../src/api/status.ts';
import { eventually } from '../../support/eventually.ts';
import { apiWorld } from '../../support/served-api.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const LIMIT = 100_000;
const REVIEWS = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';

interface Served extends AsyncDisposable {
  readonly path: string;
  /** How many requests came. */
  begun: number;
  /** Lengths of the bodies that came whole. */
  readonly lengths: number[];
  /** Why others did not. */
  readonly failures: unknown[];
}

/** Serves an API that reads bodies of up to LIMIT bytes; X-Name says who calls. */
async function serve(limits: Partial<BodyLimits> = {}): Promise<Served> {
  const folder = await tempFolder();
  const path = join(folder.path, 'api.sock');
  const stop = new AbortController();
  const logger = pino({ level: 'silent' });
  const seen = { begun: 0, lengths: [] as number[], failures: [] as unknown[] };
  const handler = makeApiHandler({
    identify: (headers) => ({
      user: { name: String(headers['x-name']), groups: [], role: 'view' },
      signal: stop.signal,
    }),
    api: async ({ body }) => {
      seen.begun += 1;
      try {
        seen.lengths.push((await body(LIMIT)).length);
        return { status: 200, body: '{}' };
      } catch (error) {
        seen.failures.push(error);
        if (!(error instanceof ApiError)) throw error;
        return statusAnswer(error);
      }
    },
    onAnswer: () => undefined,
    closing: stop.signal,
    patience: { stallMs: 1_000 },
    bodies: new Bodies({ ...BODY_LIMITS, ...limits }),
    logger,
  });
  await new ApiServer({ place: { path }, handler, logger }).start(stop.signal);
  const dispose = async (): Promise<void> => {
    stop.abort();
    await folder[Symbol.asyncDispose]();
  };
  return Object.assign(seen, { path, [Symbol.asyncDispose]: dispose });
}

/** A connection with a request whose body has begun. */
class Upload {
  readonly socket: Socket;
  answer = '';
  readonly ended: Promise<unknown>;

  constructor(path: string, framing: string, name = 'somebody') {
    this.socket = connect(path);
    this.ended = once(this.socket, 'close').catch(() => undefined);
    this.socket.on('error', () => undefined);
    this.socket.on('data', (piece) => (this.answer += piece.toString()));
    this.socket.write(
      `POST / HTTP/1.1\r\nHost: localhost\r\nX-Name: ${name}\r\nContent-Type: application/json\r\n${framing}\r\n\r\n`,
    );
  }

  send(bytes: number): this {
    this.socket.write(Buffer.alloc(bytes, 32));
    return this;
  }

  chunk(bytes: number): this {
    this.socket.write(`${bytes.toString(16)}\r\n${' '.repeat(bytes)}\r\n`);
    return this;
  }

  get status(): string {
    return this.answer.slice(9, 12);
  }

  async answered(): Promise<string> {
    await eventually(() => expect(this.answer).to.include('\r\n\r\n'));
    return this.status;
  }
}

const CHUNKED = 'Transfer-Encoding: chunked';

describe('bodies of requests', () => {
  it('come whole up to their limit, however they are cut', async () => {
    await using served = await serve();
    const whole = new Upload(served.path, `Content-Length: ${LIMIT}`).send(LIMIT);
    expect(await whole.answered()).to.equal('200');
    const cut = new Upload(served.path, CHUNKED);
    for (let index = 0; index < 1_000; index += 1) cut.chunk(LIMIT / 1_000);
    cut.socket.write('0\r\n\r\n');
    expect(await cut.answered()).to.equal('200');
    const none = new Upload(served.path, 'Content-Length: 0');
    expect(await none.answered()).to.equal('200');

    expect(served.lengths).to.deep.equal([LIMIT, LIMIT, 0]);
    expect(whole.answer).not.to.match(/^connection: close/im);
    for (const { socket } of [whole, cut, none]) socket.destroy();
  });

  it('are refused by their head alone where that says too much', async () => {
    await using served = await serve();
    const upload = new Upload(served.path, `Content-Length: ${LIMIT + 1}`);

    await upload.ended;

    expect(upload.status).to.equal('413');
    expect(upload.answer).to.match(/^connection: close/im);
    expect(upload.answer).to.include('"reason":"RequestEntityTooLarge"');
  });

  it('are refused as soon as they are too long, and not read to their end', async () => {
    await using served = await serve();
    const upload = new Upload(served.path, CHUNKED).chunk(LIMIT).chunk(1);

    await upload.ended;

    expect(upload.status).to.equal('413');
  });

  it('have room for only so many bytes at one time, of one caller and of all', async () => {
    await using served = await serve({ bytes: { all: 3 * LIMIT, each: 2 * LIMIT } });
    const begun = (name: string): Upload =>
      new Upload(served.path, `Content-Length: ${LIMIT}`, name).send(LIMIT - 1);
    const refused = async (name: string): Promise<void> => {
      // Room is taken as bytes come, and no test can see when they have.
      const upload = await eventually(async () => {
        const next = new Upload(served.path, `Content-Length: ${LIMIT}`, name).send(LIMIT);
        const status = await next.answered();
        next.socket.destroy();
        expect(status).to.equal('429');
        return next;
      });
      expect(upload.answer)
        .to.match(/^retry-after: 1\r$/im)
        .and.match(/^connection: close\r$/im);
      expect(upload.answer).to.include('"reason":"TooManyRequests"');
    };
    const first = begun('one');
    const second = begun('one');
    await refused('one');
    const third = begun('two');
    await refused('two');

    first.socket.destroy();
    second.send(1);
    third.send(1);

    expect(await second.answered()).to.equal('200');
    expect(await third.answered()).to.equal('200');
    for (const name of ['one', 'one', 'two']) {
      await eventually(async () => {
        const again = new Upload(served.path, `Content-Length: ${LIMIT}`, name).send(LIMIT);
        expect(await again.answered()).to.equal('200');
        again.socket.destroy();
      });
    }
    for (const { socket } of [second, third]) socket.destroy();
  });

  it('have to arrive in time, however steadily they drip', async () => {
    await using served = await serve({ arriveMs: 300 });
    const upload = new Upload(served.path, CHUNKED).chunk(1);
    const drip = setInterval(() => upload.chunk(1), 20);

    await upload.ended;

    clearInterval(drip);
    expect(upload.status).to.equal('504');
    expect(upload.answer).to.include('"reason":"Timeout"');
  });

  it('whose client goes away are no failure of the router', async () => {
    await using served = await serve();
    const upload = new Upload(served.path, `Content-Length: ${LIMIT}`).send(10);
    await eventually(() => expect(served.begun).to.equal(1));

    upload.socket.destroy();

    await eventually(() => expect(served.failures).to.have.length(1));
    expect(served.failures[0]).to.be.instanceOf(ApiError);
  });

  it('of reviews and of orders for credentials are short', async () => {
    await using opened = await apiWorld();
    const { world } = opened;
    const { token, certificateAuthority: ca } = await world.issue();
    const head = `POST ${REVIEWS} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\n`;

    const declared = await world.wire(ca, `${head}Content-Length: 65537\r\n\r\n`);
    const begun = `${head}${CHUNKED}\r\n\r\n${(65_537).toString(16)}\r\n${' '.repeat(65_537)}`;
    const dripped = await world.wire(ca, begun);
    const name = 'x'.repeat(65_536);
    const order = await world.local({
      method: 'POST',
      path: '/clearway/v1/credentials',
      body: { role: 'view', name },
    });

    for (const answer of [declared, dripped]) expect(answer).to.match(/^HTTP\/1\.1 413 /);
    expect(order.status).to.equal(413);
  });
});
