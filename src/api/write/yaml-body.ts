import { isMap, isScalar, isSeq, parseDocument, type ParsedNode, type YAMLMap } from 'yaml';

/** Largest YAML text that is read, in bytes: unlike JSON, YAML is parsed in the program itself, at less than a MB a second. */
export const YAML_LIMIT = 131_072;

/** YAML that was read: JSON is YAML too. */
export interface ReadYaml {
  readonly value: unknown;
  /** Paths of the fields that stand twice in one object. */
  readonly duplicates: readonly string[];
}

/**
 * Reads one YAML document.
 * @throws Error when it is no YAML, or its aliases stand for too much
 */
export function readYaml(text: string): ReadYaml {
  const document = parseDocument(text, {
    uniqueKeys: false,
    merge: true,
    prettyErrors: false,
    logLevel: 'silent',
  });
  const [problem] = document.errors;
  if (problem !== undefined) throw problem;
  const duplicates = new Set<string>();
  findDuplicates(document.contents, '', duplicates);
  return { value: document.toJS({ maxAliasCount: 100 }) as unknown, duplicates: [...duplicates] };
}

function findDuplicates(node: ParsedNode | null, path: string, duplicates: Set<string>): void {
  if (isSeq(node)) {
    node.items.forEach((item, index) => {
      findDuplicates(item, `${path}[${index}]`, duplicates);
    });
  }
  if (isMap(node)) findInMap(node, path, duplicates);
}

function findInMap(map: YAMLMap.Parsed, path: string, duplicates: Set<string>): void {
  const seen = new Set<string>();
  for (const { key, value } of map.items) {
    if (!isScalar(key)) continue;
    const name = String(key.value);
    const field = path === '' ? name : `${path}.${name}`;
    if (seen.has(name)) duplicates.add(field);
    seen.add(name);
    findDuplicates(value, field, duplicates);
  }
}
