import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { notRun } from '../support/not-run.ts';
import { tempFolder } from '../support/temp-folder.ts';

const run = promisify(execFile);

const ENTRYPOINT = resolve(import.meta.dirname, '../../compose/router-entrypoint');
const ROUTER = 65_532;
const PROXY = 65_533;

/** The rights that compose/docker-compose.yml leaves to root. */
const RIGHTS = '-all,+chown,+setgid,+setuid';

describe('the entrypoint of the router', function () {
  it('hands copied certificates to router and proxy, and to nobody else', async function () {
    if (process.getuid?.() !== 0) notRun(this, 'root is needed');
    await using folder = await tempFolder();
    await chmod(folder.path, 0o755);
    const nginx = join(folder.path, 'nginx');
    const tls = join(nginx, 'tls');
    await mkdir(tls, { recursive: true, mode: 0o700 });
    for (const [name, mode] of [['tls.crt', 0o644] as const, ['tls.key', 0o600] as const])
      await writeFile(join(tls, name), name, { mode });
    await chown(nginx, ROUTER, ROUTER);
    await chmod(nginx, 0o2750);

    // What comes after the owners were put right is not there on this machine.
    await run('setpriv', [`--bounding-set=${RIGHTS}`, ENTRYPOINT, 'check'], {
      env: { PATH: process.env['PATH'], CLEARWAY_NGINX_FOLDER: nginx },
    }).catch(() => undefined);

    for (const name of ['.', 'tls.crt', 'tls.key']) {
      const { uid, gid } = await stat(join(tls, name));
      expect([uid, gid], name).to.deep.equal([ROUTER, ROUTER]);
    }
    expect((await stat(join(tls, 'tls.key'))).mode & 0o777).to.equal(0o640);
    const asProxy = [`--reuid=${PROXY}`, `--regid=${ROUTER}`, '--clear-groups', 'cat'];
    expect((await run('setpriv', [...asProxy, join(tls, 'tls.key')])).stdout).to.equal('tls.key');
    const asOther = ['--reuid=65534', '--regid=65534', '--clear-groups', 'cat'];
    const refused = await run('setpriv', [...asOther, join(tls, 'tls.key')]).catch(() => 'refused');
    expect(refused).to.equal('refused');
  });
});
