import {
  turnedAway,
  CHUNKED,
  HOST,
  ALICE,
  CRLF,
  hidden,
  chunk,
  chunked,
  from,
  type SmugglingCase,
} from './smuggling-case.ts';

/** A request with a hidden one as its body, which is refused for another reason than its framing. */
function refusedWithBody(
  says: string,
  status: number,
  first: string,
  { who = ALICE, lines = [] as readonly string[] } = {},
): readonly SmugglingCase[] {
  const heads = first.startsWith('HEAD ') ? [0] : [];
  const head = `${first} HTTP/1.1\r\n${who}${lines.map((line) => line + CRLF).join('')}`;
  const outcome = turnedAway(status);
  return [
    {
      says: `${says}, with a length`,
      bytes: (target) => `${head}Content-Length: ${hidden(target).length}\r\n\r\n${hidden(target)}`,
      outcome,
      heads,
    },
    {
      says: `${says}, chunked`,
      bytes: (target) => `${head}${CHUNKED}\r\n\r\n${chunked(hidden(target))}`,
      outcome,
      heads,
    },
  ];
}

const COOKIE = `${HOST}Cookie: clearml_token=alice\r\n`;

export const REFUSALS: readonly SmugglingCase[] = [
  ...refusedWithBody('a body of somebody who is nobody', 401, 'POST /service/app/x', { who: HOST }),
  ...refusedWithBody('a body of a HEAD of nobody', 401, 'HEAD /service/app/x', { who: HOST }),
  ...refusedWithBody('a body of a GET of nobody', 401, 'GET /service/app/x', { who: HOST }),
  ...refusedWithBody('a body for the sign-in page, as redirected', 302, 'GET /service/app/x', {
    who: HOST,
    lines: ['Accept: text/html'],
  }),
  ...refusedWithBody('a body for nothing', 404, 'POST /service/nothing/x'),
  ...refusedWithBody('a body of a HEAD for nothing', 404, 'HEAD /service/nothing/x'),
  ...refusedWithBody('a body for the health check', 200, 'POST /_clearway/healthz'),
  ...refusedWithBody('a body of a HEAD for the health check', 200, 'HEAD /_clearway/healthz'),
  ...refusedWithBody('a body for a route without its slash', 307, 'POST /service/app'),
  ...refusedWithBody('a body for an application that does not listen', 503, 'POST /service/away/x'),
  ...refusedWithBody('a body for an application that is nowhere', 503, 'POST /service/nowhere/x'),
  ...refusedWithBody('a body that another site sends', 403, 'POST /service/app/x', {
    who: COOKIE,
    lines: ['Origin: https://evil.example'],
  }),
  ...refusedWithBody('a body for a path that is read in two ways', 400, 'POST /service/app/..%2fx'),
  ...refusedWithBody('a body for a host that is not ours', 421, 'POST /service/app/x', {
    who: 'Host: other.example\r\nAuthorization: Bearer alice\r\n',
  }),
  ...refusedWithBody('a body that comes back to the gateway', 508, 'POST /service/app/x', {
    lines: [`X-Clearway-Via: ${'a'.repeat(300)}`],
  }),
  {
    says: 'a body that is too long for a page of the gateway, and a request behind it',
    bytes: (target) =>
      `POST /_clearway/sign-in HTTP/1.1\r\n${ALICE}Content-Length: 20000\r\n\r\n${'x'.repeat(20_000)}${hidden(target)}`,
    outcome: { answers: [413, 200], seen: [['-hidden', '']], ends: false },
  },
  {
    says: 'leave to send a body that nobody may send, which is sent all the same',
    bytes: (target) =>
      from(
        target,
        ['Expect: 100-continue', `Content-Length: ${hidden(target).length}`],
        hidden(target),
        { who: HOST },
      ),
    outcome: turnedAway(401),
  },
];

export const EARLY: readonly SmugglingCase[] = [
  {
    says: 'a body of which half is there when the application answers',
    bytes: (target) =>
      `POST ${target('-early')} HTTP/1.1\r\n${ALICE}Content-Length: ${hidden(target).length + 5}\r\n\r\nhello`,
    later: hidden,
    outcome: { answers: [200], seen: [], ends: true },
  },
  {
    says: 'chunks of which half are there when the application answers',
    bytes: (target) =>
      `POST ${target('-early')} HTTP/1.1\r\n${ALICE}${CHUNKED}\r\n\r\n${chunk('hello')}`,
    later: (target) => chunked(hidden(target)),
    outcome: { answers: [200], seen: [], ends: true },
  },
];
