import { expect } from 'chai';
import fc from 'fast-check';
import { LuaRunner } from '../support/lua-runner.ts';
import {
  meaningOf,
  type AskedFor,
  type HostSettings,
  type Meaning,
} from '../support/route-model.ts';

const KEY = '0123456789abcdef0123456789abcdef';
const DOMAIN = 'apps.example';

const PLACES: Readonly<Record<string, HostSettings>> = {
  'path mode': { hosts: ['gw.example', '192.0.2.7', '2001:db8::1'], domain: '' },
  'path mode under every host': { hosts: ['gw.example', '*'], domain: '' },
  'subdomain mode': { hosts: ['gw.example', '[::1]'], domain: DOMAIN },
  'subdomain mode beside the main host': {
    hosts: [`gateway.${DOMAIN}`, DOMAIN, '*'],
    domain: DOMAIN,
  },
};

/** One place is set up for many questions. */
function asks(lua: LuaRunner): (asked: AskedFor) => Promise<Meaning> {
  return async ({ host, target, named }) => {
    const texts = host === undefined ? [] : [host, target, ...(named === undefined ? [] : [named])];
    return toMeaning(await lua.call('target.read', ...texts));
  };
}

function toMeaning([kind, ...rest]: readonly unknown[]): Meaning {
  const [first = '', second, third, fourth] = rest.map((value) => value ?? undefined) as string[];
  switch (kind) {
    case 'route':
      return {
        kind,
        key: first,
        ...(second === undefined ? {} : { rest: second }),
        ...(third === undefined ? {} : { query: third }),
        isOwnHost: Boolean(fourth),
      };
    case 'gateway':
      return { kind, page: first, ...(second === undefined ? {} : { key: second }) };
    case 'moved':
      return { kind, key: first, rest: second ?? '' };
    default:
      return { kind: kind as 'other' | 'bad' | 'misdirected' };
  }
}

const domains = fc.constantFrom(
  DOMAIN,
  DOMAIN.toUpperCase(),
  'gw.example',
  'gateway',
  'evil.example',
);
const hostLetters = fc.constantFrom(
  ...[KEY, `${KEY}--web`, 'a', 'K', 'x'.repeat(63), 'x'.repeat(64), 'xn--e1afmkfd', '127.1'],
  ...['-', '_', '0x7f.1', '192.0.2.7', '::1', '2001:DB8:0::1', '::ffff:192.0.2.7', '1.2.3.4'],
);
const hostMarks = fc.constantFrom(
  ...['.', '.', '..', ':', ':80', ':0', ':65536', ':evil', '@', '/', '\\', ',', '[', ']', '%'],
  ...[' ', '\t', '\0', '\xe4', '\xc3\xa4'],
);
const anyHost = fc
  .array(fc.oneof(domains, hostLetters, hostMarks), { maxLength: 6 })
  .map((pieces) => pieces.join(''));
const nearHost = fc
  .tuple(
    fc.constantFrom(
      ...['gw.example', 'GW.Example', '192.0.2.7', '[2001:db8::1]', '[2001:DB8:0:0:0:0:0:1]'],
      ...['[::1]', '[0:0::1]', '[::ffff:192.0.2.7]', DOMAIN, `gateway.${DOMAIN}`, 'evil.example'],
      ...[`${KEY}.${DOMAIN}`, `${KEY.toUpperCase()}--B.${DOMAIN}`, `a.${KEY}.${DOMAIN}`],
      ...[`a_b.${DOMAIN}`, `_clearway.${DOMAIN}`, `-a.${DOMAIN}`, `a-.${DOMAIN}`, `.${DOMAIN}`],
      ...[`${KEY}${DOMAIN}`, `${KEY}.${DOMAIN}.evil.example`, `a@${KEY}.${DOMAIN}`, '[]', ''],
      ...[
        `${'x'.repeat(63)}.${DOMAIN}`,
        `${'x'.repeat(64)}.${DOMAIN}`,
        `${'x.'.repeat(126)}x`,
        `${'x.'.repeat(126)}xx`,
      ],
    ),
    often('', '.', '..'),
    often('', ':80', ':8443', ':', ':00080', ':000080', ':8443x', ':-1', ':1:2'),
  )
  .map((parts) => parts.join(''));
const namedHost = often(
  ...([undefined, 'gw.example', 'evil.example', '[::1]', `${KEY}.${DOMAIN}`] as const),
  ...['[2001:db8::1]', '[2001:db8:0:0:0:0:0:1]'],
);
const askedOfAnyHost: fc.Arbitrary<AskedFor> = fc
  .record({
    host: fc.option(fc.oneof({ weight: 9, arbitrary: nearHost }, anyHost), {
      freq: 20,
      nil: undefined,
    }),
    target: fc.constantFrom('/', `/service/${KEY}/x?y`, `/service/${KEY}`, '/_clearway/sign-in'),
    named: namedHost,
  })
  .map(withoutUndefined);

