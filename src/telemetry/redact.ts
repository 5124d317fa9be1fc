/** What stands in the place of a secret. */
const REDACTED = '[redacted]';

/** Deepest level of a logged object that is looked at; what lies below is left out. */
const MAX_DEPTH = 6;

// A runtime dict holds passwords and keys of its user under names of their own choice.
const SECRET_KEY =
  /^(runtime|authorization|proxy-authorization|(set-)?cookies?|credentials?|jwks|.*(secret|passw|token|api[-_]?key|access[-_]?key|private[-_]?key).*)$/i;

// Not secrets in spite of their names: counts and names of things.
const HARMLESS_KEY = /^(accessTokens?Count|cookieName|tokenExpires|accessToken(Name|Prefix))$/;

const SECRET_TEXT: readonly (readonly [RegExp, string])[] = [
  // JSON Web Tokens: three parts in base64url, the first of which begins with {" .
  [/\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*/g, REDACTED],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]{6,}/g, `$1 ${REDACTED}`],
  // Tokens of the resource API.
  [/\bcwt_[\w-]{8,}/g, REDACTED],
  // Name and password in a URL.
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@"\\]+@/gi, `$1${REDACTED}@`],
];

/** Replaces what looks like a token, a credential header or a URL with a password inside a text. */
export function redactText(text: string): string {
  return SECRET_TEXT.reduce((result, [pattern, by]) => result.replace(pattern, by), text);
}

/** A copy of what is to be logged in which everything under a secret's name is replaced. */
export function redactFields(
  fields: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  return redactObject(fields, 0);
}

/** An error as plain data: name, code, message, stack, details and causes, without secrets. */
export function describeError(error: unknown): unknown {
  return redactValue(error, 0);
}

function redactObject(
  fields: Readonly<Record<string, unknown>>,
  depth: number,
): Record<string, unknown> {
  const entries = Object.entries(fields).map(([key, value]) => {
    const isSecret = SECRET_KEY.test(key) && !HARMLESS_KEY.test(key) && value !== undefined;
    return [key, isSecret ? REDACTED : redactValue(value, depth + 1)] as const;
  });
  return Object.fromEntries(entries);
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (depth > MAX_DEPTH) return '[too deep]';
  if (Array.isArray(value)) return value.map((item) => redactValue(item, depth + 1));
  if (value instanceof Error) return redactError(value, depth);
  if (isOpaque(value)) return `[${value.constructor.name}]`;
  return redactObject(value as Readonly<Record<string, unknown>>, depth);
}

function isOpaque(value: object): boolean {
  return value instanceof Map || value instanceof Set || ArrayBuffer.isView(value);
}

function redactError(error: Error, depth: number): Record<string, unknown> {
  const { name, message, stack, cause } = error;
  const fields: Record<string, unknown> = { type: name, message, stack };
  for (const key of ['code', 'outcome', 'details'] as const) {
    if (key in error) fields[key] = (error as unknown as Record<string, unknown>)[key];
  }
  const described = redactObject(fields, depth);
  return cause === undefined ? described : { ...described, cause: redactValue(cause, depth + 1) };
}
