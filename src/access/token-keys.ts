import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { compactVerify, decodeProtectedHeader } from 'jose';

/** A way to read AUTH_BASE64_JWKS_KEY: the keys that it then holds. */
export interface KeyForm {
  readonly name: 'secret' | 'secret in base64' | 'JWKS in base64';
  readonly keys: readonly TokenKey[];
}

/** A key, and the algorithms that it may be used with: whatever a token says of itself, it is checked with nothing else. */
interface TokenKey {
  readonly key: KeyObject | Uint8Array;
  readonly algorithms: readonly string[];
}

const SECRET_ALGORITHMS = ['HS256', 'HS384', 'HS512'];
const RSA_ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
const CURVE_ALGORITHMS: ReadonlyMap<string, readonly string[]> = new Map([
  ['P-256', ['ES256']],
  ['P-384', ['ES384']],
  ['P-521', ['ES512']],
  ['Ed25519', ['EdDSA', 'Ed25519']],
]);

/** Most keys of a set that are used: each one is work for every token. */
const MOST_KEYS = 16;

/** Every way in which the setting can be read; the caller finds out which one it is. */
export function readKeyForms(setting: string): readonly KeyForm[] {
  const secret = Buffer.from(setting, 'utf8');
  const decoded = /^[\w+/-]+={0,2}$/.test(setting) ? Buffer.from(setting, 'base64') : undefined;
  const forms: readonly KeyForm[] = [
    { name: 'secret', keys: secretKeys(secret) },
    { name: 'secret in base64', keys: secretKeys(decoded) },
    { name: 'JWKS in base64', keys: setKeys(decoded) },
  ];
  return forms.filter(({ keys }) => keys.length > 0);
}

/**
 * Whether a key of this form signed the token (RFC 7515, section 5.2). Never throws.
 *
 * @remarks
 * Neither `kid` nor `jku`, `x5u` or `jwk` of the token's header choose a key: those are the sender's words (RFC 8725, section 3.10).
 */
export async function signed(form: KeyForm, token: string): Promise<boolean> {
  const algorithm = algorithmOf(token);
  for (const { key, algorithms } of form.keys) {
    if (algorithm === undefined || !algorithms.includes(algorithm)) continue;
    const options = { algorithms: [...algorithms] };
    const isSigned = await compactVerify(token, key, options).then(
      () => true,
      () => false,
    );
    if (isSigned) return true;
  }
  return false;
}

function algorithmOf(token: string): string | undefined {
  try {
    return decodeProtectedHeader(token).alg;
  } catch {
    return undefined;
  }
}

function secretKeys(secret: Uint8Array | undefined): readonly TokenKey[] {
  if (secret === undefined || secret.length === 0) return [];
  return [{ key: new Uint8Array(secret), algorithms: SECRET_ALGORITHMS }];
}

/** The keys of a JSON Web Key Set (RFC 7517, section 5), or of a single key. */
function setKeys(text: Buffer | undefined): readonly TokenKey[] {
  const set = parseObject(text?.toString('utf8') ?? '');
  const listed = Array.isArray(set?.['keys']) ? (set['keys'] as readonly unknown[]) : [set];
  return listed.slice(0, MOST_KEYS).flatMap((key) => {
    const read = readKey(key as JsonWebKey | null | undefined);
    return read === undefined ? [] : [read];
  });
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}

function readKey(jwk: JsonWebKey | null | undefined): TokenKey | undefined {
  if (typeof jwk !== 'object' || jwk === null || jwk['use'] === 'enc') return undefined;
  const { kty, alg } = jwk;
  const algorithms = algorithmsFor(jwk).filter((each) => alg === undefined || each === alg);
  if (algorithms.length === 0) return undefined;
  if (kty === 'oct') {
    const secret = typeof jwk.k === 'string' ? Buffer.from(jwk.k, 'base64url') : undefined;
    return secretKeys(secret).map(({ key }) => ({ key, algorithms }))[0];
  }
  return readPublicKey(jwk, algorithms);
}

function readPublicKey(jwk: JsonWebKey, algorithms: readonly string[]): TokenKey | undefined {
  try {
    return { key: createPublicKey({ key: jwk, format: 'jwk' }), algorithms };
  } catch {
    return undefined;
  }
}

function algorithmsFor({ kty, crv }: JsonWebKey): readonly string[] {
  if (kty === 'oct') return SECRET_ALGORITHMS;
  if (kty === 'RSA') return RSA_ALGORITHMS;
  return CURVE_ALGORITHMS.get(crv ?? '') ?? [];
}
