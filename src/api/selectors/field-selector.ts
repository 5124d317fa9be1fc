// The grammar of apimachinery's fields.ParseSelector, with its messages: terms `field = value`, `==` or `!=`, with commas between
// them; a backslash stands before a comma, an equals sign or a backslash that belongs to a value.
import type { AnyObject, ServedResource } from '../contracts.ts';
import { ApiError } from '../status.ts';

/** Whether an object is selected. */
export type FieldSelector = (object: AnyObject) => boolean;

type Field = (object: AnyObject) => string;

/** Reads a field selector for a resource. @throws ApiError `BadRequest` */
export function parseFieldSelector(text: string, resource: ServedResource): FieldSelector {
  const terms = splitTerms(text)
    .filter((term) => term !== '')
    .sort()
    .map((term) => readTerm(term, text))
    .filter(({ name, value }) => name !== '' || value !== '')
    .map(({ name, ...rest }) => ({ field: fieldOf(name, resource), ...rest }));
  return (object) =>
    terms.every(({ field, isEqual, value }) => (field(object) === value) === isEqual);
}

function fieldOf(name: string, resource: ServedResource): Field {
  if (name === 'metadata.name') return ({ metadata }) => metadata.name;
  if (name === 'metadata.namespace' && resource.namespaced) {
    return ({ metadata }) => metadata.namespace ?? '';
  }
  const field = Object.hasOwn(resource.selectable, name) ? resource.selectable[name] : undefined;
  if (field !== undefined) return field;
  throw new ApiError('BadRequest', `field label not supported: ${name}`);
}

function splitTerms(text: string): readonly string[] {
  return text.match(/(?:\\.|[^,\\]|\\$)+/gsu) ?? [];
}

interface Term {
  readonly name: string;
  readonly isEqual: boolean;
  readonly value: string;
}

function readTerm(term: string, selector: string): Term {
  const match = /^(.*?)(!=|==|=)(.*)$/su.exec(term);
  if (match === null) {
    throw bad(`invalid selector: '${selector}'; can't understand '${term}'`);
  }
  const [, name = '', operator, value = ''] = match;
  return { name, isEqual: operator !== '!=', value: unescapeValue(value) };
}

function unescapeValue(text: string): string {
  return text.replace(/\\[\s\S]?|[,=]/gu, (found) => {
    if (/^\\[\\,=]$/u.test(found)) return found.slice(1);
    if (found.startsWith('\\')) {
      throw bad(`invalid field selector: invalid escape sequence: ${found}`);
    }
    const code = found.charCodeAt(0);
    throw bad(`invalid field selector: unescaped character in value: ${code}`);
  });
}

function bad(message: string): ApiError {
  return new ApiError('BadRequest', message);
}
