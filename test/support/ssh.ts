import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './docker-harness.ts';

/** A key that SSH servers of tests let in. */
export interface SshKey {
  readonly file: string;
  /** One line, as authorized_keys wants it. */
  readonly publicKey: string;
}

/** Makes a key in a folder. */
export async function makeSshKey(folder: string): Promise<SshKey> {
  const file = join(folder, 'key');
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'clearway-test', '-f', file]);
  return { file, publicKey: (await readFile(`${file}.pub`, 'utf8')).trim() };
}

/** Runs a command over SSH on a port of this machine as root, with a key, and gives the bytes that it printed. */
export function ssh(
  place: { readonly port: number; readonly key: SshKey },
  command: string,
  input?: Buffer,
): Promise<Buffer> {
  const options = [
    'BatchMode=yes',
    'ConnectTimeout=5',
    'LogLevel=ERROR',
    'StrictHostKeyChecking=no',
    'UserKnownHostsFile=/dev/null',
  ].flatMap((option) => ['-o', option]);
  const where = ['-i', place.key.file, '-p', String(place.port), 'root@127.0.0.1'];
  return new Promise((resolve, reject) => {
    const child = spawn('ssh', ['-F', 'none', ...options, ...where, command]);
    const out: Buffer[] = [];
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    child.stdin.on('error', () => undefined).end(input);
    child.once('error', reject).once('close', (code) => {
      if (code === 0) resolve(Buffer.concat(out));
      else reject(new Error(`ssh ended with ${String(code)}: ${errors}`));
    });
  });
}
