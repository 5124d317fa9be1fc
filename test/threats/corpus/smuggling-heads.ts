import {
  REFUSED,
  forwarded,
  turnedAway,
  CHUNKED,
  HOST,
  ALICE,
  CRLF,
  hidden,
  chunked,
  from,
  type Outcome,
  type SmugglingCase,
  type Target,
} from './smuggling-case.ts';

const websocket = [
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Version: 1337',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
];
const anonymous = (target: Target): string => `GET ${target('-hidden')} HTTP/1.1\r\n${HOST}\r\n`;

export const UPGRADES: readonly SmugglingCase[] = [
  {
    says: 'a websocket that the application refuses, and a request of nobody behind it',
    bytes: (target) =>
      `GET ${target('-refuse')} HTTP/1.1\r\n${ALICE}${websocket.join(CRLF)}\r\n\r\n${anonymous(target)}`,
    outcome: { answers: [426, 401], seen: [['-refuse', '']], ends: false },
  },
  {
    says: 'a websocket with a body, which the application refuses',
    bytes: (target) =>
      `GET ${target('-refuse')} HTTP/1.1\r\n${ALICE}${websocket.join(CRLF)}\r\nContent-Length: ${hidden(target).length}\r\n\r\n${hidden(target)}`,
    outcome: { answers: [426], seen: [['-refuse', 'HIDDEN']], ends: false },
  },
  {
    says: 'a websocket of nobody, and a request of nobody behind it',
    bytes: (target) =>
      `GET ${target()} HTTP/1.1\r\n${HOST}${websocket.join(CRLF)}\r\n\r\n${anonymous(target)}`,
    outcome: { answers: [401, 401], seen: [], ends: false },
  },
  {
    says: 'HTTP/2 without TLS, and its preface',
    bytes: (target) =>
      from(
        target,
        ['Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__', 'Connection: Upgrade, HTTP2-Settings'],
        'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
        { method: 'GET' },
      ),
    outcome: { answers: [200, 400], seen: [['', '']], ends: true },
  },
  {
    says: 'HTTP/2 by its preface',
    bytes: () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    outcome: REFUSED,
  },
  {
    says: 'two protocols to choose from',
    bytes: (target) =>
      from(target, ['Upgrade: h2c, websocket', 'Connection: Upgrade'], anonymous(target), {
        method: 'GET',
      }),
    outcome: { answers: [200, 401], seen: [['', '']], ends: false },
  },
];

/** A request line that is none, or that servers cut in different places. */
function firstLine(
  says: string,
  line: (target: string) => string,
  outcome: Outcome = REFUSED,
): SmugglingCase {
  return { says, bytes: (target) => `${line(target())}\r\n${ALICE}\r\n`, outcome };
}

export const LINES: readonly SmugglingCase[] = [
  firstLine('a target with a space', (target) => `GET ${target} x HTTP/1.1`),
  firstLine('a target with a tab', (target) => `GET ${target}\tx HTTP/1.1`),
  firstLine('a target with a bare carriage return', (target) => `GET ${target}\rx HTTP/1.1`),
  firstLine('a target with a NUL', (target) => `GET ${target}\x00 HTTP/1.1`),
  firstLine('a line with tabs', (target) => `GET\t${target}\tHTTP/1.1`),
  firstLine('a method in small letters', (target) => `get ${target} HTTP/1.1`),
  firstLine('a method with a control character', (target) => `GE\x01T ${target} HTTP/1.1`),
  firstLine('a version that there is not', (target) => `GET ${target} HTTP/9.9`, {
    answers: [505],
    seen: [],
    ends: true,
  }),
  firstLine('a version of another protocol', (target) => `GET ${target} HTTQ/1.1`),
  firstLine('CONNECT', () => 'CONNECT gw.example:443 HTTP/1.1'),
  firstLine('a star', () => 'OPTIONS * HTTP/1.1'),
  firstLine('TRACE', (target) => `TRACE ${target} HTTP/1.1`, {
    answers: [405],
    seen: [],
    ends: true,
  }),
  firstLine(
    'a whole URL of this host',
    (target) => `GET http://gw.example${target} HTTP/1.1`,
    forwarded(''),
  ),
  firstLine(
    'a whole URL of another host',
    (target) => `GET http://evil.example${target} HTTP/1.1`,
    turnedAway(400),
  ),
  firstLine(
    'a whole URL with a user',
    (target) => `GET http://gw.example@evil.example${target} HTTP/1.1`,
  ),
  {
    says: 'no version at all',
    bytes: (target) => `GET ${target()}\r\n`,
    outcome: { answers: [], seen: [], ends: true },
  },
  {
    says: 'line feeds only',
    bytes: (target) =>
      `GET ${target()} HTTP/1.1\nHost: gw.example\nAuthorization: Bearer alice\n\n`,
    outcome: forwarded(''),
  },
  {
    says: 'empty lines in front',
    bytes: (target) => `\r\n\r\nGET ${target()} HTTP/1.1\r\n${ALICE}\r\n`,
    outcome: forwarded(''),
  },
  {
    says: 'two Host lines',
    bytes: (target) => from(target, ['Host: evil.example'], '', { method: 'GET' }),
    outcome: REFUSED,
  },
  {
    says: 'a header without a name',
    bytes: (target) => from(target, [': chunked'], '', { method: 'GET' }),
    outcome: REFUSED,
  },
  {
    says: 'a header line in front of all others that begins with a space',
    bytes: (target) => `GET ${target()} HTTP/1.1\r\n X-A: b\r\n${ALICE}\r\n`,
    outcome: REFUSED,
  },
];

