import { expect } from 'chai';
import fc from 'fast-check';
import { cutText, displayWidth, fitText, harmless } from '../../../src/embedded/demo/text-width.ts';

describe('harmless', () => {
  it('leaves ordinary text of any script alone', () => {
    for (const text of ['notebook 1', 'Größe', 'обучение', '訓練', 'تدريب', '📈 loss']) {
      expect(harmless(text)).to.equal(text.normalize('NFC'));
    }
  });

  it('replaces what steers a terminal or the direction of writing', () => {
    expect(harmless('\u001b]0;x\u0007\u009b1m\u200f\u2066\ud800')).to.equal('�]0;x��1m���');
  });

  it('keeps two combining marks at most', () => {
    expect(harmless('x\u0336\u0337\u0338\u0339y')).to.equal('x\u0336\u0337y');
  });
});

describe('cutText', () => {
  it('shows that something was cut', () => {
    expect([
      cutText('abcdef', 6),
      cutText('abcdef', 5),
      cutText('abc', 1),
      cutText('abc', 0),
    ]).to.eql(['abcdef', 'abcd…', '…', '']);
  });

  it('never cuts a wide character in half', () => {
    expect(cutText('訓練訓', 4)).to.equal('訓…');
  });
});

describe('fitText', () => {
  it('gives exactly the width that was asked for', () => {
    const text = fc.string({ unit: 'binary' }).map(harmless);
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 60 }), (value, width) => {
        expect(displayWidth(fitText(value, width))).to.equal(width);
      }),
    );
  });
});
