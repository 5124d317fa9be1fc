// The grammar of apimachinery's labels.Parse, with its messages:
//
//   selector    = requirement { "," requirement } | ""
//   requirement = [ "!" ] KEY | KEY ( "in" | "notin" ) "(" VALUE { "," VALUE } ")" | KEY ( "=" | "==" | "!=" | ">" | "<" ) VALUE
//
// A token's `in` and `notin` are operators after a key, and plain words elsewhere.
import { integerProblem, labelKeyProblem, labelValueProblem } from './label-syntax.ts';
import { ApiError } from '../status.ts';

/** Labels of an object; absent when it has none. */
export type Labels = Readonly<Record<string, string>> | undefined;

/** Whether labels are selected. */
export type LabelSelector = (labels: Labels) => boolean;

const BINARY = ['=', '==', '!=', 'in', 'notin', '>', '<'] as const;
type Operator = (typeof BINARY)[number] | 'exists' | 'absent';

interface Requirement {
  readonly key: string;
  readonly operator: Operator;
  readonly values: readonly string[];
}

/** Reads a label selector. @throws ApiError `BadRequest` */
export function parseLabelSelector(text: string): LabelSelector {
  const requirements = new Parser(tokens(text)).parse();
  return (labels) => requirements.every((requirement) => holds(requirement, labels));
}

interface Token {
  readonly type: 'word' | 'symbol' | 'end' | 'error';
  readonly text: string;
}

const SYMBOLS: ReadonlySet<string> = new Set([')', ',', '!', '==', '=', '>', '<', '!=', '(']);
const END: Token = { type: 'end', text: '' };

function tokens(text: string): readonly Token[] {
  const found: Token[] = [];
  const pattern = /[ \t\r\n]*(?:([=!(),<>]+)|([^ \t\r\n=!(),<>]+))/y;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const [, symbols, word] = match;
    if (symbols !== undefined) found.push(...symbolTokens(symbols));
    else found.push({ type: 'word', text: word ?? '' });
  }
  return found;
}

/** The longest symbols first: `!==` is `!=` and `=`. */
function symbolTokens(text: string): readonly Token[] {
  const found: Token[] = [];
  for (let place = 0; place < text.length;) {
    const two = text.slice(place, place + 2);
    const symbol = SYMBOLS.has(two) ? two : text.charAt(place);
    found.push({ type: 'symbol', text: symbol });
    place += symbol.length;
  }
  return found;
}

class Parser {
  readonly #tokens: readonly Token[];
  #place = 0;

  constructor(found: readonly Token[]) {
    this.#tokens = found;
  }

  parse(): readonly Requirement[] {
    const requirements: Requirement[] = [];
    while (this.#ahead.type !== 'end') {
      if (!this.#startsRequirement()) {
        throw bad(`found '${this.#ahead.text}', expected: !, identifier, or 'end of string'`);
      }
      requirements.push(this.#requirement());
      this.#afterRequirement();
    }
    return requirements;
  }

  get #ahead(): Token {
    return this.#tokens[this.#place] ?? END;
  }

