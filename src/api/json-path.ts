// The part of kubectl's JSONPath that printer columns use: .a.b, ['x'], [0], [*], [?(@.type=="Ready")]. A library would bring an
// evaluator for expressions; a path here is only ever looked up.

type Step =
  | { readonly type: 'field'; readonly name: string }
  | { readonly type: 'index'; readonly index: number }
  | { readonly type: 'all' }
  | {
      readonly type: 'filter';
      readonly path: readonly Step[];
      readonly isEqual: boolean;
      readonly value: string | number | boolean;
    };

/** Finds the values at a path, in order; none where something on the way is absent. */
export type JsonPath = (value: unknown) => readonly unknown[];

/** Reads a path. @throws SyntaxError naming where it stops making sense */
export function parseJsonPath(text: string): JsonPath {
  const steps = parseSteps(text);
  return (value) => steps.reduce<readonly unknown[]>(follow, [value]);
}

/** In the order in which they are tried. */
const FORMS: readonly (readonly [form: RegExp, toStep: (match: RegExpExecArray) => Step])[] = [
  [/\.\*|\[\*\]/y, () => ({ type: 'all' })],
  [/\.((?:\\.|[^.[\]\\])+)/y, (match) => ({ type: 'field', name: unescape(group(match, 1)) })],
  [/\['((?:\\.|[^'\\])*)'\]/y, (match) => ({ type: 'field', name: unescape(group(match, 1)) })],
  [/\[(-?\d+)\]/y, (match) => ({ type: 'index', index: Number(group(match, 1)) })],
  [
    /\[\?\(\s*@((?:\.[\w-]+)+)\s*(==|!=)\s*("[^"]*"|'[^']*'|-?\d+|true|false)\s*\)\]/y,
    (match) => ({
      type: 'filter',
      path: parseSteps(group(match, 1)),
      isEqual: group(match, 2) === '==',
      value: literal(group(match, 3)),
    }),
  ],
];

function parseSteps(text: string): readonly Step[] {
  const steps: Step[] = [];
  let place = 0;
  while (place < text.length) {
    const [step, length] = readStep(text, place);
    steps.push(step);
    place += length;
  }
  return steps;
}

function readStep(text: string, place: number): readonly [step: Step, length: number] {
  for (const [form, toStep] of FORMS) {
    form.lastIndex = place;
    const match = form.exec(text);
    if (match !== null) return [toStep(match), match[0].length];
  }
  throw new SyntaxError(`the JSONPath ${text} makes no sense from character ${place} on`);
}

function follow(values: readonly unknown[], step: Step): readonly unknown[] {
  return values.flatMap((value) => next(value, step));
}

function next(value: unknown, step: Step): readonly unknown[] {
  switch (step.type) {
    case 'field':
      return isRecord(value) && Object.hasOwn(value, step.name) ? [value[step.name]] : [];
    case 'index':
      return Array.isArray(value) && value.at(step.index) !== undefined
        ? [value.at(step.index)]
        : [];
    case 'all':
      return members(value);
    case 'filter':
      return members(value).filter((item) => {
        const [found] = step.path.reduce<readonly unknown[]>(follow, [item]);
        return found !== undefined && (found === step.value) === step.isEqual;
      });
  }
}

function members(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return isRecord(value) ? Object.values(value) : [];
}

function literal(text: string): string | number | boolean {
  if (text.startsWith('"') || text.startsWith("'")) return text.slice(1, -1);
  if (text === 'true' || text === 'false') return text === 'true';
  return Number(text);
}

function unescape(text: string): string {
  return text.replace(/\\(.)/g, '$1');
}

function group(match: RegExpExecArray, number: number): string {
  return match[number] ?? '';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
