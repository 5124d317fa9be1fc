// Writes src/resources/generated.ts (types) and schemas.generated.ts (schemas as data) from crds/*.yaml.
// With --check it writes nothing and fails when they differ.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import type { KindDefinition, PrinterColumn, Schema } from '../src/resources/schema.ts';
import { formatted, writeOrCheck, type GeneratedFile } from './generated-file.ts';

interface Crd {
  readonly spec: {
    readonly names: {
      readonly kind: string;
      readonly listKind: string;
      readonly plural: string;
      readonly singular: string;
      readonly shortNames?: readonly string[];
      readonly categories?: readonly string[];
    };
    readonly versions: readonly {
      readonly name: string;
      readonly additionalPrinterColumns?: readonly PrinterColumn[];
      readonly schema: { readonly openAPIV3Schema: Schema };
    }[];
  };
}

const HEADER =
  '// Generated from crds/*.yaml by scripts/generate-types.ts. Do not edit: run `make generate`.\n\n';
const COMMENT_WIDTH = 96;

/** The kinds of a folder of CRD files, by name, in the order of the file names. */
export function readKinds(folder: string): Readonly<Record<string, KindDefinition>> {
  const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
  return Object.fromEntries(
    files.toSorted().map((name) => toKind(parse(readFileSync(join(folder, name), 'utf8')) as Crd)),
  );
}

function toKind(crd: Crd): readonly [string, KindDefinition] {
  const { names, versions } = crd.spec;
  const [version, ...others] = versions;
  if (version === undefined || others.length > 0)
    throw new Error(`${names.kind}: one version only`);
  return [
    names.kind,
    {
      plural: names.plural,
      singular: names.singular,
      listKind: names.listKind,
      shortNames: names.shortNames ?? [],
      categories: names.categories ?? [],
      columns: version.additionalPrinterColumns ?? [],
      schema: version.schema.openAPIV3Schema,
    },
  ];
}

/** The text of generated.ts, not yet formatted. */
export function renderTypes(kinds: Readonly<Record<string, KindDefinition>>): string {
  const condition = commonCondition(kinds);
  const parts = [`${comment(condition.description)}export interface Condition ${shape(condition)}`];
  for (const [kind, definition] of Object.entries(kinds)) {
    for (const part of ['spec', 'status'] as const) {
      const schema = property(definition.schema, part);
      const name = `${kind}${part === 'spec' ? 'Spec' : 'Status'}`;
      parts.push(`${comment(schema.description)}export interface ${name} ${shape(schema)}`);
    }
  }
  return HEADER + parts.join('\n\n') + '\n';
}

/** The text of schemas.generated.ts, not yet formatted. */
export function renderSchemas(kinds: Readonly<Record<string, KindDefinition>>): string {
  return `${HEADER}import type { Kind } from './kinds.ts';
import type { KindDefinition } from './schema.ts';

/** What crds/ says of each kind. */
export const KINDS: Readonly<Record<Kind, KindDefinition>> = ${JSON.stringify(kinds)};
`;
}

function commonCondition(kinds: Readonly<Record<string, KindDefinition>>): Schema {
  const found = Object.values(kinds).map((kind) => {
    const { items } = property(property(kind.schema, 'status'), 'conditions');
    if (items === undefined) throw new Error(`${kind.plural}: conditions have no items`);
    return items;
  });
  const [first] = found;
  if (first === undefined) throw new Error('there is no kind');
  if (found.some((other) => JSON.stringify(other) !== JSON.stringify(first))) {
    throw new Error('the schemas of conditions differ between the kinds');
  }
  return first;
}

function property(schema: Schema, name: string): Schema {
  const found = schema.properties?.[name];
  if (found === undefined) throw new Error(`the schema has no property ${name}`);
  return found;
}

function shape(schema: Schema): string {
  const fields = Object.entries(schema.properties ?? {}).map(([name, field]) => {
    const isThere = schema.required?.includes(name) === true || field.default !== undefined;
    const mark = isThere ? '' : '?';
    const type = name === 'conditions' ? 'readonly Condition[]' : typeOf(field);
    return `${comment(field.description)}readonly ${name}${mark}: ${type};`;
  });
  return `{\n${fields.join('\n')}\n}`;
}

function typeOf(schema: Schema): string {
  switch (schema.type) {
    case 'object':
      return shape(schema);
    case 'array':
      if (schema.items === undefined) throw new Error('an array without items');
      return `readonly ${typeOf(schema.items)}[]`;
    case 'string':
      return schema.enum?.map((value) => JSON.stringify(value)).join(' | ') ?? 'string';
    case 'integer':
      return 'number';
    case 'boolean':
      return 'boolean';
  }
}

function comment(text: string | undefined): string {
  if (text === undefined) return '';
  const safe = text.replaceAll('*/', '*\\/');
  if (safe.length <= COMMENT_WIDTH - 7) return `/** ${safe} */\n`;
  return `/**\n${wrap(safe)
    .map((line) => ` * ${line}`)
    .join('\n')}\n */\n`;
}

function wrap(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < COMMENT_WIDTH - 8) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else {
      lines.push(word);
    }
  }
  return lines;
}

/** Both files, formatted. */
export async function generateTypes(top: string): Promise<readonly GeneratedFile[]> {
  const kinds = readKinds(join(top, 'crds'));
  const folder = join(top, 'src', 'resources');
  return Promise.all([
    formatted({ path: join(folder, 'generated.ts'), content: renderTypes(kinds) }),
    formatted({ path: join(folder, 'schemas.generated.ts'), content: renderSchemas(kinds) }),
  ]);
}

if (import.meta.main) {
  const files = await generateTypes(resolve(import.meta.dirname, '..'));
  process.exitCode = writeOrCheck(files, process.argv.includes('--check'));
}
