import { join } from 'node:path';
import { expect } from 'chai';
import { putPair, TestAuthority } from '../support/certificates.ts';
import { eventually } from '../support/eventually.ts';
import { anHttpEntry, ProxyHarness } from '../support/proxy-harness.ts';
import {
  END_HEADERS,
  END_STREAM,
  FRAME,
  frame,
  headerBlock,
  RawHttp2,
} from '../support/raw-http2.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { RecordingApp } from './support/recording-app.ts';

type Lines = readonly (readonly [name: string, value: string])[];

const HOST = 'gw.example';
const ALICE: Lines = [['authorization', 'Bearer alice']];

/** A request as HTTP/2 has it, which a careless proxy would turn into something else in HTTP/1.1. */
interface Case {
  readonly says: string;
  readonly pseudo?: Readonly<Record<string, string | undefined>>;
  readonly lines?: Lines;
  readonly body?: string;
  /** What reaches the application, where anything may: its body. */
  readonly seen?: string;
}

const hidden = `GET /service/app/hidden HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;

const CASES: readonly Case[] = [
  { says: 'nothing special', seen: '' },
  { says: 'a body', lines: [['content-length', '5']], body: 'hello', seen: 'hello' },
  { says: 'a body without a length', body: hidden, seen: hidden },
  { says: 'a length that is too short', lines: [['content-length', '0']], body: hidden, seen: '' },
  { says: 'a length that is too long', lines: [['content-length', '500']], body: hidden },
  {
    says: 'two lengths',
    lines: [
      ['content-length', '5'],
      ['content-length', '0'],
    ],
    body: 'hello',
  },
  { says: 'a length with a plus', lines: [['content-length', '+5']], body: 'hello' },
  {
    says: 'chunked',
    lines: [['transfer-encoding', 'chunked']],
    body: `0\r\n\r\n${hidden}`,
    seen: `0\r\n\r\n${hidden}`,
  },
  {
    says: 'chunked and a length',
    lines: [
      ['transfer-encoding', 'chunked'],
      ['content-length', '5'],
    ],
    body: '0\r\n\r\n',
  },
  { says: 'a line feed in a value', lines: [['x-a', 'b\ntransfer-encoding: chunked']] },
  { says: 'a new line in a value', lines: [['x-a', 'b\r\nX-Forwarded-User: root']] },
  { says: 'a whole request in a value', lines: [['x-a', `b\r\n\r\n${hidden.slice(0, 60)}`]] },
  { says: 'a NUL in a value', lines: [['x-a', 'b\0c']] },
  { says: 'a new line in a name', lines: [['x-a\r\nx-forwarded-user', 'root']] },
  { says: 'a colon in a name', lines: [['x-a: b', 'c']] },
  { says: 'a space in a name', lines: [['transfer-encoding ', 'chunked']] },
  { says: 'capital letters in a name', lines: [['X-Forwarded-User', 'root']] },
  { says: 'an empty name', lines: [['', 'root']] },
  { says: 'a path with a new line', pseudo: { ':path': '/service/app/case HTTP/1.1\r\nX-A: b' } },
  { says: 'a path with a space', pseudo: { ':path': '/service/app/case x' } },
  { says: 'a path with a tab', pseudo: { ':path': '/service/app/case\tx' } },
  { says: 'a path that is a URL', pseudo: { ':path': 'http://evil.example/service/app/case' } },
  { says: 'a path that is a star', pseudo: { ':path': '*' } },
  { says: 'an empty path', pseudo: { ':path': '' } },
  { says: 'no path', pseudo: { ':path': undefined } },
  { says: 'two paths', lines: [[':path', '/service/app/case']] },
  { says: 'a method with a space', pseudo: { ':method': 'GET /service/app/case HTTP/1.1' } },
  { says: 'a method with a new line', pseudo: { ':method': 'GET\r\n' } },
  { says: 'no method', pseudo: { ':method': undefined } },
  { says: 'CONNECT', pseudo: { ':method': 'CONNECT' } },
  { says: 'another host in Host', lines: [['host', 'evil.example']] },
  { says: 'an authority with a new line', pseudo: { ':authority': `${HOST}\r\nx` } },
  { says: 'an authority with a path', pseudo: { ':authority': `${HOST}/x` } },
  { says: 'an authority with a user', pseudo: { ':authority': `evil.example@${HOST}` } },
  { says: 'no authority and no Host', pseudo: { ':authority': undefined } },
  { says: 'Host alone', pseudo: { ':authority': undefined }, lines: [['host', HOST]], seen: '' },
  { says: 'a scheme with a new line', pseudo: { ':scheme': 'https\r\n' } },
  { says: 'a header of a connection', lines: [['connection', 'x-forwarded-user']], seen: '' },
  {
    says: 'an upgrade',
    lines: [
      ['connection', 'upgrade'],
      ['upgrade', 'websocket'],
      ['origin', `https://${HOST}`],
    ],
    seen: '',
  },
  {
    says: 'an upgrade to HTTP/2',
    lines: [
      ['upgrade', 'h2c'],
      ['http2-settings', 'AAMAAABk'],
    ],
    seen: '',
  },
  {
    says: 'headers of the gateway',
    lines: [
      ['x-forwarded-user', 'root'],
      ['x_forwarded_user', 'root'],
      ['x-request-id', 'root'],
    ],
    seen: '',
  },
];

