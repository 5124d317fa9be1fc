import { createHmac, timingSafeEqual } from 'node:crypto';
import { isDict, type Dict } from './json.ts';

const DIGESTS: Readonly<Record<string, string>> = {
  HS256: 'sha256',
  HS384: 'sha384',
  HS512: 'sha512',
};

/** Signs claims as ClearML does: HS256 with the bytes of the secret (protocol 4.1). */
export function signToken(claims: Dict, secret: string, algorithm = 'HS256'): string {
  const head = encode({ alg: algorithm, typ: 'JWT' });
  const body = encode(claims);
  return `${head}.${body}.${signature(`${head}.${body}`, secret, algorithm)}`;
}

/** The claims of a token, or why it is no good. */
export type TokenCheck = { readonly claims: Dict } | { readonly fault: string };

/** Checks signature and times of a token; revocation and identity are the caller's. */
export function checkToken(token: string, secret: string, nowSeconds: number): TokenCheck {
  const parts = token.split('.');
  if (parts.length !== 3) return { fault: 'Not enough segments' };
  const [head = '', body = '', sign = ''] = parts;
  const header = decode(head);
  const claims = decode(body);
  if (header === undefined || claims === undefined) return { fault: 'Invalid header padding' };
  const algorithm = String(header['alg']);
  if (DIGESTS[algorithm] === undefined) return { fault: 'The specified alg value is not allowed' };
  if (!same(sign, signature(`${head}.${body}`, secret, algorithm))) {
    return { fault: 'Signature verification failed' };
  }
  const late = timeFault(claims, nowSeconds);
  return late === undefined ? { claims } : { fault: late };
}

function timeFault(claims: Dict, nowSeconds: number): string | undefined {
  const { exp, nbf, iat } = claims;
  if (exp !== undefined && !(Number(exp) > nowSeconds)) return 'Signature has expired';
  if (nbf !== undefined && Number(nbf) > nowSeconds) return 'The token is not yet valid (nbf)';
  if (iat !== undefined && Number(iat) > nowSeconds) return 'The token is not yet valid (iat)';
  return undefined;
}

function signature(text: string, secret: string, algorithm: string): string {
  const digest = DIGESTS[algorithm] ?? 'sha256';
  return createHmac(digest, secret).update(text).digest('base64url');
}

function same(given: string, expected: string): boolean {
  const a = Buffer.from(given);
  const b = Buffer.from(expected);
  return a.length === b.length && timingSafeEqual(a, b);
}

function encode(value: Dict): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function decode(part: string): Dict | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return isDict(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
