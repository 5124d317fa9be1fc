import { isObjectName, metadataErrors } from '../../resources/rules.ts';
import { shown } from './json.ts';
import type { Metadata } from './metadata.ts';
import type { Problem } from './problems.ts';

// The texts of apimachinery (util/validation): tools and people know them.
const NAME =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const KEY =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const VALUE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/** Most problems of one kind that are listed. */
const LIST_LIMIT = 10;

/** What is wrong with the metadata of an object, as Kubernetes words it. */
export function metadataProblems(metadata: Metadata): readonly Problem[] {
  const { name, labels, annotations } = metadata;
  return [
    ...(isObjectName(name) ? [] : [wrong('metadata.name', name, NAME)]),
    ...pairs(labels, ([key]) => !isLabel(key, '')).map(([key]) => wrong(LABELS, key, KEY)),
    ...pairs(labels, ([, value]) => !isLabel('x', value)).map(([, value]) =>
      wrong(LABELS, value, VALUE),
    ),
    ...pairs(annotations, ([key]) => !isAnnotation(key)).map(([key]) =>
      wrong(ANNOTATIONS, key, KEY),
    ),
    ...sizeProblems(annotations),
    ...unsupported(metadata),
  ];
}

const LABELS = 'metadata.labels';
const ANNOTATIONS = 'metadata.annotations';

type Pair = readonly [key: string, value: string];

function pairs(map: Metadata['labels'], isWrong: (pair: Pair) => boolean): readonly Pair[] {
  return Object.entries(map).filter(isWrong).slice(0, LIST_LIMIT);
}

function wrong(field: string, value: string, text: string): Problem {
  return { field, reason: 'FieldValueInvalid', body: `Invalid value: ${shown(value)}: ${text}` };
}

function isLabel(key: string, value: string): boolean {
  return metadataErrors({ name: 'x', labels: { [key]: value } }).length === 0;
}

function isAnnotation(key: string): boolean {
  return metadataErrors({ name: 'x', annotations: { [key]: '' } }).length === 0;
}

/** The rule about the size is the one that holds for all annotations together, not for each alone. */
function sizeProblems(annotations: Metadata['annotations']): readonly Problem[] {
  const legal = Object.entries(annotations).filter(([key]) => isAnnotation(key));
  const errors = metadataErrors({ name: 'x', annotations: Object.fromEntries(legal) });
  if (errors.length === 0) return [];
  const body = 'Too long: may not be more than 262144 bytes';
  return [{ field: ANNOTATIONS, reason: 'FieldValueTooLong', body }];
}

/** What Kubernetes would act on later, and nobody does here: refused, as a silent loss would be a broken promise. */
function unsupported({ finalizers, ownerReferences }: Metadata): readonly Problem[] {
  const lists = { 'metadata.finalizers': finalizers, 'metadata.ownerReferences': ownerReferences };
  return Object.entries(lists)
    .filter(([, list]) => list.length > 0)
    .map(([field]) => ({
      field,
      reason: 'FieldValueForbidden',
      body: 'Forbidden: there is no garbage collector behind this API that would act on it',
    }));
}
