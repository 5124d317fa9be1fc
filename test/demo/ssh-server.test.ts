import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { notRun } from '../support/not-run.ts';
import { findSshd, startSshServer } from '../../src/embedded/workloads/ssh-server.ts';
import type { SshServer } from '../../src/embedded/workloads/ssh-server.ts';

const run = promisify(execFile);

async function sshArguments(server: SshServer, folder: string): Promise<readonly string[]> {
  const knownHosts = join(folder, 'known_hosts');
  await writeFile(knownHosts, `[${server.address}]:${String(server.port)} ${server.hostKey}\n`);
  return [
    ...['-F', 'none', '-i', server.keyFile, '-p', String(server.port)],
    ...['-o', 'BatchMode=yes', '-o', 'IdentitiesOnly=yes'],
    ...['-o', `UserKnownHostsFile=${knownHosts}`, '-o', 'StrictHostKeyChecking=yes'],
    `${server.user}@${server.address}`,
  ];
}

describe('startSshServer', function () {
  let sshd = '';
  let folder = '';

  before(async function () {
    const found = await findSshd();
    if (found === undefined) notRun(this, 'no sshd here');
    sshd = found;
  });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'clearway-sshd-'));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  const start = (): Promise<SshServer> =>
    startSshServer({ folder, address: '127.0.0.1', sshd }, AbortSignal.timeout(8000));

  it('lets the holder of the key in and runs commands', async () => {
    const server = await start();
    try {
      const args = await sshArguments(server, folder);

      const { stdout } = await run('ssh', [...args, 'echo it works']);

      expect(stdout).to.equal('it works\n');
    } finally {
      await server.close();
    }
  });

  it('lets nobody in without the key', async () => {
    const server = await start();
    try {
      const args = (await sshArguments(server, folder)).map((arg) =>
        arg === server.keyFile ? '/dev/null' : arg,
      );

      const outcome = await run('ssh', [...args, 'true']).then(
        () => 'in',
        (error: unknown) => (error as { readonly stderr: string }).stderr,
      );

      expect(outcome).to.include('Permission denied (publickey)');
    } finally {
      await server.close();
    }
  });

  it('ends open sessions when it is closed', async () => {
    const server = await start();
    const args = await sshArguments(server, folder);
    const session = spawn('ssh', [...args, 'echo ready; cat'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    await once(session.stdout, 'data');
    const ended = once(session, 'exit', { signal: AbortSignal.timeout(8000) });
    try {
      await server.close();

      expect((await ended)[0]).to.equal(255);
    } finally {
      session.kill('SIGKILL');
    }
  });

  it('says what sshd said when it does not start', async () => {
    const outcome = await startSshServer(
      { folder, address: '127.0.0.1', sshd: '/bin/false' },
      AbortSignal.timeout(8000),
    ).catch((error: unknown) => String(error));

    expect(outcome).to.include('sshd does not answer');
  });
});
