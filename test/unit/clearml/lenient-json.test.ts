import { expect } from 'chai';
import fc from 'fast-check';
import { parseLenientJson, rawMembers, rawValueAt } from '../../../src/clearml/lenient-json.ts';

/** JSON as Python writes it: text of a value, with bare constants in it. */
function pythonText(value: unknown): string {
  if (typeof value === 'number')
    return Number.isFinite(value) ? JSON.stringify(value) : String(value);
  if (Array.isArray(value)) return `[${value.map(pythonText).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, member]) => `${JSON.stringify(key)}: ${pythonText(member)}`)
    .join(', ')}}`;
}

function withoutNaN(value: unknown): unknown {
  if (Number.isNaN(value)) return 'NaN';
  if (Array.isArray(value)) return value.map(withoutNaN);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, withoutNaN(member)]),
  );
}

const { tree: pythonValue } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false, NaN, Infinity, -Infinity, 'NaN', '"Infinity', '\\"NaN,}]'),
    fc.integer(),
    fc.double({ noNaN: true }).map((number) => (Object.is(number, -0) ? 0 : number)),
    fc.string(),
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('tree'), { maxKeys: 4 }),
  ),
}));

describe('parseLenientJson', () => {
  it('reads what Python writes', () => {
    fc.assert(
      fc.property(pythonValue, (value) => {
        expect(parseLenientJson(pythonText(value))).to.deep.equal(withoutNaN(value));
      }),
    );
  });

  for (const text of [
    '',
    'N',
    'NaNa',
    'Inf',
    '{"a":Nope}',
    '{"a":NaN',
    '[1,]',
    "{'a':1}",
    'undefined',
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(() => parseLenientJson(text)).to.throw(SyntaxError);
    });
  }

  it('takes a time in proportion to the text', () => {
    const text = `{"a":NaN,"b":"${'\\\\'.repeat(500_000)}","c":"${'\\"'.repeat(500_000)}"}`;
    const started = performance.now();

    parseLenientJson(text);

    expect(performance.now() - started).to.be.below(1_000);
  });
});

describe('rawMembers', () => {
  it('keeps the text of every member', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), pythonValue, { maxKeys: 6 }), (value) => {
        const members = rawMembers(pythonText(value));

        expect(members.map(({ key, value: text }) => [key, text])).to.deep.equal(
          Object.entries(value).map(([key, member]) => [key, pythonText(member)]),
        );
      }),
    );
  });
});

describe('rawValueAt', () => {
  it('finds a value by its path, the last one of a name', () => {
    const text = ' {"a" : {"b":1, "b" : 2.0 , "c":[1]}, "x":"a"} ';

    expect(rawValueAt(text, ['a', 'b'])).to.equal('2.0');
    expect(rawValueAt(text, ['a', 'c'])).to.equal('[1]');
    expect(rawValueAt(text, ['x', 'b'])).to.equal(undefined);
    expect(rawValueAt(text, ['nothing'])).to.equal(undefined);
  });
});