// Attack: a request over HTTP/2, where lengths are counted and nothing ends a line, that becomes several requests, or other headers, in
// the HTTP/1.1 that applications speak.
// Outcome: it is refused, or it is exactly one request with exactly its body, and the user who was let in.
describe('smuggled requests over HTTP/2', function () {
  this.timeout(30_000);
  let proxy: ProxyHarness;
  let app: RecordingApp;

  before(async () => {
    app = await RecordingApp.start();
    await using folder = await tempFolder();
    const pair = await (await TestAuthority.make(folder.path)).issue();
    proxy = await ProxyHarness.start({
      prepare: (path) => putPair(join(path, 'tls'), pair),
      config: { authEnabled: true, hosts: HOST, routerScheme: 'https', routerPort: 443 },
      decide: ({ credential }) =>
        credential === 'alice'
          ? { verdict: 'allow', user: 'alice' }
          : { verdict: 'unauthenticated' },
    });
    await proxy.publish({ http: { app: anHttpEntry(app.port) } });
  });

  after(async () => {
    await proxy.stop('SIGKILL');
    await app.stop();
  });

  /** Sends the request, and then one of nobody on the same connection or a new one; gives what reached the application. */
  async function observe({ pseudo = {}, lines = [], body }: Case, index: number) {
    const before = app.seen().length;
    const raw = await RawHttp2.open(proxy.port);
    const fields: Readonly<Record<string, string | undefined>> = {
      ':method': 'POST',
      ':scheme': 'https',
      ':path': `/service/app/case${index}`,
      ':authority': HOST,
      ...pseudo,
    };
    const first = Object.entries(fields).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as const],
    );
    const block = headerBlock([...first, ...ALICE, ...lines]);
    const end = body === undefined ? END_STREAM : 0;
    raw.send(
      frame(FRAME.headers, END_HEADERS | end, 1, block),
      ...(body === undefined
        ? []
        : [frame(FRAME.data, END_STREAM, 1, Buffer.from(body, 'latin1'))]),
    );
    const isAnswered = (): boolean =>
      raw.socket.destroyed ||
      [FRAME.headers, FRAME.reset].some((type) => raw.has(type, 1)) ||
      raw.has(FRAME.goAway, 0);
    await eventually(() => expect(isAnswered()).to.equal(true));
    raw.socket.destroy();
    return app.seen().slice(before);
  }

  it('T27 over HTTP/2: one request stays one', async () => {
    for (const [index, one] of CASES.entries()) {
      const seen = await observe(one, index);
      expect(
        seen.map(({ body }) => body),
        one.says,
      ).to.deep.equal(one.seen === undefined ? [] : [one.seen]);
      for (const { target, lines } of seen) {
        expect(target, one.says).to.equal(`/case${index}`);
        expect(
          lines.filter((line) => /user/i.test(line)),
          one.says,
        ).to.deep.equal(['X-Forwarded-User: alice']);
        expect(
          lines.filter((line) => /^upgrade/i.test(line)),
          one.says,
        ).to.deep.equal([]);
      }
    }
    const [first = [], ...others] = app.everyReading();
    for (const other of others) expect(other).to.deep.equal(first);
    expect(JSON.stringify(first)).not.to.contain('root');
  });
});
