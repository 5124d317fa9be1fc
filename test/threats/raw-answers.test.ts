import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { putPair, TestAuthority } from '../support/certificates.ts';
import { closeServer } from '../support/http-client.ts';
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
import { eventually } from '../support/eventually.ts';
import { WireClient } from './support/wire.ts';

const SET =
  'Set-Cookie: clearway-0a1b2c3d=evil; Path=/\r\nService-Worker-Allowed: /\r\nClear-Site-Data: "*"\r\n';
/** A whole answer, with headers that an application may not send. */
const EVIL = `HTTP/1.1 200 OK\r\n${SET}Content-Length: 4\r\n\r\nevil`;

/** First bytes of an application that servers and browsers read differently; a whole answer follows. */
const BEGINNINGS: readonly (readonly [says: string, bytes: string])[] = [
  ['an early hint', 'HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n'],
  ['leave to go on', 'HTTP/1.1 100 Continue\r\n\r\n'],
  ['a word that it takes its time', 'HTTP/1.1 102 Processing\r\n\r\n'],
  ['an unknown interim answer', 'HTTP/1.1 199 X\r\n\r\n'],
  ['an early hint with forbidden headers', `HTTP/1.1 103 Early Hints\r\n${SET}\r\n`],
  [
    'a change of protocol that nobody asked for',
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
  ],
  ['a status below all others', 'HTTP/1.1 099 X\r\n\r\n'],
  ['status nought', 'HTTP/1.1 000 X\r\n\r\n'],
  ['no head at all', 'hello\r\n\r\n'],
  ['an empty line', '\r\n'],
  ['a line feed', '\n'],
  ['a space', ' '],
  ['small letters', 'http/1.1 200 OK\r\n\r\n'],
  ['a tab before the status', 'HTTP/1.1\t200 OK\r\n\r\n'],
  ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n'],
  ['a bare carriage return in the first line', 'HTTP/1.1 200 OK\rX: y\r\n\r\n'],
  ['another protocol', 'ICY 200 OK\r\n\r\n'],
  ['another version', 'HTTP/x 200 OK\r\n\r\n'],
  ['a NUL', '\0'],
];

// Attack: an application answers with bytes that the proxy takes for an interim answer, or for no head at all, and hands on as they
// are: what follows is an answer to the browser, with whatever headers the application likes.
// Outcome: headers of an application reach a browser only when they have been looked at.
describe('answers that are none', function () {
  this.timeout(20_000);
  let proxy: ProxyHarness;
  let secure: ProxyHarness;
  let app: Server;
  let bytes = '';

  before(async () => {
    app = createServer((socket) => {
      socket
        .on('error', () => undefined)
        .on('data', () => socket.write(Buffer.from(bytes, 'latin1')));
    });
    await new Promise<void>((done) => app.listen(0, '127.0.0.1', done));
    await using folder = await tempFolder();
    const pair = await (await TestAuthority.make(folder.path)).issue();
    proxy = await ProxyHarness.start();
    secure = await ProxyHarness.start({
      prepare: (path) => putPair(join(path, 'tls'), pair),
      config: { routerScheme: 'https' },
    });
    const { port } = app.address() as AddressInfo;
    const table = { http: { app: anHttpEntry(port) } };
    await Promise.all([proxy.publish(table), secure.publish(table)]);
  });
  after(async () => {
    await Promise.all([proxy.stop('SIGKILL'), secure.stop('SIGKILL')]);
    await closeServer(app);
  });

  /** Asks, and gives all that came back until nothing more can come. */
  async function heard(lines = ''): Promise<string> {
    const client = await WireClient.open(proxy.port);
    client.send(`GET /service/app/x HTTP/1.1\r\nHost: x\r\n${lines}\r\n`);
    await client.until(
      () => client.text.includes('evil') || /^HTTP\/1\.1 50\d/.test(client.text),
      2_000,
    );
    client.destroy();
    return client.text;
  }

  /** The heads that a browser finds: of every interim answer, and of the answer behind them. */
  function headsIn(text: string): readonly string[] {
    const heads: string[] = [];
    let rest = text.replace(/^[\s\0]{0,4}/, '');
    while (/^HTTP/i.test(rest)) {
      const end = rest.indexOf('\r\n\r\n');
      heads.push(rest.slice(0, end < 0 ? undefined : end));
      if (end < 0 || !/^\S+\s+(?:0|1)\d\d\b/.test(rest)) break;
      rest = rest.slice(end + 4);
    }
    return heads;
  }

  it('T31 bytes that are no answer: none of their headers reaches a browser', async () => {
    for (const [says, begin] of BEGINNINGS)
      for (const lines of ['', 'Upgrade: h2c\r\nConnection: Upgrade\r\n']) {
        bytes = begin + EVIL;
        const text = await heard(lines);
        for (const head of headsIn(text)) {
          expect(head, says).not.to.match(/clearway-|Service-Worker-Allowed|Clear-Site-Data/i);
          expect(head.split('\r\n')[0], says).to.match(/^HTTP\/1\.1 50[23] /);
        }
        if (headsIn(text).length === 0) expect(text, says).to.equal('');
      }
    bytes = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood';
    expect(await heard()).to.match(/^HTTP\/1\.1 200 [^]*good$/);
  });

  it('T31 a websocket: its head is looked at as well', async () => {
    bytes = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${SET}\r\nevil`;
    const text = await heard('Upgrade: websocket\r\nConnection: Upgrade\r\n');

    expect(text).to.match(/^HTTP\/1\.1 101 [^]*\r\n\r\nevil$/);
    expect(text).not.to.match(/clearway-|Service-Worker-Allowed|Clear-Site-Data/i);
  });

  it('T31 the same over HTTP/2: nor there', async () => {
    for (const [says, begin] of BEGINNINGS) {
      bytes = begin + EVIL;
      const raw = await RawHttp2.open(secure.port);
      raw.send(
        frame(
          FRAME.headers,
          END_HEADERS | END_STREAM,
          1,
          headerBlock(getHeaders('/service/app/x')),
        ),
      );
      const isOver = (): boolean =>
        raw.socket.destroyed || raw.has(FRAME.reset, 1) || raw.has(FRAME.headers, 1);
      await eventually(() => expect(isOver(), says).to.equal(true));
      raw.socket.destroy();
      const heads = raw.frames
        .filter(({ type }) => type === FRAME.headers)
        .map(({ payload }) => payload.toString('latin1'));
      for (const head of heads) expect(head, says).not.to.match(/clearway-|clear-site-data/i);
    }
  });

  it('T31 lines of the log: whole, whatever status an application made up', async () => {
    await Promise.all([
      proxy.untilLine({ path: '/service/app/x' }),
      secure.untilLine({ path: '/service/app/x' }),
    ]);

    for (const { status } of [...proxy.lines, ...secure.lines].filter(
      ({ message }) => message === 'request',
    ))
      expect(status).to.be.a('number');
  });
});
