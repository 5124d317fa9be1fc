import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { join } from 'node:path';
import { expect } from 'chai';
import { putPair, TestAuthority } from '../support/certificates.ts';
import { EchoApp } from '../support/echo-app.ts';
import { eventually } from '../support/eventually.ts';
import { anHttpEntry, ProxyHarness } from '../support/proxy-harness.ts';
import {
  END_HEADERS,
  END_STREAM,
  FRAME,
  frame,
  getHeaders,
  headerBlock,
  RawHttp2,
} from '../support/raw-http2.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** What nginx grants a client for its headers (templates/nginx.conf.hbs). */
const HEADER_MS = 20_000;
const MAX_STREAMS = 128;
const WHOLE = END_STREAM | END_HEADERS;

// T23, T27, T32 where a connection carries many requests.
describe('HTTP/2 through the proxy', function () {
  this.timeout(60_000);
  let folder: Awaited<ReturnType<typeof tempFolder>>;
  let authority: TestAuthority;
  let proxy: ProxyHarness;
  let app: EchoApp;
  let session: ClientHttp2Session;
  /** Answers of the application that were not taken to their end. */
  let cutOff = 0;

  before(async () => {
    folder = await tempFolder();
    authority = await TestAuthority.make(folder.path);
    const pair = await authority.issue();
    const prepare = (path: string): Promise<void> => putPair(join(path, 'tls'), pair);
    proxy = await ProxyHarness.start({ prepare });
    // Says a word at once, then one for each that it hears; /hang says no more than the first.
    app = await EchoApp.start((request, response) => {
      response.writeHead(200).write('open\n');
      request.on('data', (data: Buffer) => response.write(data));
      response.once('close', () => (cutOff += response.writableFinished ? 0 : 1));
      if (!request.url?.endsWith('/hang')) request.once('end', () => response.end());
    });
    await publish('going', 'staying');
    session = connect(`https://localhost:${proxy.port}`, { ca: authority.certificate });
    session.on('error', () => undefined);
  });

  after(async () => {
    session.destroy();
    await proxy.stop();
    await app.stop();
    await folder[Symbol.asyncDispose]();
  });

  const publish = (...keys: readonly string[]): Promise<void> =>
    proxy.publish({
      http: Object.fromEntries(
        keys.map((key) => [key, anHttpEntry(app.port, { route: `${key}.http`, answered: true })]),
      ),
    });

  const request = (path: string, method = 'GET'): ClientHttp2Stream =>
    session.request({ ':path': path, ':method': method }, { endStream: method === 'GET' });

  /** A stream that sends words, and everything that came back. */
  function talk(path: string): {
    readonly stream: ClientHttp2Stream;
    readonly heard: () => string;
  } {
    const stream = request(path, 'POST');
    let text = '';
    stream.on('data', (data: Buffer) => (text += data.toString())).on('error', () => undefined);
    return { stream, heard: () => text };
  }

  async function bodyOf(stream: ClientHttp2Stream): Promise<string> {
    let text = '';
    for await (const chunk of stream) text += String(chunk);
    return text;
  }

  it('carries many requests at once on one connection, each with an id of its own', async () => {
    const first = app.seen.length;
    const paths = Array.from({ length: 100 }, (_, index) => `/service/staying/${index}`);

    const bodies = await Promise.all(paths.map((path) => bodyOf(request(path))));

    expect(session.alpnProtocol).to.equal('h2');
    expect(bodies).to.deep.equal(paths.map(() => 'open\n'));
    const seen = app.seen.slice(first);
    const ids = seen.map(({ rawHeaders }) => rawHeaders[rawHeaders.indexOf('X-Request-ID') + 1]);
    expect(new Set(ids).size).to.equal(paths.length);
    expect(app.lastHeader('host')).to.deep.equal([`localhost:${proxy.port}`]);
    expect(app.lastHeader('x-forwarded-proto')).to.deep.equal(['https']);
  });

  it('streams both ways while the request is still being sent', async () => {
    const { stream, heard } = talk('/service/staying/');
    await eventually(() => expect(heard()).to.equal('open\n'));

    for (const word of ['one', 'two']) {
      stream.write(word);
      await eventually(() => expect(heard()).to.match(new RegExp(`${word}$`)));
    }

    const ended = new Promise((done) => stream.once('end', done));
    stream.end();
    await ended;
  });

  it('ends a stream at its next chunk when its route goes', async () => {
    const { stream, heard } = talk('/service/going/');
    await eventually(() => expect(heard()).to.equal('open\n'));
    const ended = new Promise((done) => stream.once('close', done));

    await publish('staying');
    stream.write('the next chunk');

    await ended;
    expect(heard()).to.equal('open\n');
    expect(stream.rstCode).to.equal(constants.NGHTTP2_INTERNAL_ERROR);
    await publish('going', 'staying');
  });

  it('ends no other stream of the same connection', async () => {
    const [going, staying] = [talk('/service/going/'), talk('/service/staying/')];
    await eventually(() => {
      for (const { heard } of [going, staying]) expect(heard()).to.equal('open\n');
    });
    const ended = new Promise((done) => going.stream.once('close', done));
    const before = cutOff;

    await publish('staying');
    going.stream.write('the next chunk');

    await eventually(() => expect(cutOff).to.equal(before + 1));
    staying.stream.write('still there');
    await eventually(() => expect(staying.heard()).to.equal('open\nstill there'));
    // nginx tells of the end together with the next thing that it has to say on this connection.
    await ended;
    expect(going.heard()).to.equal('open\n');
    staying.stream.end();
    await publish('going', 'staying');
  });

  it('leaves HTTP for nobody', async () => {
    const raw = await RawHttp2.open(proxy.port);
    const headers = [...getHeaders('/service/staying/'), ['upgrade', 'websocket'] as const];

    raw.send(frame(FRAME.headers, WHOLE, 1, headerBlock(headers)));

    await eventually(() => expect(raw.has(FRAME.data, 1)).to.equal(true));
    expect(app.lastHeader('upgrade')).to.deep.equal([]);
    expect(app.lastHeader('connection')).to.deep.equal([]);
    raw.socket.destroy();
  });

  const malformed: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
    'a line break in a value': [...getHeaders('/service/staying/'), ['x-a', '1\r\nx-evil: 1']],
    'a NUL in a value': [...getHeaders('/service/staying/'), ['x-a', '1\0']],
    'a line break in a path': getHeaders('/service/staying/ HTTP/1.1\r\nX-Evil: 1'),
    'a name in capitals': [...getHeaders('/service/staying/'), ['X-A', '1']],
    'a host beside another authority': [...getHeaders('/service/staying/'), ['host', 'evil']],
    'no authority': getHeaders('/service/staying/').filter(([name]) => name !== ':authority'),
    'a shorter body than it tells': [...getHeaders('/service/staying/'), ['content-length', '10']],
    CONNECT: [[':method', 'CONNECT'], ...getHeaders('/service/staying/').slice(1)],
    'a line break in the method': [
      [':method', 'GET / HTTP/1.1\r\nx: y'],
      ...getHeaders('/service/staying/').slice(1),
    ],
  };
  for (const [what, headers] of Object.entries(malformed)) {
    it(`does not forward ${what}`, async () => {
      const seen = app.seen.length;
      const raw = await RawHttp2.open(proxy.port);

      raw.send(frame(FRAME.headers, WHOLE, 1, headerBlock(headers)));

      await eventually(() => {
        const isAnswered = raw.has(FRAME.headers, 1) || raw.has(FRAME.reset, 1);
        expect(isAnswered || raw.has(FRAME.goAway, 0)).to.equal(true);
      });
      expect(app.seen.length).to.equal(seen);
      raw.socket.destroy();
    });
  }

  it('opens no more streams at once than it said', async () => {
    const raw = await RawHttp2.open(proxy.port);
    const block = headerBlock(getHeaders('/service/staying/hang'));

    for (let stream = 1; stream <= 2 * (MAX_STREAMS + 20); stream += 2)
      raw.send(frame(FRAME.headers, WHOLE, stream, block));

    const count = (type: number): number => raw.frames.filter((one) => one.type === type).length;
    await eventually(() => expect(count(FRAME.headers)).to.equal(MAX_STREAMS));
    expect(count(FRAME.reset)).to.equal(20);
    raw.socket.destroy();
  });

  it('hangs up on who opens and resets streams without end (CVE-2023-44487)', async () => {
    const seen = app.seen.length;
    const raw = await RawHttp2.open(proxy.port);
    const block = headerBlock(getHeaders('/service/staying/'));
    const frames = Array.from({ length: 10_000 }, (_, index) =>
      Buffer.concat([
        frame(FRAME.headers, WHOLE, 2 * index + 1, block),
        frame(FRAME.reset, 0, 2 * index + 1, Buffer.from([0, 0, 0, 8])),
      ]),
    );

    raw.socket.write(Buffer.concat(frames));

    await raw.ended;
    expect(raw.has(FRAME.goAway, 0)).to.equal(true);
    expect(app.seen.length - seen).to.be.lessThan(2 * MAX_STREAMS);
  });

  const floods = {
    settings: frame(FRAME.settings, 0, 0),
    pings: frame(FRAME.ping, 0, 0, Buffer.alloc(8)),
  };
  for (const [what, one] of Object.entries(floods)) {
    it(`hangs up on who sends nothing but ${what}`, async () => {
      const raw = await RawHttp2.open(proxy.port);

      raw.socket.write(Buffer.concat(Array.from({ length: 100_000 }, () => one)));

      await raw.ended;
    });
  }

  it('refuses headers that are too long, in one line or together', async () => {
    const line = (name: string, length: number): Buffer =>
      Buffer.concat([
        ...[Buffer.from([0, name.length]), Buffer.from(name)],
        ...[Buffer.from([127, ...integer(length - 127)]), Buffer.alloc(length, 'a')],
      ]);
    const together = Array.from({ length: 9 }, (_, index) => line(`x-${index}`, 9_000));
    for (const lines of [[line('x-long', 20_000)], together]) {
      const raw = await RawHttp2.open(proxy.port);
      const block = Buffer.concat([headerBlock(getHeaders('/service/staying/')), ...lines]);
      const seen = app.seen.length;

      raw.send(...inFrames(block));

      await eventually(() => {
        expect(raw.has(FRAME.goAway, 0) || raw.has(FRAME.headers, 1)).to.equal(true);
      });
      expect(app.seen.length).to.equal(seen);
      raw.socket.destroy();
    }
  });

  it('gives up a stream whose headers come too slowly, however they drip', async () => {
    const begun = performance.now();
    const raw = await RawHttp2.open(proxy.port);
    const block = headerBlock([...getHeaders('/service/staying/'), ['x-slow', 'a'.repeat(100)]]);
    const bytes = frame(FRAME.headers, WHOLE, 1, block);
    let sent = 0;
    const timer = setInterval(() => raw.socket.write(bytes.subarray(sent, ++sent)), 1_000);

    await eventually(() => expect(raw.has(FRAME.reset, 1) || raw.socket.destroyed).to.equal(true), {
      timeoutMs: HEADER_MS + 15_000,
      everyMs: 200,
    });

    clearInterval(timer);
    expect(performance.now() - begun).to.be.within(HEADER_MS - 2_000, HEADER_MS + 15_000);
    raw.socket.destroy();
  });
});

/** What follows a length of 127 (RFC 7541, section 5.1). */
function integer(value: number): readonly number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...integer(Math.floor(value / 128))];
}

/** A block of headers in frames of 16 KiB at most. */
function inFrames(block: Buffer): readonly Buffer[] {
  const most = 16_384;
  const count = Math.ceil(block.length / most);
  return Array.from({ length: count }, (_, index) => {
    const type = index === 0 ? FRAME.headers : FRAME.continuation;
    const flags = (index === 0 ? END_STREAM : 0) | (index === count - 1 ? END_HEADERS : 0);
    return frame(type, flags, 1, block.subarray(index * most, (index + 1) * most));
  });
}