  #take(): Token {
    const token = this.#ahead;
    this.#place += 1;
    return token;
  }

  #isAhead(symbol: string): boolean {
    return this.#ahead.type === 'symbol' && this.#ahead.text === symbol;
  }

  #startsRequirement(): boolean {
    return this.#ahead.type === 'word' || this.#isAhead('!');
  }

  #afterRequirement(): void {
    const { type, text } = this.#take();
    if (type === 'end') return;
    if (type !== 'symbol' || text !== ',') {
      throw bad(`found '${text}', expected: ',' or 'end of string'`);
    }
    if (this.#startsRequirement()) return;
    throw bad(`found '${this.#ahead.text}', expected: identifier after ','`);
  }

  #requirement(): Requirement {
    const isNegated = this.#isAhead('!');
    if (isNegated) this.#take();
    const { type, text: key } = this.#take();
    if (type !== 'word') throw badRequirement(`found '${key}', expected: identifier`);
    const problem = labelKeyProblem(key);
    if (problem !== undefined) throw badRequirement(invalid('<nil>', key, problem));
    if (isNegated) return { key, operator: 'absent', values: [] };
    if (this.#ahead.type === 'end' || this.#isAhead(',')) {
      return { key, operator: 'exists', values: [] };
    }
    const operator = this.#operator();
    const values = operator === 'in' || operator === 'notin' ? this.#set() : [this.#value()];
    return checked({ key, operator, values });
  }

  #operator(): Operator {
    const { text } = this.#take();
    const operator = BINARY.find((candidate) => candidate === text);
    if (operator !== undefined) return operator;
    throw badRequirement(`found '${text}', expected: in, notin, =, ==, !=, gt, lt`);
  }

  #value(): string {
    if (this.#ahead.type === 'end' || this.#isAhead(',')) return '';
    const { type, text } = this.#take();
    if (type === 'word') return text;
    throw badRequirement(`found '${text}', expected: identifier`);
  }

  /** Words and commas; an empty place between commas is the empty value. */
  #set(): readonly string[] {
    const opening = this.#take();
    if (opening.text !== '(') throw badRequirement(`found '${opening.text}' expected: '('`);
    const values = new Set([this.#element()]);
    while (this.#isAhead(',')) {
      this.#take();
      values.add(this.#element());
    }
    const { text } = this.#take();
    if (text !== ')') throw badRequirement(`found '${text}', expected: ',' or ')'`);
    return [...values].sort();
  }

  #element(): string {
    if (this.#isAhead(',') || this.#isAhead(')')) return '';
    const { type, text } = this.#take();
    if (type === 'word') return text;
    throw badRequirement(`found '${text}', expected: ',', ')' or identifier`);
  }
}

function checked(requirement: Requirement): Requirement {
  const { key, operator, values } = requirement;
  const problems = values.flatMap((value, index) => {
    const number = operator === '>' || operator === '<' ? integerProblem(value) : undefined;
    const text = labelValueProblem(value);
    return [
      ...(number === undefined ? [] : [invalid(`values[${index}]`, value, number)]),
      ...(text === undefined ? [] : [invalid(`values[${index}][${key}]`, value, text)]),
    ];
  });
  if (problems.length === 0) return requirement;
  throw badRequirement(problems.length === 1 ? String(problems[0]) : `[${problems.join(', ')}]`);
}

function holds({ key, operator, values }: Requirement, labels: Labels): boolean {
  const value = labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined;
  return TESTS[operator](value, values);
}

type Test = (value: string | undefined, values: readonly string[]) => boolean;

const isIn: Test = (value, values) => value !== undefined && values.includes(value);
const isNotIn: Test = (value, values) => !isIn(value, values);

/** What must hold of the value of a label; a label that is absent is equal to nothing. */
const TESTS: Readonly<Record<Operator, Test>> = {
  '=': isIn,
  '==': isIn,
  in: isIn,
  '!=': isNotIn,
  notin: isNotIn,
  exists: (value) => value !== undefined,
  absent: (value) => value === undefined,
  '>': (value, [limit]) => isOrdered(value, '>', limit),
  '<': (value, [limit]) => isOrdered(value, '<', limit),
};

function isOrdered(value: string | undefined, operator: '>' | '<', limit = ''): boolean {
  if (value === undefined || integerProblem(value) !== undefined) return false;
  return operator === '>' ? BigInt(value) > BigInt(limit) : BigInt(value) < BigInt(limit);
}

function invalid(path: string, value: string, problem: string): string {
  return `${path}: Invalid value: ${JSON.stringify(value)}: ${problem}`;
}

function badRequirement(message: string): ApiError {
  return bad(`unable to parse requirement: ${message}`);
}

function bad(message: string): ApiError {
  return new ApiError('BadRequest', message);
}
