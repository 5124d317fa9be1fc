import { expect } from 'chai';
import fc from 'fast-check';
import { holdsTooBig, parseJson, stringifyJson, toStored } from '../../../src/embedded/api/json.ts';

describe('parseJson and stringifyJson', () => {
  for (const text of [
    '{"a":NaN,"b":[Infinity,-Infinity]}',
    '{"big":9007199254740993}',
    '{"small":0.1234567890123456,"big":1.5e+300,"n":NaN}',
    '{"s":"NaN and -Infinity and 12345678901234567890"}',
    '{"s":"a \\"NaN\\" in quotes","n":NaN}',
  ]) {
    it(`give ${text} back as it came`, () => {
      expect(stringifyJson(parseJson(text))).to.equal(text);
    });
  }

  it('give any JSON value back', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        expect(stringifyJson(parseJson(text))).to.equal(text);
      }),
    );
  });

  it('refuse what is not JSON', () => {
    expect(() => parseJson('{"a": NaNa}')).to.throw(SyntaxError);
  });
});

describe('holdsTooBig', () => {
  it('finds integers beyond eight bytes only', () => {
    expect(holdsTooBig(parseJson('{"a":[9223372036854775807]}'))).to.equal(false);
    expect(holdsTooBig(parseJson('{"a":[9223372036854775808]}'))).to.equal(true);
  });
});

describe('toStored', () => {
  it('keeps numbers that JSON cannot write', () => {
    expect(stringifyJson(toStored({ a: NaN, b: [Infinity] }))).to.equal('{"a":NaN,"b":[Infinity]}');
  });
});
