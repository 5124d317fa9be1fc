import { expect } from 'chai';
import fc from 'fast-check';
import { cleanForLog } from '../../../src/telemetry/clean.ts';

describe('cleanForLog', () => {
  it('leaves a plain name as it is', () => {
    for (const name of ['alice', 'Åsa Öberg', '田中', 'a@b.example', 'x y'])
      expect(cleanForLog(name)).to.equal(name);
  });

  it('shows that something was there that cannot be seen', () => {
    expect(cleanForLog('a\nb\u0000c\u202ed\u200be\u2028f\ud800')).to.equal('a?b?c?d?e?f\ufffd');
  });

  it('cuts what is long', () => {
    expect(cleanForLog('x'.repeat(100_000))).to.equal(`${'x'.repeat(63)}…`);
    expect(cleanForLog('x'.repeat(64))).to.equal('x'.repeat(64));
  });

  it('gives one short visible line for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const cleaned = cleanForLog(text);
        expect(cleaned.length).to.be.at.most(64);
        expect(cleaned).to.match(/^[\p{L}\p{N}\p{P}\p{S} ?]*$/u);
      }),
    );
  });
});
