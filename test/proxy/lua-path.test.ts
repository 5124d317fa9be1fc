import { expect } from 'chai';
import fc from 'fast-check';
import { LuaRunner } from '../support/lua-runner.ts';

/** One way in which a server may read a path. */
interface Reading {
  readonly encodedSlash: boolean;
  readonly backslash: boolean;
  readonly parameters: boolean;
  readonly merge: boolean;
  readonly decode: boolean;
}

const READINGS: readonly Reading[] = Array.from({ length: 32 }, (_, bits) => ({
  encodedSlash: (bits & 1) !== 0,
  backslash: (bits & 2) !== 0,
  parameters: (bits & 4) !== 0,
  merge: (bits & 8) !== 0,
  decode: (bits & 16) !== 0,
}));

/** The names that a reading sees in a path, before dots are resolved. */
function namesOf(raw: string, reading: Reading): readonly string[] {
  let text = raw;
  if (reading.encodedSlash) text = text.replace(/%2f/gi, '/');
  if (reading.backslash) text = text.replace(/%5c/gi, '/');
  const decode = (part: string) =>
    part.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return text
    .slice(1)
    .split('/')
    .map((part) => (reading.decode ? decode(part) : part))
    .map((part) => (reading.parameters ? part.replace(/;.*$/s, '') : part))
    .filter((name) => name !== '.' && !(name === '' && reading.merge));
}

/** The reference: where this reading ends up, as names from the root; undefined when it climbs above `floor` names. */
function read(raw: string, reading: Reading, floor = 0): readonly string[] | undefined {
  const names: string[] = [];
  for (const name of namesOf(raw, reading)) {
    if (name !== '..') names.push(name);
    else if (names.length <= floor) return undefined;
    else names.pop();
  }
  return names;
}

const piece = fc.constantFrom(
  ...['/', '/', '/', '..', '.', '%2e', '%2E', '%2f', '%2F', '%5c', '%5C', ';', ';x=1', '%3b', 'a'],
  ...[
    'b',
    'service',
    'key',
    '%73',
    '%',
    '%zz',
    '%00',
    '%25',
    '%252e',
    '#',
    '\\',
    ' ',
    '\xe4',
    '_clearway',
  ],
);
const anyPath = fc.array(piece, { maxLength: 14 }).map((pieces) => `/${pieces.join('')}`);
const underRoute = fc.array(piece, { maxLength: 12 }).map((p) => `/service/key/${p.join('')}`);
const pieces = fc.array(piece, { maxLength: 12 }).map((p) => p.join(''));
const query = fc.constantFrom('', '?', '?a=/../..', '?x%zz', '??#');
const runs = { numRuns: 1_500 };

describe('path.read', function () {
  this.timeout(30_000);
  let lua: LuaRunner;

  before(async () => {
    lua = await LuaRunner.start(['path']);
  });

  after(() => lua.stop());

  it('lets nothing through that any reading takes out of its prefix', () =>
    fc.assert(
      fc.asyncProperty(fc.oneof(anyPath, underRoute), query, async (path, search) => {
        const [kind, key] = await lua.call('path.read', path + search);

        if (kind !== 'route') return;
        const name = /^\/(.*)$/.exec(String(key))?.[1];
        const prefix = name === undefined ? ['service', key] : [name];
        for (const reading of READINGS)
          expect(read(path, reading, prefix.length)?.slice(0, prefix.length), path).to.deep.equal(
            prefix,
          );
      }),
      runs,
    ));

  for (const [prefix, its] of [
    ['/service/key', 'key'],
    ['/Any_name-0', '/Any_name-0'],
  ] as const)
    it(`gives the rest of a route at ${prefix} byte by byte`, () =>
      fc.assert(
        fc.asyncProperty(pieces, query, async (path, search) => {
          const target = `${prefix}/${path}${search}`;
          const [kind, key, rest] = await lua.call('path.read', target);

          if (kind === 'bad') return;
          expect([kind, key]).to.deep.equal(['route', its]);
          expect(`${prefix}${String(rest)}`).to.equal(target);
        }),
        runs,
      ));

  it('takes for a static route only a first name of plain letters', async () => {
    for (const name of ['x', 'X9', 'a_b-c', '0', 'a'.repeat(63), 'Service', 'services'])
      expect(await lua.call('path.read', `/${name}?q`), name).to.deep.equal([
        'route',
        `/${name}`,
        null,
        '?q',
      ]);
    for (const name of [
      ...[
        '',
        '-x',
        '_x',
        'x.y',
        'x~',
        'a'.repeat(64),
        'service',
        '%78',
        'x;v=1',
        'x%2f',
        '\xe4',
        '.x',
      ],
      ...['x:y', 'x@y', 'x,y', 'x+y', '~x', 'x%20', '/x', './x', '%2e/x'],
    ])
      expect((await lua.call('path.read', `/${name}`))[0], name).to.equal('other');
  });

  // Each is out of its prefix for servers of one kind only: what separates names, and when parameters are cut.
  for (const [segment, steps] of [
    ['a%2fa%5ca', 2],
    ['x/..%5ca%2fb', 2],
    ['x/..%2fa%5cb', 2],
    ['a%3b%2f..;%2fb', 1],
    ['a%2f..%3b%2fb', 1],
    ['..;%2fa', 0],
    ['%2e%2e%3bx', 0],
  ] as const)
    it(`goes up behind ${segment} as often as every server can`, async () => {
      const fine = `/service/key/${segment}${'/..'.repeat(Math.max(steps - 1, 0))}`;
      const [kind] = await lua.call('path.read', fine);

      expect(kind).to.equal(steps === 0 ? 'bad' : 'route');
      expect(await lua.call('path.read', `${fine}/..`)).to.deep.equal(['bad']);
    });

  it('has no second spelling for a route or for a page of the gateway', () =>
    fc.assert(
      fc.asyncProperty(anyPath, async (path) => {
        const [kind] = await lua.call('path.read', path);

        if (kind !== 'other') return;
        for (const reading of READINGS) {
          const names = read(path, reading) ?? [];
          const isReserved = names.length > 1 && ['service', '_clearway'].includes(names[0] ?? '');
          expect(isReserved && names[1] !== '', path).to.equal(false);
        }
      }),
      runs,
    ));

  it('accepts every path that is written plainly', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.stringMatching(/^([A-Za-z0-9_~!$&'()*+,=:@-]|%20|%C3%A4|\.js)*$/)),
        query,
        async (segments, search) => {
          const rest = `/${segments.join('/')}${search}`;

          expect(await lua.call('path.read', `/service/k--x${rest}`)).to.deep.equal([
            'route',
            'k--x',
            rest,
          ]);
        },
      ),
      { numRuns: 500 },
    ));

  it('refuses malformed text', async () => {
    for (const target of ['', 'x', '*', '/service/k/%', '/service/k/%a', '/service/k/%0g', '/a b'])
      expect(await lua.call('path.read', target), target).to.deep.equal(['bad']);
  });
});
