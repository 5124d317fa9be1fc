import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, constants, mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { createServer, connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { descendantsOf, isAlive, sendSignal } from './process-tree.ts';
import type { Workload } from './workload.ts';

/** A running OpenSSH server and what a client needs to get in. */
export interface SshServer extends Workload {
  /** Name to log in with: the user that runs the server. */
  readonly user: string;
  /** Path of the private key that is let in. */
  readonly keyFile: string;
  /** `<type> <base64>` of the server's own key, for a known_hosts file. */
  readonly hostKey: string;
}

/** Where a {@link startSshServer} keeps its files and listens. */
export interface SshServerOptions {
  /** An existing folder of its own, which only this user can read. */
  readonly folder: string;
  /** Loopback address to listen on; any free port is taken. */
  readonly address: string;
  /** Path of sshd, for example from {@link findSshd}. */
  readonly sshd: string;
}

/** What the configuration of the server depends on. */
export interface SshdFacts {
  readonly folder: string;
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** True when PAM has to vouch for the user, see {@link isLocked}. */
  readonly usePam: boolean;
}

const run = promisify(execFile);
const READY_MS = 10_000;
const GRACE_MS = 2000;

/** Finds OpenSSH's server on this machine; undefined when it is not installed. */
export async function findSshd(): Promise<string | undefined> {
  for (const path of ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/usr/bin/sshd']) {
    try {
      await access(path, constants.X_OK);
      return path;
    } catch {
      continue;
    }
  }
  return undefined;
}

/** Writes the text of sshd_config: one user, one key, no passwords, nothing forwarded. */
export function sshdConfig(facts: SshdFacts): string {
  const file = (name: string): string => `"${join(facts.folder, name)}"`;
  return [
    `ListenAddress ${facts.address}`,
    `Port ${String(facts.port)}`,
    `HostKey ${file('host_key')}`,
    'PidFile none',
    `AllowUsers ${facts.user}`,
    `AuthorizedKeysFile ${file('authorized_keys')}`,
    'AuthenticationMethods publickey',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin prohibit-password',
    `UsePAM ${facts.usePam ? 'yes' : 'no'}`,
    // The keys live in a folder below /tmp, which StrictModes does not accept.
    'StrictModes no',
    'DisableForwarding yes',
    'PrintLastLog no',
    'Subsystem sftp internal-sftp',
    '',
  ].join('\n');
}

/**
 * True when this user's password is locked in the text of /etc/shadow: sshd then lets nobody in as
 * that user, with a key neither, unless PAM is asked (sshd(8), "Login process").
 */
export function isLocked(shadow: string, user: string): boolean {
  const line = shadow.split('\n').find((entry) => entry.startsWith(`${user}:`));
  return line?.split(':')[1]?.startsWith('!') === true;
}

/**
 * Starts OpenSSH's server in the foreground with keys and a configuration of its own.
 *
 * @throws Error when it does not listen within ten seconds, with its last words.
 */
export async function startSshServer(
  options: SshServerOptions,
  signal: AbortSignal,
): Promise<SshServer> {
  const { folder, address, sshd } = options;
  const user = userInfo().username;
  const [hostKey] = await Promise.all([makeKey(folder, 'host_key'), makeKey(folder, 'user_key')]);
  await writeFile(
    join(folder, 'authorized_keys'),
    await readFile(join(folder, 'user_key.pub'), 'utf8'),
  );
  const port = await freePort(address);
  const usePam = isLocked(await readFile('/etc/shadow', 'utf8').catch(() => ''), user);
  const config = join(folder, 'sshd_config');
  await writeFile(config, sshdConfig({ folder, address, port, user, usePam }));
  await makeRunFolder();
  const child = await spawnSshd(sshd, config, join(folder, 'sshd.log'));
  try {
    await waitForBanner(child, { address, port, log: join(folder, 'sshd.log') }, signal);
  } catch (error) {
    await stop(child);
    throw error;
  }
  const keyFile = join(folder, 'user_key');
  return { address, port, user, keyFile, hostKey, close: () => stop(child) };
}

async function makeKey(folder: string, name: string): Promise<string> {
  const file = join(folder, name);
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'clearway-demo', '-f', file]);
  const parts = (await readFile(`${file}.pub`, 'utf8')).split(' ');
  return parts.slice(0, 2).join(' ');
}

async function freePort(address: string): Promise<number> {
  const server = createServer().listen(0, address);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Debian's sshd wants this folder, which the service's start-up makes where there is one. */
async function makeRunFolder(): Promise<void> {
  if (userInfo().uid === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
}

async function spawnSshd(sshd: string, config: string, log: string): Promise<ChildProcess> {
  const file = await open(log, 'a', 0o600);
  try {
    // A process group of its own: an interrupt typed at the terminal is not for it. It ends with this
    // process even when that is killed: setpriv becomes sshd, the pid is its own.
    const child = spawn('setpriv', ['--pdeathsig', 'TERM', sshd, '-D', '-e', '-f', config], {
      stdio: ['ignore', file.fd, file.fd],
      detached: true,
    });
    await once(child, 'spawn');
    return child;
  } finally {
    await file.close();
  }
}

async function waitForBanner(
  child: ChildProcess,
  place: { readonly address: string; readonly port: number; readonly log: string },
  signal: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + READY_MS;
  while (!(await answers(place.address, place.port))) {
    if (child.exitCode !== null || child.signalCode !== null || Date.now() > deadline) {
      const words = (await readFile(place.log, 'utf8')).trim().split('\n').slice(-5).join('\n');
      throw new Error(`sshd does not answer: ${words}`);
    }
    await sleep(50, undefined, { signal });
  }
}

async function answers(address: string, port: number): Promise<boolean> {
  const socket = connect(port, address);
  try {
    const [data] = (await once(socket, 'data', { signal: AbortSignal.timeout(2000) })) as [Buffer];
    return data.toString('latin1').startsWith('SSH-');
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Ends the server and every session: each connection is a process group of its own (setsid(2)). */
async function stop(child: ChildProcess): Promise<void> {
  const { pid } = child;
  if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  // A stopped listener starts no session while they are counted.
  sendSignal(pid, 'SIGSTOP');
  const sessions = await descendantsOf(pid);
  for (const session of sessions) sendSignal(session, 'SIGTERM');
  sendSignal(pid, 'SIGKILL');
  await exited;
  const deadline = Date.now() + GRACE_MS;
  for (const session of sessions) {
    while ((await isAlive(session)) && Date.now() < deadline) await sleep(20);
    sendSignal(session, 'SIGKILL');
  }
}
