import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { AnyObject, ServedResource } from '../../src/api/contracts.ts';
import { parseFieldSelector } from '../../src/api/selectors/field-selector.ts';
import { humanDuration } from '../../src/api/tables/human-duration.ts';
import { parseLabelSelector } from '../../src/api/selectors/label-selector.ts';
import { toTableColumn } from '../../src/api/tables/printer-columns.ts';

interface Golden {
  readonly labels: {
    readonly sets: readonly Readonly<Record<string, string>>[];
    readonly cases: readonly {
      readonly selector: string;
      readonly error?: string;
      readonly matches?: readonly boolean[];
    }[];
  };
  readonly fields: readonly {
    readonly selector: string;
    readonly error?: string;
    readonly requirements?: readonly {
      readonly field: string;
      readonly operator: string;
      readonly value: string;
    }[];
  }[];
  readonly durations: readonly { readonly ms: number; readonly text: string }[];
  readonly jsonPaths: {
    readonly object: Readonly<Record<string, unknown>>;
    readonly cases: readonly { readonly path: string; readonly text: string | null }[];
  };
}

// What Kubernetes' own libraries answer: written by golden/apimachinery.go, which says how it is run.
const golden = JSON.parse(
  readFileSync(join(import.meta.dirname, 'golden', 'apimachinery.json'), 'utf8'),
) as Golden;

function messageOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

describe('parseLabelSelector', () => {
  for (const { selector, error, matches } of golden.labels.cases) {
    it(`reads ${JSON.stringify(selector)} as apimachinery does`, () => {
      expect(messageOf(() => parseLabelSelector(selector))).to.equal(error);
      if (matches === undefined) return;
      const selects = parseLabelSelector(selector);
      expect(golden.labels.sets.map((labels) => selects(labels))).to.deep.equal(matches);
    });
  }
});

describe('parseFieldSelector', () => {
  const resource = { namespaced: true, selectable: {} } as ServedResource;
  const named = (name: string, namespace: string): AnyObject =>
    ({ metadata: { name, namespace } }) as unknown as AnyObject;

  for (const { selector, error, requirements = [] } of golden.fields) {
    const unknown = requirements.find(({ field }) => !/^metadata\.name(space)?$/.test(field));
    const expected = error ?? (unknown && `field label not supported: ${unknown.field}`);

    it(`reads ${JSON.stringify(selector)} as apimachinery does`, () => {
      expect(messageOf(() => parseFieldSelector(selector, resource))).to.equal(expected);
      if (expected !== undefined) return;
      const selects = parseFieldSelector(selector, resource);
      for (const object of [named('a', 'b'), named('', ''), named('a,b', 'b'), named('a\\b', '')]) {
        const isSelected = requirements.every(({ field, operator, value }) => {
          const found = object.metadata[field === 'metadata.name' ? 'name' : 'namespace'];
          return (found === value) === (operator !== '!=');
        });
        expect(selects(object)).to.equal(isSelected);
      }
    });
  }
});

describe('humanDuration', () => {
  for (const { ms, text } of golden.durations) {
    it(`writes ${ms} ms as ${text}`, () => {
      expect(humanDuration(ms)).to.equal(text);
    });
  }
});

describe('toTableColumn', () => {
  for (const { path, text } of golden.jsonPaths.cases) {
    it(`prints ${path} as client-go does`, () => {
      const column = toTableColumn({ name: 'X', type: 'string', jsonPath: path });

      expect(column.cell(golden.jsonPaths.object as unknown as AnyObject)).to.equal(text);
    });
  }

  it('refuses a path that it does not understand', () => {
    for (const jsonPath of ['a', '.a[', ".a['x]", '.a[?(@.b>1)]', '.a..b']) {
      expect(() => toTableColumn({ name: 'X', type: 'string', jsonPath })).to.throw(SyntaxError);
    }
  });
});
