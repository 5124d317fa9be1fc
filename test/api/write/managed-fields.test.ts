import { expect } from 'chai';
import fc from 'fast-check';
import { applyConfig, type Applied } from '../../../src/api/write/managed/apply-managers.ts';
import { fromFieldsV1, toFieldsV1 } from '../../../src/api/write/managed/field-set.ts';
import type { FieldType } from '../../../src/api/write/managed/field-type.ts';
import { compare, fieldsOf, merge, withoutFields } from '../../../src/api/write/managed/fields.ts';
import { identityOf, type Managers, type Writer } from '../../../src/api/write/managed/managers.ts';
import { mergedOrder } from '../../../src/api/write/managed/merge-order.ts';
import { updateManagers } from '../../../src/api/write/managed/update-managers.ts';

const LEAF: FieldType = { form: 'leaf' };
const NOW = '2026-11-24T12:00:00Z';

/** A type with every form that a field can have. */
const TYPE: FieldType = {
  form: 'struct',
  fields: {
    a: LEAF,
    b: LEAF,
    labels: { form: 'map' },
    tags: { form: 'set' },
    inner: { form: 'struct', fields: { c: LEAF, d: LEAF } },
    list: {
      form: 'list',
      keys: ['name'],
      item: { form: 'struct', fields: { name: LEAF, x: LEAF, y: LEAF } },
    },
  },
};

const scalars = fc.constantFrom(1, 2, 'x');

/** Values of the type in which no container is empty: an empty one says something only to a leaf. */
const values = fc
  .record(
    {
      a: scalars,
      b: fc.array(scalars, { minLength: 1, maxLength: 2 }),
      labels: fc.dictionary(fc.constantFrom('k', 'l', 'm'), fc.constantFrom('1', '2'), {
        minKeys: 1,
      }),
      tags: fc.uniqueArray(fc.constantFrom('p', 'q', 'r'), { minLength: 1 }),
      inner: fc.record({ c: scalars, d: scalars }, { requiredKeys: ['c'] }),
      list: fc.uniqueArray(
        fc.record(
          { name: fc.constantFrom('n1', 'n2', 'n3'), x: scalars, y: scalars },
          { requiredKeys: ['name'] },
        ),
        { selector: ({ name }) => name, minLength: 1 },
      ),
    },
    { requiredKeys: [] },
  )
  .map((value) => JSON.parse(JSON.stringify(value)) as Readonly<Record<string, unknown>>);

function writer(manager: string, operation: Writer['operation'] = 'Apply'): Writer {
  return { manager, operation, apiVersion: 'clearway.dev/v1alpha1' };
}

function apply(live: unknown, config: unknown, manager: string, managers: Managers): Applied {
  return applyConfig({ type: TYPE, live, config, managers, writer: writer(manager), now: NOW });
}

const NOBODY: Managers = new Map();