const letters = fc.constantFrom(
  ...['a', 'b', 'service', '_clearway', KEY, '_Clearway', 'sign-in', '~', 'x.y', '%c3%a4', '%20'],
);
const slashes = fc.constantFrom('/', '/', '/', '//', '%2f', '%2F', '%5c', '%5C');
const dots = fc.constantFrom('..', '..', '.', '%2e', '%2E', '%2e.', '..;', '.;');
const odd = fc.constantFrom(
  ';',
  ';x=1',
  '%3b',
  '%73ervice',
  '%5fclearway',
  '%25',
  '%252e',
  '%252f',
);
const malformed = fc.constantFrom(
  ...['%', '%zz', '%00', '%0d%0a', '#', '\\', ' ', '\0', '\x7f', '\xe4', '\r\n', '\t'],
  ...[
    '%c0%af',
    '%c0%ae',
    '\xc0\xaf',
    '\xc0',
    '%c1%9c',
    '%e0%80%af',
    '%f0%80%80%af',
    '%e0%9f%bf',
    '%e0%a0%80',
    '%f0%90%80%80',
    '%c2%80',
  ],
);
const pathPiece = fc.oneof(
  { weight: 8, arbitrary: letters },
  { weight: 14, arbitrary: slashes },
  { weight: 6, arbitrary: dots },
  { weight: 4, arbitrary: odd },
  { weight: 1, arbitrary: malformed },
);
const start = fc.constantFrom(
  ...['/', '/', '/service/', `/service/${KEY}/`, `/service/${KEY}/a/b/`, `/service/${KEY}`],
  ...['/_clearway/', '/_clearway', '/service', '', '*', '//', '/./', '/x/'],
);
const search = fc.constantFrom(
  '',
  '',
  '',
  '?',
  '?a=/../..',
  '?x%zz',
  '?_clearway/',
  '??#',
  '?\xe4',
);
const anyTarget = fc
  .tuple(start, fc.array(pathPiece, { maxLength: 10 }), search)
  .map(([first, pieces, query]) => first + pieces.join('') + query);
/** Segments that lead up in some readings and down in others, and as many steps up as may be one too many. */
const name = fc.constantFrom('a', 'a', '..', '..', '%2e%2e', '.', '');
const separator = fc.constantFrom('%2f', '%2f', '%5c', '%5c', ';', '%3b');
const windingSegment = fc
  .tuple(name, fc.array(fc.tuple(separator, name), { minLength: 1, maxLength: 4 }))
  .map(([first, more]) => first + more.flat().join(''));
const windingTarget = fc
  .tuple(
    fc.constantFrom('/service/key/', '/service/key/a/', '/'),
    fc.array(windingSegment, { minLength: 1, maxLength: 2 }),
    fc.nat(4),
  )
  .map(([first, segments, up]) => first + [...segments, ...Array<string>(up).fill('..')].join('/'));

/** Any path below the hosts of this place. */
function askedOfAnyPath({ hosts, domain }: HostSettings): fc.Arbitrary<AskedFor> {
  const [main = ''] = hosts;
  const asked = domain === '' ? [main] : [main, `${KEY}--web.${domain}`];
  return fc.record({ host: fc.constantFrom(...asked), target: fc.oneof(anyTarget, windingTarget) });
}

/** The first in most cases, else one of the others. */
function often<T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof(
    { weight: 4, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  );
}

/** An optional property is absent, never undefined. */
function withoutUndefined(asked: {
  readonly host: string | undefined;
  readonly target: string;
  readonly named: string | undefined;
}): AskedFor {
  const { host, target, named } = asked;
  return {
    target,
    ...(host === undefined ? {} : { host }),
    ...(named === undefined ? {} : { named }),
  };
}

describe('target.read', function () {
  this.timeout(60_000);
  let lua: LuaRunner;

  before(async () => {
    lua = await LuaRunner.start(['target']);
  });

  after(() => lua.stop());

  for (const [name, settings] of Object.entries(PLACES))
    describe(name, () => {
      before(() =>
        lua.call(
          'target.configure',
          settings.hosts.join(' '),
          settings.domain,
          'https://gw.example:8443',
        ),
      );

      it('takes a Host for what the reference model says', () =>
        fc.assert(
          fc.asyncProperty(askedOfAnyHost, async (request) => {
            expect(await asks(lua)(request)).to.deep.equal(meaningOf(settings, request));
          }),
          { numRuns: 1_500 },
        ));

      it('takes a path for what the reference model says', () =>
        fc.assert(
          fc.asyncProperty(askedOfAnyPath(settings), async (request) => {
            expect(await asks(lua)(request)).to.deep.equal(meaningOf(settings, request));
          }),
          { numRuns: 2_500 },
        ));

      it('remembers no more Hosts than it has room for', async () => {
        for (const host of [`#.${DOMAIN}`, '#.evil.example', 'gw.example:#', '#@#'])
          expect(await lua.growth('target.read', 60_000, host, '/')).to.be.lessThan(2_560);
        const request = { host: settings.hosts[0] ?? '', target: '/' };

        expect(await asks(lua)(request)).to.deep.equal(meaningOf(settings, request));
      });

      it('says the same again when it remembers the Host', () =>
        fc.assert(
          fc.asyncProperty(nearHost, anyTarget, async (text, raw) => {
            const first = await asks(lua)({ host: text, target: raw });

            expect(await asks(lua)({ host: text, target: raw })).to.deep.equal(first);
          }),
          { numRuns: 200 },
        ));
    });
});
