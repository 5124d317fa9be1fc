import type { FieldError } from './field-error.ts';
import type { Kind, ObjectMeta, ResourceByKind } from './kinds.ts';
import { metadataErrors, SPEC_RULES, STATUS_RULES, type Rule } from './rules.ts';
import { checkSchema, type Checked } from './schema-check.ts';
import { KINDS } from './schemas.generated.ts';

/** Holds name, labels, annotations and spec of a new or changed object against schema and rules. */
export function checkSpec<K extends Kind>(
  kind: K,
  metadata: Pick<ObjectMeta, 'name' | 'labels' | 'annotations'>,
  spec: unknown,
): Checked<ResourceByKind[K]['spec']> {
  const checked = checkPart<ResourceByKind[K]['spec']>(kind, 'spec', spec);
  const errors = [...metadataErrors(metadata), ...checked.errors];
  return { ...checked, errors: withRules(errors, SPEC_RULES[kind], checked.value) };
}

/** Holds a status against schema and rules. */
export function checkStatus<K extends Kind>(
  kind: K,
  status: unknown,
): Checked<ResourceByKind[K]['status']> {
  const checked = checkPart<ResourceByKind[K]['status']>(kind, 'status', status);
  return { ...checked, errors: withRules(checked.errors, STATUS_RULES[kind], checked.value) };
}

/** Rules may rely on the schema: they are asked only when it holds. */
function withRules<T>(
  errors: readonly FieldError[],
  rules: readonly Rule<T>[],
  value: T,
): readonly FieldError[] {
  if (errors.length > 0) return errors;
  return rules
    .filter((rule) => rule.broken(value))
    .map(({ field, message }) => ({ field, reason: 'FieldValueInvalid', message }));
}

function checkPart<T>(kind: Kind, part: 'spec' | 'status', value: unknown): Checked<T> {
  const schema = KINDS[kind].schema.properties?.[part];
  if (schema === undefined) throw new TypeError(`${kind} has no ${part}`);
  return checkSchema<T>(schema, value, part);
}
