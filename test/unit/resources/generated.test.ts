import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { ERRORS } from '../../../src/errors.ts';
import { CONDITION_TYPES, REASONS, reasonText } from '../../../src/resources/reasons.ts';
import { KINDS } from '../../../src/resources/schemas.generated.ts';
import type { Schema } from '../../../src/resources/schema.ts';
import { generateDocs } from '../../../scripts/generate-docs.ts';
import { generateTypes } from '../../../scripts/generate-types.ts';
import { summarizeDifference } from '../../../scripts/generated-file.ts';

const TOP = resolve(import.meta.dirname, '..', '..', '..');

describe('generated files', () => {
  it('are those that the sources give', async () => {
    for (const file of [...(await generateTypes(TOP)), ...(await generateDocs(TOP))]) {
      expect(summarizeDifference(readFileSync(file.path, 'utf8'), file.content)).to.deep.equal([]);
    }
  }).timeout(20_000);
});

describe('summarizeDifference', () => {
  it('shows what only one side has, and how much more there is', () => {
    expect(summarizeDifference('a\nb\n', 'a\nb\n')).to.deep.equal([]);
    expect(summarizeDifference('a\nb\n', 'a\nc\nd\n', 1)).to.deep.equal([
      '  - b',
      '  + c',
      '  + … 1 more',
    ]);
    expect(summarizeDifference('a\nb\n', 'b\na\n')).to.have.length(1);
  });
});

describe('crds', () => {
  const files = readdirSync(join(TOP, 'crds'));

  it('have a file for each kind', () => {
    expect(files).to.have.members(Object.values(KINDS).map(({ plural }) => `${plural}.yaml`));
  });

  for (const name of files) {
    it(`${name} is a namespaced resource of ours with a status`, () => {
      const crd = parse(readFileSync(join(TOP, 'crds', name), 'utf8')) as {
        metadata: { name: string };
        spec: { group: string; scope: string; versions: unknown[]; names: { plural: string } };
      };

      expect(crd.metadata.name).to.equal(`${crd.spec.names.plural}.clearway.dev`);
      expect(crd.spec).to.deep.include({ group: 'clearway.dev', scope: 'Namespaced' });
      expect(crd.spec.versions[0]).to.deep.include({
        name: 'v1alpha1',
        served: true,
        storage: true,
        subresources: { status: {} },
      });
    });
  }

  it('describe every field, and every string and list has an end', () => {
    const problems = Object.entries(KINDS).flatMap(([kind, { schema }]) =>
      Object.entries(schema.properties ?? {})
        .filter(([name]) => name === 'spec' || name === 'status')
        .flatMap(([name, field]) => problemsOf(field, `${kind}.${name}`)),
    );

    expect(problems).to.deep.equal([]);
  });
});

describe('reasons', () => {
  it('name conditions that exist', () => {
    const types = new Set(['Event', ...Object.values(CONDITION_TYPES).flatMap(Object.keys)]);
    const named = Object.values(REASONS).flatMap(({ on }) => [...on]);

    expect([...types]).to.include.members(named);
    expect(named).to.include.members([...types]);
  });

  it('are words that the schema accepts, explained in sentences', () => {
    for (const [reason, text] of Object.entries(REASONS)) {
      expect(reason).to.match(/^[A-Z][A-Za-z]+$/);
      expect(text.meaning, reason).to.match(/^[A-Z].*\.$/);
      if ('action' in text) expect(text.action, reason).to.match(/^[A-Z].*\.$/);
    }
  });

  it('are all that the sources use', () => {
    const used = sources(join(TOP, 'src')).flatMap(reasonsIn);

    expect(used.filter((reason) => reasonText(reason) === undefined)).to.deep.equal([]);
    expect(used).to.include.members(['TcpDisabled', 'InvalidPort', 'NameNotResolved']);
  });
});

describe('docs/conditions.md', () => {
  const page = readFileSync(join(TOP, 'docs', 'conditions.md'), 'utf8');
  const lineOf = (word: string): string | undefined =>
    page.split('\n').find((line) => line.startsWith(`| \`${word}\``));

  it('has a line for each error code and each reason', () => {
    for (const word of [...Object.keys(ERRORS), ...Object.keys(REASONS)]) {
      expect(lineOf(word), word).to.be.a('string');
    }
  });
});

function problemsOf(schema: Schema, path: string): string[] {
  const missing = (what: string): string[] => [`${path} has no ${what}`];
  return [
    ...(schema.description === undefined ? missing('description') : []),
    ...(isBounded(schema) ? [] : missing('bound')),
    ...(schema.type === 'array' && schema['x-kubernetes-list-type'] === undefined
      ? missing('list type')
      : []),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, field]) =>
      problemsOf(field, `${path}.${name}`),
    ),
    ...(schema.items === undefined ? [] : problemsOf(schema.items, `${path}[]`)),
  ];
}

function isBounded(schema: Schema): boolean {
  if (schema.type === 'array') return schema.maxItems !== undefined;
  if (schema.type === 'integer') return schema.format !== undefined && schema.minimum !== undefined;
  if (schema.type !== 'string') return true;
  return schema.maxLength !== undefined || schema.enum !== undefined || schema.format !== undefined;
}

function sources(folder: string): string[] {
  return ['domain', 'controllers'].flatMap((part) =>
    readdirSync(join(folder, part))
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(join(folder, part, name), 'utf8')),
  );
}

/** The places where a source states a reason: a verdict, a refusal, a deletion, or a union of reasons. */
const STATED = [
  /\breason: (?:\w+ \? )?'([A-Z]\w+)'(?: : '([A-Z]\w+)')?/g,
  /\b(?:refuse|notProgrammed)\(\s*'([A-Z]\w+)'/g,
  /\bdeleteAll\(\w+, '([A-Z]\w+)'/g,
  /^ {2}\| '([A-Z]\w+)'/gm,
];

function reasonsIn(text: string): string[] {
  return STATED.flatMap((pattern) => [...text.matchAll(pattern)]).flatMap(([, first, second]) =>
    [first, second].filter((word) => word !== undefined),
  );
}
