import { isMap, isScalar, isSeq, parseDocument, type ParsedNode, type YAMLMap } from 'yaml';
import { Duplicates, type NameCounts, type Step } from './duplicates.ts';

/** Largest YAML text that is read, in bytes: unlike JSON, YAML is parsed in the program itself, at about 100 KB a second. */
export const YAML_LIMIT = 65_536;

/** How often one anchor may be used. */
const ALIAS_LIMIT = 10;

/** YAML that was read: JSON is YAML too. */
export interface ReadYaml {
  readonly value: unknown;
  /** Paths of fields that stand twice in one object, as many as a message lists. */
  readonly duplicates: readonly string[];
}

/**
 * Reads one YAML document.
 * @throws Error when it is no YAML, has keys that JSON cannot have, or its aliases stand for too much
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
  const keys: Keys = { duplicates: new Duplicates(), steps: [] };
  readKeys(document.contents, keys);
  const value = document.toJS({ maxAliasCount: ALIAS_LIMIT }) as unknown;
  return { value, duplicates: keys.duplicates.paths };
}

/** The keys as they are walked over, and where the walk is. */
interface Keys {
  readonly duplicates: Duplicates;
  readonly steps: Step[];
}

function readKeys(node: ParsedNode | null, keys: Keys): void {
  if (isMap(node)) readKeysOfMap(node, keys);
  if (!isSeq(node)) return;
  node.items.forEach((item, index) => {
    readKeysBelow(item, index, keys);
  });
}

/** JSON knows no other keys than texts, and the parser would write any other out as YAML anew at each level around it. */
function readKeysOfMap(map: YAMLMap.Parsed, keys: Keys): void {
  const names: NameCounts = new Map();
  for (const { key, value } of map.items) {
    if (!isScalar(key)) throw new Error('a key is neither a text nor a number');
    const name = String(key.value);
    keys.duplicates.count(names, name, () => [...keys.steps, name]);
    readKeysBelow(value, name, keys);
  }
}

function readKeysBelow(node: ParsedNode | null, step: Step, keys: Keys): void {
  keys.steps.push(step);
  readKeys(node, keys);
  keys.steps.pop();
}
