import {
  REFUSED,
  forwarded,
  CHUNKED,
  hidden,
  chunked,
  from,
  type Outcome,
  type SmugglingCase,
  type Target,
} from './smuggling-case.ts';

/** A chunked POST with this text behind its head. */
function inChunks(
  says: string,
  text: string | ((target: Target) => string),
  outcome: Outcome,
): SmugglingCase {
  const behind = (target: Target): string => (typeof text === 'string' ? text : text(target));
  return { says, bytes: (target) => from(target, [CHUNKED], behind(target)), outcome };
}

export const CHUNKS: readonly SmugglingCase[] = [
  inChunks('a chunk with an extension', '5;a=b\r\nhello\r\n0\r\n\r\n', forwarded('hello')),
  inChunks(
    'a chunk with a quoted extension',
    '5;a="\r\nhello\r\n0;b="\r\n\r\n',
    forwarded('hello'),
  ),
  inChunks(
    'a chunk with a very long extension',
    `5;${'a'.repeat(9_000)}\r\nhello\r\n0\r\n\r\n`,
    forwarded('hello'),
  ),
  inChunks('chunks with bare line feeds', '5\nhello\n0\n\n', forwarded('hello')),
  inChunks(
    'a size with zeros in front',
    `${'0'.repeat(2_000)}5\r\nhello\r\n0\r\n\r\n`,
    forwarded('hello'),
  ),
  inChunks('a size of more than 64 bits', 'fffffffffffffffff5\r\nhello\r\n0\r\n\r\n', REFUSED),
  inChunks('a size with a minus', '-5\r\nhello\r\n0\r\n\r\n', REFUSED),
  inChunks('a size with a plus', '+5\r\nhello\r\n0\r\n\r\n', REFUSED),
  inChunks('a size in C', '0x5\r\nhello\r\n0\r\n\r\n', REFUSED),
  inChunks('a size with an underscore', '1_0\r\nhello\r\n0\r\n\r\n', REFUSED),
  inChunks('a size behind a space', ' 5\r\nhello\r\n0\r\n\r\n', REFUSED),
  inChunks('no size', '\r\nhello\r\n0\r\n\r\n', REFUSED),
  inChunks('a size with a bare carriage return', '5\rhello\r\n0\r\n\r\n', REFUSED),
  inChunks('a chunk that is longer than it says', '3\r\nhello\r\n0\r\n\r\n', REFUSED),
  inChunks('a chunk without its end', '5\r\nhelloXX0\r\n\r\n', REFUSED),
  inChunks('an end with a bare carriage return', '5\r\nhello\r\n0\r\n\rX', REFUSED),
  inChunks(
    'a request in the extension',
    (target) => `5;\r${hidden(target)}\r\nhello\r\n0\r\n\r\n`,
    REFUSED,
  ),
  inChunks(
    'headers behind the last chunk',
    '5\r\nhello\r\n0\r\nX-Forwarded-User: root\r\nContent-Length: 90\r\nHost: evil\r\n\r\n',
    forwarded('hello'),
  ),
  inChunks(
    'a request behind the last chunk, in place of trailers',
    (target) => `0\r\n${hidden(target)}`,
    forwarded(''),
  ),
  inChunks('a request as a chunk', (target) => chunked(hidden(target)), {
    answers: [200],
    seen: [['', 'HIDDEN']],
    ends: false,
  }),
  {
    says: 'a request behind the whole body, which is one, with its own credential',
    bytes: (target) => from(target, [CHUNKED], chunked('hello') + hidden(target)),
    outcome: {
      answers: [200, 200],
      seen: [
        ['', 'hello'],
        ['-hidden', ''],
      ],
      ends: false,
    },
  },
];