export const CONNECTIONS: readonly SmugglingCase[] = [
  {
    says: 'Connection that names headers of the gateway',
    bytes: (target) =>
      from(
        target,
        ['Connection: X-Forwarded-User, X-Real-IP, X-Request-ID, Host, Content-Length'],
        '',
        { method: 'GET' },
      ),
    outcome: forwarded(''),
  },
  {
    says: 'Connection that names the framing',
    bytes: (target) => from(target, ['Connection: Transfer-Encoding', CHUNKED], chunked('hello')),
    outcome: forwarded('hello'),
  },
  {
    says: 'Connection: close, and a request behind it',
    bytes: (target) => from(target, ['Connection: close'], hidden(target), { method: 'GET' }),
    outcome: { answers: [200], seen: [['', '']], ends: true },
  },
  {
    says: 'HTTP/1.0, and a request behind it',
    bytes: (target) => from(target, [], hidden(target), { method: 'GET', version: 'HTTP/1.0' }),
    outcome: { answers: [200], seen: [['', '']], ends: true },
  },
  {
    says: 'a HEAD with a body',
    bytes: (target) =>
      from(target, [`Content-Length: ${hidden(target).length}`], hidden(target), {
        method: 'HEAD',
      }),
    outcome: { answers: [200], seen: [['', 'HIDDEN']], ends: false },
    heads: [0],
  },
  {
    says: 'a GET with a body',
    bytes: (target) =>
      from(target, [`Content-Length: ${hidden(target).length}`], hidden(target), { method: 'GET' }),
    outcome: { answers: [200], seen: [['', 'HIDDEN']], ends: false },
  },
  {
    says: 'an OPTIONS with a body',
    bytes: (target) => from(target, [CHUNKED], chunked(hidden(target)), { method: 'OPTIONS' }),
    outcome: { answers: [200], seen: [['', 'HIDDEN']], ends: false },
  },
  {
    says: 'leave to send a body, and one that is none',
    bytes: (target) => from(target, ['Expect: 100-continue', 'Content-Length: 5'], 'hello'),
    outcome: forwarded('hello'),
  },
  {
    says: 'several requests of several people on one connection',
    bytes: (target) =>
      anonymous((suffix) => target(`-1${suffix ?? ''}`)) +
      hidden((suffix) => target(`-2${suffix ?? ''}`)) +
      hidden((suffix) => target(`-3${suffix ?? ''}`)).replace('alice', 'mallory') +
      hidden((suffix) => target(`-4${suffix ?? ''}`)).replace(
        'Authorization: Bearer alice',
        'X-Forwarded-User: alice',
      ),
    outcome: { answers: [401, 200, 404, 401], seen: [['-2-hidden', '']], ends: false },
  },
];
