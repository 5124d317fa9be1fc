/** What Clearway reads of a ClearML token; the signature is the server's business. */
export interface TokenClaims {
  /** Unix time in seconds. */
  readonly expires?: number;
  /** Unix time in seconds. */
  readonly issued?: number;
  /** Unix time in seconds before which the token is not good yet. */
  readonly notBefore?: number;
  /** Company of the account, from the claim `identity`. */
  readonly company?: string;
  /** API version of the server, such as `[2, 34]`. */
  readonly apiVersion?: readonly number[];
}

// Also bounds what is sent to ClearML on behalf of strangers.
const TOKEN_LENGTH = 8_192;
// A signature is always there: without one (RFC 7519, section 6) a token proves nothing.
const TOKEN = /^[\w-]+\.([\w-]+)\.[\w-]+$/;

/** The claims of a token; undefined for text that is not a signed JWT. Never throws. */
export function readClaims(token: string): TokenClaims | undefined {
  if (token.length > TOKEN_LENGTH) return undefined;
  const claims = decode(TOKEN.exec(token)?.[1]);
  if (claims === undefined) return undefined;
  const { api_version: version } = claims;
  const company = companyOf(claims['identity']);
  return {
    ...readTimes(claims),
    ...(typeof version === 'string' ? { apiVersion: version.split('.').map(Number) } : {}),
    ...(company === undefined ? {} : { company }),
  };
}

/** True when the version is the wanted one or newer. */
export function atLeast(
  version: readonly number[] | undefined,
  wanted: readonly number[],
): boolean {
  if (version === undefined || version.some((part) => Number.isNaN(part))) return false;
  for (const [index, part] of wanted.entries()) {
    const own = version[index] ?? 0;
    if (own !== part) return own > part;
  }
  return true;
}

function readTimes(
  claims: Readonly<Record<string, unknown>>,
): Pick<TokenClaims, 'expires' | 'issued' | 'notBefore'> {
  const { exp, iat, nbf } = claims;
  return {
    ...(isTime(exp) ? { expires: exp } : {}),
    ...(isTime(iat) ? { issued: iat } : {}),
    ...(isTime(nbf) ? { notBefore: nbf } : {}),
  };
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function companyOf(identity: unknown): string | undefined {
  const company = (identity as { readonly company?: unknown } | null | undefined)?.company;
  return typeof company === 'string' && company !== '' ? company : undefined;
}

function decode(payload: string | undefined): Readonly<Record<string, unknown>> | undefined {
  if (payload === undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    return typeof claims === 'object' && claims !== null && !Array.isArray(claims)
      ? (claims as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
