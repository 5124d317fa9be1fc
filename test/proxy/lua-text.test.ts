import { expect } from 'chai';
import fc from 'fast-check';
import { LuaRunner } from '../support/lua-runner.ts';

const NAME = 'tok.en-%';
const runs = { numRuns: 800 };

/** The reference: pairs are what stands between semicolons; ours are those whose trimmed name is ours or a gateway's. */
function split(text: string): Record<'names' | 'values', string[]> & { readonly kept: string } {
  const names: string[] = [];
  const values: string[] = [];
  const kept = text.split(';').filter((pair) => {
    const equals = pair.indexOf('=');
    const name = trim(pair.slice(0, equals));
    if (equals < 0 || !(name === NAME || /^(__[Hh][Oo][Ss][Tt]-)?clearway-/.test(name)))
      return true;
    names.push(name);
    const value = trim(pair.slice(equals + 1));
    values.push(/^".*"$/s.test(value) && value.length > 1 ? value.slice(1, -1) : value);
    return false;
  });
  return {
    names,
    values,
    kept: values.length === 0 ? text : kept.join(';').replace(/^[ \t]+/, ''),
  };
}

function trim(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, '');
}

describe('credentials.split', function () {
  this.timeout(30_000);
  let lua: LuaRunner;

  before(async () => {
    lua = await LuaRunner.start(['credentials', 'rewrite']);
  });

  after(() => lua.stop());

  const piece = fc.constantFrom(
    ...[NAME, `${NAME}=`, '=', ';', '; ', ' ', '\t', '"', 'a=b', `${NAME}x=`, `x${NAME}=`, '%73'],
    ...[
      'clearway-1=',
      '__Host-clearway-x =',
      '__host-clearway-="',
      'xclearway-1=',
      'clearway=',
      'secret',
    ],
    ...['secret', '\xff', 'tokxen-%=1'],
  );

  it('finds every cookie of the name and leaves all other bytes', () =>
    fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 16 }), async (pieces) => {
        const text = pieces.join('');

        const expected = split(text);
        expect(await lua.call('credentials.split', text, NAME)).to.deep.equal([
          expected.names,
          expected.values,
          expected.kept,
        ]);
      }),
      runs,
    ));

  it('leaves no cookie of the name behind', () =>
    fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 16 }), async (pieces) => {
        const [, , kept] = await lua.call('credentials.split', pieces.join(''), NAME);

        expect(split(String(kept)).values).to.deep.equal([]);
      }),
      runs,
    ));

  describe('rewrite.location', () => {
    const part = fc.constantFrom(
      ...[
        '/',
        '//',
        '\\',
        'http:',
        'https://',
        'gw:8010',
        '10.0.0.1:80',
        '/service/k',
        '/_clearway/',
      ],
      ...['?', '#', 'a', '..', '@', 'evil.example', ':8010', '%2f', 'javascript:'],
    );

    it('changes nothing the second time, and only ever leads under the prefix', () =>
      fc.assert(
        fc.asyncProperty(fc.array(part, { maxLength: 8 }), async (parts) => {
          const location = parts.join('');
          const rewrite = async (text: string) =>
            String(
              (await lua.call('rewrite.location', text, '/service/k', 'GW:8010', '10.0.0.1:80'))[0],
            );

          const once = await rewrite(location);

          expect(await rewrite(once)).to.equal(once);
          if (once !== location) expect(once).to.match(/^\/(service\/k([/?#]|$)|_clearway\/)/);
        }),
        runs,
      ));
  });

  describe('rewrite.cookie', () => {
    const part = fc.constantFrom(
      ...['sid=1', ';', '; ', 'Path=', 'path =', ' PATH= ', '/', '/a', '/service/k', 'Secure', '='],
    );

    it('leaves every path under the prefix, and everything else as it is', () =>
      fc.assert(
        fc.asyncProperty(fc.array(part, { maxLength: 10 }), async (parts) => {
          const line = `n=v${parts.join('')}`;
          const rewritten = String((await lua.call('rewrite.cookie', line, '/service/k'))[0]);

          const paths = (text: string) =>
            [...text.matchAll(/;\s*path\s*=\s*([^;]*)/gi)].map((m) => m[1]);
          for (const path of paths(rewritten))
            if (path?.startsWith('/') === true) expect(path).to.match(/^\/service\/k(\/|$|[?#])/);
          const bare = (text: string) => text.replace(/(;\s*path\s*=\s*)[^;]*/gi, '$1');
          expect(bare(rewritten)).to.equal(bare(line));
        }),
        runs,
      ));
  });
});
