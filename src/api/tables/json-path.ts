// The part of kubectl's JSONPath that printer columns use: .a.b, ['x'], [0], [*], [?(@.type=="Ready")]. A library would bring an
// evaluator for expressions; a path here is only ever looked up.

type Step =
  | { readonly type: 'field'; readonly name: string }
  | { readonly type: 'index'; readonly index: number }
  | { readonly type: 'all' }
  | {
      readonly type: 'filter';
      readonly path: JsonPath;
      readonly isEqual: boolean;
      readonly value: string | number | boolean;
    };

/** Finds the first value at a path; undefined where something on the way is absent. */
export type JsonPath = (value: unknown) => unknown;

/** Reads a path. @throws SyntaxError naming where it stops making sense */
export function parseJsonPath(text: string): JsonPath {
  return toPath(parseSteps(text));
}

/** Each step hands what it finds to the step after it, until one comes to the end. */
function toPath(steps: readonly Step[]): JsonPath {
  return steps.reduceRight<JsonPath>(
    (rest, step) => follow(step, rest),
    (value) => value,
  );
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
      path: parseJsonPath(group(match, 1)),
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

function follow(step: Step, rest: JsonPath): JsonPath {
  switch (step.type) {
    case 'field':
      return (value) =>
        isRecord(value) && Object.hasOwn(value, step.name) ? rest(value[step.name]) : undefined;
    case 'index':
      return (value) => {
        const item: unknown = Array.isArray(value) ? value.at(step.index) : undefined;
        return item === undefined ? undefined : rest(item);
      };
    case 'all':
      return (value) => firstOf(members(value), rest);
    case 'filter':
      return (value) =>
        firstOf(members(value), (item) => {
          const found = step.path(item);
          const passes = found !== undefined && (found === step.value) === step.isEqual;
          return passes ? rest(item) : undefined;
        });
  }
}

function firstOf(items: readonly unknown[], path: JsonPath): unknown {
  for (const item of items) {
    const found = path(item);
    if (found !== undefined) return found;
  }
  return undefined;
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
