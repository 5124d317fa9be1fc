// kubectl moves an object from client-side to server-side apply without conflicts, and back, as long as the server minds
// the annotation in which the client-side apply keeps what it applied (apimachinery, managedfields/internal/lastapplied*).
import { metadataErrors } from '../../resources/rules.ts';
import type { Config } from './config.ts';
import type { Write } from './contracts.ts';
import { defined, fieldOf, isEmpty, isObject, jsonProblem } from './json.ts';
import type { FieldSet } from './managed/field-set.ts';
import { compare, fieldsOf } from './managed/fields.ts';
import { objectType } from './managed/field-type.ts';
import type { Parts } from './save.ts';

const ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration';
const KUBECTL = 'kubectl';

/** The fields that kubectl's client-side apply set and that still have its values; none for other managers. */
export function lastAppliedFields(write: Write, live: unknown): FieldSet {
  const text = fieldOf(fieldOf(fieldOf(live, 'metadata'), 'annotations'), ANNOTATION);
  if (write.options.manager !== KUBECTL || typeof text !== 'string') return new Set();
  const object = parse(text);
  const type = objectType(write.schema);
  const applied = defined({
    metadata: fieldOf(object, 'metadata') ?? {},
    spec: fieldOf(object, 'spec'),
  });
  const { added, modified, removed } = compare(type, applied, live);
  return fieldsOf(type, applied).difference(added).difference(modified).difference(removed);
}

function parse(text: string): unknown {
  try {
    const value = JSON.parse(text) as unknown;
    return jsonProblem(value) === undefined ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The parts with the annotation up to date after an apply by kubectl, where there is one. */
export function withLastApplied(write: Write, config: Config, parts: Parts): Parts {
  const { manager } = write.options;
  if (manager !== KUBECTL || !Object.hasOwn(parts.annotations, ANNOTATION)) return parts;
  const metadata = fieldOf(config.object, 'metadata');
  const annotations = { ...config.metadata.annotations };
  Reflect.deleteProperty(annotations, ANNOTATION);
  const kept = defined({
    ...(isObject(metadata) ? metadata : {}),
    annotations: isEmpty(annotations) ? undefined : annotations,
  });
  const text = `${JSON.stringify({ ...config.object, metadata: kept })}\n`;
  const next = { ...parts.annotations, [ANNOTATION]: text };
  if (metadataErrors({ name: 'x', annotations: next }).length === 0)
    return { ...parts, annotations: next };
  Reflect.deleteProperty(next, ANNOTATION);
  return { ...parts, annotations: next };
}
