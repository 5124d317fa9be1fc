import { expect } from 'chai';
import fc from 'fast-check';
import { applyPatch, createPatch, type Operation } from 'rfc6902';
import { jsonPatch, JsonPatchError } from '../../../src/api/write/json-patch.ts';
import { mergePatch } from '../../../src/api/write/merge-patch.ts';

/** Names that JavaScript's own objects have, beside plain ones. */
const names = fc.constantFrom(
  ...['a', 'b', 'c', '', '0', '-', 'a/b', 'a~b', 'length'],
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'],
);
const plainNames = fc.constantFrom('a', 'b', 'c', 'd', 'a/b', 'a~b');

function documents(keys: fc.Arbitrary<string>): fc.Arbitrary<unknown> {
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(null, true, 1, 'x', ''),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.array(fc.tuple(keys, tie('value')), { maxLength: 4 }).map(Object.fromEntries),
    ),
  }));
  return value;
}

const pointers = fc
  .array(names, { maxLength: 4 })
  .map((parts) =>
    parts.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''),
  );
const operations = fc.array(
  fc.record(
    {
      op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', 'nonsense'),
      path: fc.oneof(pointers, fc.constantFrom('x', '//', '/~2')),
      from: pointers,
      value: documents(names),
    },
    { requiredKeys: ['op'] },
  ),
  { maxLength: 6 },
);

/** What the other implementation makes of it; undefined when it refuses, or stumbles over a document that is no object. */
function otherResult(document: unknown, patch: readonly Operation[]): Rooted | undefined {
  const rooted = structuredClone({ root: document });
  try {
    const moved = patch.map((step) => ({ ...step, path: `/root${step.path}` }));
    return applyPatch(rooted, moved).every((problem) => problem === null) ? rooted : undefined;
  } catch {
    return undefined;
  }
}

interface Rooted {
  readonly root: unknown;
}

function objectShapes(): string {
  const own = [Object.prototype, Array.prototype, Function.prototype, Object, Array]
    .map((thing) => Object.getOwnPropertyNames(thing).join())
    .join(';');
  const functions = Object.getOwnPropertyNames(Object.prototype).map((name) =>
    Object.keys((Object.prototype as Record<string, object>)[name] ?? {}).join(),
  );
  return `${own}|${functions.join()}`;
}

describe('jsonPatch', () => {
  it('makes what another implementation says is the way from one document to the other', () => {
    fc.assert(
      fc.property(documents(plainNames), documents(plainNames), (before, after) => {
        const patch = createPatch(before, after);

        expect(jsonPatch(before, patch as unknown as Record<string, unknown>[])).to.eql(after);
      }),
    );
  });

  it('carries out what another implementation carries out', () => {
    const steps = fc.array(
      fc.record({
        op: fc.constantFrom('add' as const, 'remove' as const, 'test' as const),
        path: fc
          .array(plainNames, { maxLength: 3, minLength: 1 })
          .map((path) => `/${path.join('/')}`),
        value: documents(plainNames),
      }),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(documents(plainNames), steps, (document, patch) => {
        fc.pre(!patch.some(({ path }) => path.includes('~')));
        const reference = otherResult(document, patch);
        fc.pre(reference !== undefined);

        expect(jsonPatch(document, patch)).to.eql(reference.root);
      }),
    );
  });

  it('ends in a document or a refusal, and leaves the program and its input as they were', () => {
    const shapes = objectShapes();
    fc.assert(
      fc.property(documents(names), operations, (document, patch) => {
        const before = JSON.stringify(document);
        try {
          JSON.stringify(jsonPatch(document, patch));
        } catch (error) {
          expect(error).to.be.instanceOf(JsonPatchError);
        }

        expect(JSON.stringify(document)).to.equal(before);
        expect(objectShapes()).to.equal(shapes);
      }),
      { numRuns: 500 },
    );
  });

  it('cannot be made to double a document without end', () => {
    const doubling = Array.from({ length: 100 }, (_, index) => ({
      op: 'copy',
      from: '/a',
      path: `/a/${index}`,
    }));

    expect(() => jsonPatch({ a: { x: 'x'.repeat(1000) } }, doubling)).to.throw(
      JsonPatchError,
      'copies, moves and compares more',
    );
  });

  it('treats __proto__ as a name like any other', () => {
    const patched = jsonPatch({ a: {} }, [
      { op: 'add', path: '/a/__proto__', value: { polluted: true } },
    ]);

    expect(JSON.stringify(patched)).to.equal('{"a":{"__proto__":{"polluted":true}}}');
    expect(({} as Record<string, unknown>)['polluted']).to.equal(undefined);
  });

  it('moves a value onto itself without a change, and never into itself', () => {
    const document = { a: { b: 1 } };

    expect(jsonPatch(document, [{ op: 'move', from: '/a', path: '/a' }])).to.eql(document);
    expect(() => jsonPatch(document, [{ op: 'move', from: '/a', path: '/a/b/c' }])).to.throw(
      'into itself',
    );
  });

  it('nests a document as deep as a body may be', () => {
    const deep = (levels: number): unknown =>
      JSON.parse('{"a":'.repeat(levels) + '1' + '}'.repeat(levels));
    const put = (levels: number) => (): unknown =>
      jsonPatch({ b: {} }, [{ op: 'add', path: '/b/c', value: deep(levels) }]);

    expect(put(498)).not.to.throw();
    expect(put(499)).to.throw(JsonPatchError);
    expect(() =>
      jsonPatch({ a: deep(300) }, [{ op: 'copy', from: '/a', path: '/a/a/b' }]),
    ).not.to.throw();
    expect(() =>
      jsonPatch({ a: deep(300) }, [{ op: 'copy', from: '/a', path: `/a${'/a'.repeat(250)}/b` }]),
    ).to.throw(JsonPatchError, 'deeper');
  });

  const list = Array.from({ length: 300_000 }, () => 0);
  const back = { op: 'move', from: '/deeper/list', path: '/list' };
  for (const [what, operation] of Object.entries({
    'makes room in a long list': { op: 'add', path: '/list/0', value: 0 },
    'closes gaps in a long list': { op: 'remove', path: '/list/0' },
    'compares a large value': { op: 'test', path: '/list', value: list },
    'moves a large value deeper': { op: 'move', from: '/list', path: '/deeper/list' },
    'copies a large value': { op: 'copy', from: '/list', path: '/copy' },
  })) {
    it(`refuses a patch that ${what} again and again`, () => {
      const steps = operation.op === 'move' ? [operation, back] : [operation];
      const patch = (times: number): readonly Record<string, unknown>[] =>
        Array.from({ length: times }, () => steps).flat();

      expect(() => jsonPatch({ list, deeper: {} }, patch(1))).not.to.throw();
      expect(() => jsonPatch({ list, deeper: {} }, patch(20))).to.throw(JsonPatchError, 'moves');
    });
  }
});

describe('mergePatch', () => {
  /** RFC 7396, appendix A. */
  const examples: readonly (readonly [unknown, unknown, unknown])[] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ a: 'foo' }, 'bar', 'bar'],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ];

  it('gives the results of RFC 7396', () => {
    for (const [document, patch, result] of examples) {
      expect(mergePatch(document, patch)).to.eql(result);
    }
  });

  it('changes nothing when it is applied again', () => {
    fc.assert(
      fc.property(documents(names), documents(names), (document, patch) => {
        const once = mergePatch(document, patch);

        expect(JSON.stringify(mergePatch(once, patch))).to.equal(JSON.stringify(once));
      }),
    );
  });
});
