import { execFile } from 'node:child_process';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A certificate and its private key, as PEM texts. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** A certificate authority in a folder of the test, which nobody else trusts. */
export class TestAuthority {
  readonly certificate: string;
  readonly #folder: string;
  #count = 0;

  private constructor(folder: string, certificate: string) {
    this.#folder = folder;
    this.certificate = certificate;
  }

  /** Makes one in a new folder `authority` below this one. */
  static async make(folder: string): Promise<TestAuthority> {
    const own = join(folder, 'authority');
    await mkdir(own);
    await openssl(own, [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
      ...['-keyout', 'ca.key', '-out', 'ca.crt', '-days', '30', '-subj', '/CN=Clearway tests'],
    ]);
    return new TestAuthority(own, await readFile(join(own, 'ca.crt'), 'utf8'));
  }

  /** A certificate for localhost, 127.0.0.1 and these names, of an elliptic or RSA key; negative days make one that has ended. */
  async issue({
    days = 30,
    names = [],
    rsa = false,
  }: {
    readonly days?: number;
    readonly names?: readonly string[];
    readonly rsa?: boolean;
  } = {}): Promise<KeyPair> {
    this.#count += 1;
    const name = String(this.#count);
    const kind = rsa ? ['rsa:2048'] : ['ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
    const hosts = ['DNS:localhost', 'IP:127.0.0.1', ...names.map((host) => `DNS:${host}`)];
    await openssl(this.#folder, [
      ...['req', '-new', '-newkey', ...kind, '-nodes', '-keyout', `${name}.key`],
      ...['-out', `${name}.csr`, '-subj', `/CN=${name}`],
      ...['-addext', `subjectAltName=${hosts.join(',')}`],
    ]);
    await openssl(this.#folder, [
      ...['x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.crt', '-CAkey', 'ca.key'],
      ...['-copy_extensions', 'copy', '-days', String(days), '-out', `${name}.crt`],
    ]);
    const read = (ending: string): Promise<string> =>
      readFile(join(this.#folder, `${name}.${ending}`), 'utf8');
    return { certificate: await read('crt'), key: await read('key') };
  }
}

/** Puts a pair into the folder as `tls.crt` and `tls.key`, each in one step. */
export async function putPair(folder: string, pair: Partial<KeyPair>): Promise<void> {
  await mkdir(folder, { recursive: true });
  const files = [
    ['tls.crt', pair.certificate],
    ['tls.key', pair.key],
  ] as const;
  for (const [name, text] of files) {
    if (text === undefined) continue;
    await writeFile(join(folder, `.${name}`), text, { mode: 0o640 });
    await rename(join(folder, `.${name}`), join(folder, name));
  }
}

/** The same key, encrypted with a pass phrase. */
export async function encryptKey(folder: string, key: string): Promise<string> {
  await writeFile(join(folder, 'plain.key'), key, { mode: 0o600 });
  await openssl(folder, ['pkey', '-in', 'plain.key', '-aes256', '-passout', 'pass:x', '-out', 'e']);
  return readFile(join(folder, 'e'), 'utf8');
}

async function openssl(folder: string, args: readonly string[]): Promise<void> {
  await run('openssl', [...args], { cwd: folder });
}
