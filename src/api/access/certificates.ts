import { randomBytes, webcrypto } from 'node:crypto';
import type * as X509 from '@peculiar/x509';

/** A certificate and its private key, both as PEM; the key is a secret. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

const CURVE = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' } as const;

const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 3_650;
const SERVER_DAYS = 365;
/** Clocks of client and router need not agree to the minute. */
const EARLY_MS = 3_600_000;

/** Names under which the API is reached: it is on loopback, and behind nothing else. */
const SERVER_NAMES = [
  { type: 'dns', value: 'localhost' },
  { type: 'ip', value: '127.0.0.1' },
  { type: 'ip', value: '::1' },
] as const;

/** Makes a certificate authority (RFC 5280): EC P-256, ten years. `nowMs` is Unix time in ms. */
export async function makeAuthority(nowMs: number): Promise<KeyPair> {
  const library = await loadX509();
  const keys = await webcrypto.subtle.generateKey(CURVE, true, ['sign', 'verify']);
  const { BasicConstraintsExtension, KeyUsagesExtension, SubjectKeyIdentifierExtension } = library;
  const certificate = await library.X509CertificateGenerator.createSelfSigned({
    ...frame(nowMs, AUTHORITY_DAYS),
    // Two authorities never have one name: whoever trusts a former one hears that this is another.
    name: `CN=Clearway resource API ${randomBytes(4).toString('hex')}`,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(
        library.KeyUsageFlags.keyCertSign | library.KeyUsageFlags.cRLSign,
        true,
      ),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: certificate.toString('pem'), key: await exportKey(keys.privateKey) };
}

/** Makes a server certificate for loopback that the authority signs: EC P-256, one year. */
export async function issueServerPair(authority: KeyPair, nowMs: number): Promise<KeyPair> {
  const library = await loadX509();
  const issuer = new library.X509Certificate(authority.certificate);
  const keys = await webcrypto.subtle.generateKey(CURVE, true, ['sign', 'verify']);
  const extensions: readonly X509.Extension[] = [
    new library.BasicConstraintsExtension(false, undefined, true),
    new library.KeyUsagesExtension(library.KeyUsageFlags.digitalSignature, true),
    new library.ExtendedKeyUsageExtension([library.ExtendedKeyUsage.serverAuth]),
    new library.SubjectAlternativeNameExtension([...SERVER_NAMES]),
    await library.SubjectKeyIdentifierExtension.create(keys.publicKey),
    await library.AuthorityKeyIdentifierExtension.create(issuer),
  ];
  const certificate = await library.X509CertificateGenerator.create({
    ...frame(nowMs, SERVER_DAYS),
    subject: 'CN=localhost',
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.key),
    extensions: [...extensions],
  });
  return { certificate: certificate.toString('pem'), key: await exportKey(keys.privateKey) };
}

function frame(
  nowMs: number,
  days: number,
): Pick<
  Parameters<typeof X509.X509CertificateGenerator.create>[0],
  'serialNumber' | 'notBefore' | 'notAfter' | 'signingAlgorithm'
> {
  return {
    // The first byte is below 0x80 and not 0: a positive number of full length.
    serialNumber: `4${randomBytes(16).toString('hex').slice(1)}`,
    notBefore: new Date(nowMs - EARLY_MS),
    notAfter: new Date(nowMs + days * DAY_MS),
    signingAlgorithm: SIGNATURE,
  };
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const bytes = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`;
}

async function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const bytes = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  return webcrypto.subtle.importKey('pkcs8', bytes, CURVE, false, ['sign']);
}

/** Loaded when it is needed: it takes a tenth of a second, which no other command should wait for. */
async function loadX509(): Promise<typeof X509> {
  await import('reflect-metadata');
  return import('@peculiar/x509');
}
