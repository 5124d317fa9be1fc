// What Kubernetes takes as the key and the value of a label, with its messages (apimachinery, api/validate/content).
import { isObjectName } from '../../resources/rules.ts';

const NAME = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const SUBDOMAIN = '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*';
const NAME_MESSAGE = `must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${NAME}')`;
const LONGEST = 63;
const NAME_FORM = new RegExp(`^${NAME}$`);

/** What is wrong with the key of a label; undefined when nothing is. */
export function labelKeyProblem(key: string): string | undefined {
  const parts = key.split('/');
  if (parts.length > 2) {
    return `a valid label key ${NAME_MESSAGE} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`;
  }
  const name = parts.at(-1) ?? '';
  const [prefix] = parts.length === 2 ? parts : [];
  const problems = [...prefixProblems(prefix), ...nameProblems(name)];
  return problems.length === 0 ? undefined : problems.join('; ');
}

function prefixProblems(prefix: string | undefined): readonly string[] {
  if (prefix === undefined || isObjectName(prefix)) return [];
  if (prefix === '') return ['prefix part must be non-empty'];
  const problems: string[] = [];
  if (prefix.length > 253) problems.push('prefix part must be no more than 253 bytes');
  if (!new RegExp(`^${SUBDOMAIN}$`).test(prefix)) {
    problems.push(
      `prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${SUBDOMAIN}')`,
    );
  }
  return problems;
}

function nameProblems(name: string): readonly string[] {
  const problems: string[] = [];
  if (name === '') problems.push('name part must be non-empty');
  if (name.length > LONGEST) problems.push(`name part must be no more than ${LONGEST} bytes`);
  if (!NAME_FORM.test(name)) problems.push(`name part ${NAME_MESSAGE}`);
  return problems;
}

/** What is wrong with the value of a label; undefined when nothing is. */
export function labelValueProblem(value: string): string | undefined {
  const problems: string[] = [];
  if (value.length > LONGEST) problems.push(`must be no more than ${LONGEST} bytes`);
  if (value !== '' && !NAME_FORM.test(value)) {
    problems.push(
      `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(${NAME})?')`,
    );
  }
  return problems.length === 0 ? undefined : problems.join('; ');
}

/** What is wrong with a value that `>` and `<` compare with; undefined when nothing is. */
export function integerProblem(value: string): string | undefined {
  const isInteger =
    /^[+-]?\d{1,19}$/.test(value) && BigInt.asIntN(64, BigInt(value)) === BigInt(value);
  return isInteger ? undefined : "for 'Gt', 'Lt' operators, the value must be an integer";
}