describe('server-side apply', () => {
  it('changes nothing the second time', () => {
    fc.assert(
      fc.property(values, values, (live, config) => {
        const once = apply(live, config, 'one', NOBODY);
        const twice = apply(once.value, config, 'one', once.managers);

        expect(twice.value).to.equal(once.value);
        expect(twice.managers).to.equal(once.managers);
        expect(twice.conflicts).to.eql([]);
      }),
    );
  });

  it('never has a conflict between managers of different fields', () => {
    fc.assert(
      fc.property(values, values, values, (live, first, second) => {
        const theirs = fieldsOf(TYPE, first);
        const others = withoutFields(TYPE, second, theirs);
        const one = apply(live, first, 'one', NOBODY);
        const two = apply(one.value, others, 'two', one.managers);

        expect(two.conflicts).to.eql([]);
        expect(two.managers.get(identityOf(writer('one')))?.fields).to.eql(theirs);
      }),
    );
  });

  it('makes every field of the configuration so', () => {
    fc.assert(
      fc.property(values, values, values, (live, first, config) => {
        const before = apply(live, first, 'one', NOBODY);
        const { value } = apply(before.value, config, 'two', before.managers);

        expect(merge(TYPE, value, config)).to.eql(value);
      }),
    );
  });

  it('has a conflict exactly when a field of another would change', () => {
    fc.assert(
      fc.property(values, values, (first, config) => {
        const before = apply({}, first, 'one', NOBODY);
        const { conflicts } = apply(before.value, config, 'two', before.managers);
        const { modified } = compare(TYPE, first, merge(TYPE, first, config));

        expect(new Set(conflicts.map(({ path }) => path))).to.eql(
          new Set(modified.intersection(fieldsOf(TYPE, first))),
        );
      }),
    );
  });

  it('removes what a manager applies no more, and nothing else', () => {
    fc.assert(
      fc.property(values, values, (live, config) => {
        const others = withoutFields(TYPE, config, fieldsOf(TYPE, live));
        const owned = apply({}, live, 'zero', NOBODY);
        const applied = apply(owned.value, others, 'one', owned.managers);
        const withdrawn = apply(applied.value, {}, 'one', applied.managers);

        expect(withdrawn.value).to.eql(live);
        expect(withdrawn.managers.get(identityOf(writer('one')))?.fields).to.eql(new Set());
      }),
    );
  });

  it('keeps what another manager applies too', () => {
    fc.assert(
      fc.property(values, (config) => {
        const one = apply({}, config, 'one', NOBODY);
        const two = apply(one.value, config, 'two', one.managers);
        const left = apply(two.value, {}, 'one', two.managers);

        expect(left.value).to.eql(config);
      }),
    );
  });

  it('tracks a plain write as the one who changed a field last', () => {
    fc.assert(
      fc.property(values, values, (before, after) => {
        const one = apply({}, before, 'one', NOBODY);
        const comparison = compare(TYPE, one.value, after);
        const managers = updateManagers(one.managers, comparison, writer('two', 'Update'), NOW);
        const [applied, updated] = [writer('one'), writer('two', 'Update')].map(
          (who) => managers.get(identityOf(who))?.fields ?? new Set<string>(),
        );

        expect(updated).to.eql(new Set(comparison.added.union(comparison.modified)));
        expect(applied?.isDisjointFrom(updated ?? new Set())).to.equal(true);
        expect(applied?.isDisjointFrom(comparison.removed)).to.equal(true);
      }),
    );
  });

  it('keeps at most ten entries of updates, the oldest as one, and loses no field', () => {
    let managers = NOBODY;
    for (let index = 0; index < 30; index += 1) {
      const added = new Set([`f:k${index}`]);
      const comparison = { added, modified: new Set<string>(), removed: new Set<string>() };
      const time = `2026-11-24T12:00:${String(index).padStart(2, '0')}Z`;
      managers = updateManagers(managers, comparison, writer(`m${index}`, 'Update'), time);
    }
    const fields = [...managers.values()].flatMap((manager) => [...manager.fields]);

    expect(managers.size).to.equal(10);
    expect(fields).to.have.members(Array.from({ length: 30 }, (_, index) => `f:k${index}`));
    expect([...managers.values()].map((manager) => manager.writer.manager)).to.include(
      'ancient-changes',
    );
  });
});

describe('the order of merged lists', () => {
  const items = fc.uniqueArray(fc.constantFrom<string>('a', 'b', 'c', 'd', 'e', 'f'));

  it('holds every item once, and those of the new list in its order', () => {
    fc.assert(
      fc.property(items, items, (left, right) => {
        const order = mergedOrder(left, right);

        expect([...order].sort()).to.eql([...new Set([...left, ...right])].sort());
        expect(order.filter((item) => right.includes(item))).to.eql(right);
      }),
    );
  });

  it('leaves an item of the old list alone where it was', () => {
    expect(mergedOrder(['a', 'b', 'c'], ['c', 'b'])).to.eql(['a', 'c', 'b']);
    expect(mergedOrder(['a', 'b'], ['c', 'a', 'd'])).to.eql(['c', 'a', 'b', 'd']);
    expect(mergedOrder([], ['a'])).to.eql(['a']);
    expect(mergedOrder(['a'], [])).to.eql(['a']);
  });
});

describe('field sets', () => {
  it('are the same after they were written as FieldsV1 and read again', () => {
    fc.assert(
      fc.property(values, (value) => {
        const fields = fieldsOf(TYPE, value).union(compare(TYPE, {}, value).added);

        expect(fromFieldsV1(JSON.parse(JSON.stringify(toFieldsV1(fields))))).to.eql(fields);
      }),
    );
  });

  it('are read from anything, or refused', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const fields = fromFieldsV1(value);

        if (fields !== undefined) expect(fromFieldsV1(toFieldsV1(fields))).to.eql(fields);
      }),
    );
    for (const wrong of ['f', 'x:a', 'k:{', 'k:1', 'v:', 'i:x', 'f:a\0b']) {
      expect(fromFieldsV1({ [wrong]: {} }), wrong).to.equal(undefined);
    }
    expect(fromFieldsV1({ 'f:a': 1 })).to.equal(undefined);
    expect(fromFieldsV1({ '.': {} })).to.equal(undefined);
  });

  it('say nothing of a value compared with itself', () => {
    fc.assert(
      fc.property(values, (value) => {
        const { added, modified, removed } = compare(TYPE, value, structuredClone(value));

        expect(added.size + modified.size + removed.size).to.equal(0);
      }),
    );
  });

  it('take out of a value what they name', () => {
    fc.assert(
      fc.property(values, values, (value, other) => {
        const some = fieldsOf(TYPE, other);
        const left = fieldsOf(TYPE, withoutFields(TYPE, value, some) ?? {});

        expect(left.isDisjointFrom(some)).to.equal(true);
      }),
    );
  });
});
