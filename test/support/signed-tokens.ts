import { createHmac, createSign, type KeyObject } from 'node:crypto';

type Fields = Readonly<Record<string, unknown>>;

/** Text in the shape of a JWT with this signature, whatever that is. */
export function withSignature(
  header: Fields,
  claims: Fields,
  sign: (signed: string) => string,
): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part(header)}.${part(claims)}`;
  return `${signed}.${sign(signed)}`;
}

/** A token with a secret: HS256, HS384 or HS512 by its header. */
export function bySecret(secret: string | Uint8Array, claims: Fields, header: Fields = {}): string {
  const full = { alg: 'HS256', typ: 'JWT', ...header } as const;
  const digest = `sha${full.alg.slice(2)}`;
  const known = ['sha256', 'sha384', 'sha512'].includes(digest) ? digest : 'sha256';
  return withSignature(full, claims, (signed) =>
    createHmac(known, secret).update(signed).digest('base64url'),
  );
}

/** A token with a private key: RS256, or ES256 for a key of P-256. */
export function byKey(key: KeyObject, claims: Fields, header: Fields = {}): string {
  const alg = key.asymmetricKeyType === 'ec' ? 'ES256' : 'RS256';
  return withSignature({ alg, typ: 'JWT', ...header }, claims, (signed) =>
    createSign('sha256')
      .update(signed)
      .sign({ key, dsaEncoding: 'ieee-p1363' })
      .toString('base64url'),
  );
}
