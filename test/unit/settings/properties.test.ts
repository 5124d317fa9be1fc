import { expect } from 'chai';
import fc from 'fast-check';
import { parseSettings } from '../../../src/settings/parse.ts';
import { SETTINGS_SCHEMA } from '../../../src/settings/schema.ts';
import { listSettings } from '../../../src/settings/setting.ts';

const SETTINGS = listSettings(SETTINGS_SCHEMA);
const NAMES = SETTINGS.flatMap(({ names }) => names);
const SECRET_NAMES = SETTINGS.filter(({ sensitive }) => sensitive === true).flatMap(
  ({ names }) => names,
);

const TEXT = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('1', '0', 'true', '8080', '"', '""', 'http://[', 'https://a', '::', '__proto__'),
  fc.integer().map(String),
  fc.webUrl(),
);

const NAME = fc.oneof(
  fc.constantFrom(...NAMES),
  fc.string().map((text) => `CLEARWAY_${text}`),
  fc.constantFrom('__proto__', 'constructor', 'toString'),
);

describe('parseSettings', () => {
  it('never throws, and gives settings or named problems, for any environment', () => {
    fc.assert(
      fc.property(fc.dictionary(NAME, TEXT, { maxKeys: 40 }), (env) => {
        const parsed = parseSettings(env);

        if (parsed.kind === 'problems') {
          expect(parsed.problems).not.to.deep.equal([]);
          for (const { names } of parsed.problems) expect(NAMES).to.include.members([...names]);
        } else {
          expect(JSON.parse(JSON.stringify(parsed.settings))).to.deep.equal(parsed.settings);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('never shows a secret in a problem or a warning', () => {
    const secret = fc
      .string({ unit: 'grapheme-ascii', minLength: 12, maxLength: 30 })
      .map((text) => `s3cret-${text.replaceAll(/["'\s]/g, '')}-\n`);
    fc.assert(
      fc.property(fc.constantFrom(...SECRET_NAMES), secret, TEXT, (name, value, other) => {
        const env = { [name]: `x${value}x`, ROUTER_URL: other, TCP_PORT_START: other };
        const parsed = parseSettings(env);

        const said = parsed.kind === 'problems' ? parsed.problems : parsed.warnings;
        expect(JSON.stringify(said)).not.to.include('s3cret-');
      }),
      { numRuns: 100 },
    );
  });
});
