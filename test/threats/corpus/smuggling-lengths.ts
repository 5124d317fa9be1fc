import {
  REFUSED,
  UNKNOWN,
  forwarded,
  CHUNKED,
  hidden,
  chunked,
  from,
  type Outcome,
  type SmugglingCase,
} from './smuggling-case.ts';

/** A POST that hides a request behind its head, under framing that servers disagree about. */
function disputed(
  says: string,
  lines: readonly string[],
  outcome: Outcome = REFUSED,
): SmugglingCase {
  return { says, bytes: (target) => from(target, lines, `0\r\n\r\n${hidden(target)}`), outcome };
}

export const LENGTHS: readonly SmugglingCase[] = [
  disputed('a length, then chunked', ['Content-Length: 5', CHUNKED]),
  disputed('chunked, then a length', [CHUNKED, 'Content-Length: 5']),
  disputed('the same length twice', ['Content-Length: 5', 'Content-Length: 5']),
  disputed('two lengths', ['Content-Length: 5', 'Content-Length: 90']),
  disputed('two lengths in one line', ['Content-Length: 5, 90']),
  disputed('the same length twice in one line', ['Content-Length: 5,5']),
  disputed('a length with a plus', ['Content-Length: +5']),
  disputed('a length with a minus', ['Content-Length: -5']),
  disputed('a length in hex', ['Content-Length: 0x5']),
  disputed('a length with a fraction', ['Content-Length: 5.0']),
  disputed('a length with an exponent', ['Content-Length: 5e0']),
  disputed('a length with a second number', ['Content-Length: 5 90']),
  disputed('a length with a parameter', ['Content-Length: 5;a']),
  disputed('a length with an underscore', ['Content-Length: 5_0']),
  disputed('a length before a tab', ['Content-Length: 5\t']),
  disputed('a length behind a tab', ['Content-Length:\t5']),
  disputed('a length behind a vertical tab', ['Content-Length: \x0b5']),
  disputed('a length without a number', ['Content-Length:']),
  disputed('a length in quotes', ['Content-Length: "5"']),
  disputed('a length of more than 64 bits', ['Content-Length: 18446744073709551621']),
  disputed('a length and a space before the colon', ['Content-Length : 5']),
  disputed('a length and a tab before the colon', ['Content-Length\t: 5']),
  disputed('a length in a folded line', ['Content-Length:', ' 5']),
  disputed('a length hidden in the fold of another line', ['X-A: b', ' Content-Length: 5']),
  disputed('a length behind a NUL', ['Content-Length: \x005']),
  disputed('a length with a NUL in its name', ['Content-\x00Length: 5']),
  {
    says: 'a length with zeros in front',
    bytes: (target) => from(target, ['Content-Length: 0005'], 'hello'),
    outcome: forwarded('hello'),
  },
  {
    says: 'a length under a name with an underscore, which is none',
    bytes: (target) => from(target, ['Content_Length: 5'], ''),
    outcome: forwarded(''),
  },
];

export const ENCODINGS: readonly SmugglingCase[] = [
  disputed('an encoding that ends like chunked', ['Transfer-Encoding: xchunked'], UNKNOWN),
  disputed('an encoding that begins like chunked', ['Transfer-Encoding: chunkedx'], UNKNOWN),
  disputed('identity', ['Transfer-Encoding: identity'], UNKNOWN),
  disputed('identity with a length', ['Transfer-Encoding: identity', 'Content-Length: 5'], UNKNOWN),
  disputed('chunked, then identity', ['Transfer-Encoding: chunked, identity'], UNKNOWN),
  disputed('identity, then chunked', ['Transfer-Encoding: identity, chunked'], UNKNOWN),
  disputed('gzip, then chunked', ['Transfer-Encoding: gzip, chunked'], UNKNOWN),
  disputed('chunked with a parameter', ['Transfer-Encoding: chunked;q=1'], UNKNOWN),
  disputed('chunked in quotes', ['Transfer-Encoding: "chunked"'], UNKNOWN),
  disputed('chunked before a comma', ['Transfer-Encoding: chunked,'], UNKNOWN),
  disputed('chunked behind a vertical tab', ['Transfer-Encoding: \x0bchunked'], UNKNOWN),
  disputed('chunked behind a tab', ['Transfer-Encoding:\tchunked'], UNKNOWN),
  disputed('an empty encoding', ['Transfer-Encoding:', 'Content-Length: 5'], UNKNOWN),
  disputed('chunked in two lines', [CHUNKED, CHUNKED]),
  disputed('chunked and identity in two lines', [CHUNKED, 'Transfer-Encoding: identity']),
  disputed('chunked and a space before the colon', [
    'Transfer-Encoding : chunked',
    'Content-Length: 5',
  ]),
  disputed('chunked and a tab before the colon', [
    'Transfer-Encoding\t: chunked',
    'Content-Length: 5',
  ]),
  disputed('chunked in a folded line', ['Transfer-Encoding:', ' chunked', 'Content-Length: 5']),
  disputed('chunked in the fold of another line', ['X-A: b', '\tTransfer-Encoding: chunked']),
  disputed('chunked behind a bare carriage return', ['X-A: b\rTransfer-Encoding: chunked']),
  disputed('chunked behind a bare line feed', [
    'X-A: b\nTransfer-Encoding: chunked',
    'Content-Length: 5',
  ]),
  disputed('chunked behind a NUL', ['X-A: b\x00Transfer-Encoding: chunked']),
  {
    says: 'chunked in another case',
    bytes: (target) => from(target, ['TRANSFER-encoding: ChUnKeD'], chunked(hidden(target))),
    outcome: { answers: [200], seen: [['', 'HIDDEN']], ends: false },
  },
  {
    says: 'chunked under a name with an underscore, which is none',
    bytes: (target) =>
      from(target, ['Transfer_Encoding: chunked', 'Content-Length: 5'], '0\r\n\r\n'),
    outcome: forwarded('0\r\n\r\n'),
  },
  {
    says: 'chunked in HTTP/1.0',
    bytes: (target) => from(target, [CHUNKED], chunked('hello'), { version: 'HTTP/1.0' }),
    outcome: REFUSED,
  },
];
