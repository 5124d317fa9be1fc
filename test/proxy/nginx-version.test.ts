import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { ProxyHarness } from '../support/proxy-harness.ts';

const TOP = resolve(import.meta.dirname, '../..');
const FIXED_PACKAGE = '1.22.1-9+deb12u7';

// T35: nginx with a published hole, and the directive that this hole needs.
describe('nginx against CVE-2026-42945', function () {
  this.timeout(20_000);

  async function restartAs(version: string): Promise<ProxyHarness> {
    const proxy = await ProxyHarness.start({ router: false });
    await proxy.stopSupervisor();
    const bin = join(proxy.folder, 'bin');
    await mkdir(bin);
    const script = `#!/bin/sh
      [ "$1" = -v ] && { echo "nginx version: nginx/${version}" >&2; exit; }
      PATH=$PATH:/usr/sbin
      exec "$(PATH=\${PATH#*:} command -v nginx)" "$@"`;
    await writeFile(join(bin, 'nginx'), script, { mode: 0o755 });
    proxy.lines.length = 0;
    proxy.startSupervisor({ PATH: `${bin}:${process.env['PATH'] ?? ''}` });
    await proxy.untilLine({ message: 'nginx started' });
    return proxy;
  }

  const warnings = ({ lines }: ProxyHarness) =>
    lines.filter(({ message }) => String(message).includes('CVE-2026-42945'));

  for (const version of ['1.18.0', '1.30.0', '1.9.15']) {
    it(`warns of version ${version}`, async () => {
      const proxy = await restartAs(version);

      expect(warnings(proxy).map((line) => line['version'])).to.deep.equal([version]);
      await proxy.stop();
    });
  }

  for (const version of ['1.30.1', '1.31.0', '2.0']) {
    it(`says nothing of version ${version}`, async () => {
      const proxy = await restartAs(version);

      expect(warnings(proxy)).to.deep.equal([]);
      await proxy.stop();
    });
  }

  it('builds the image only with a package that has the fix, which is what the supervisor asks for', async () => {
    const dockerfile = await readFile(join(TOP, 'proxy/Dockerfile'), 'utf8');
    const supervisor = await readFile(join(TOP, 'proxy/supervisor.d/nginx.sh'), 'utf8');

    expect(dockerfile).to.contain(`ge '${FIXED_PACKAGE}'`);
    expect(supervisor).to.contain(`FIXED_PACKAGE=${FIXED_PACKAGE}\n`);
  });

  it('has no rewrite directive in what nginx reads', async () => {
    const proxy = await ProxyHarness.start({ router: false, tcpPorts: 1 });
    await proxy.untilLine({ message: 'nginx started' });
    const files = ['nginx.conf', 'http-listen.conf', 'stream-listen.conf', 'admin.conf'];
    const read = files.map((name) => readFile(join(proxy.runFolder, name), 'utf8'));
    const template = await readFile(join(TOP, 'templates/nginx.conf.hbs'), 'utf8');

    for (const text of [template, ...(await Promise.all(read))])
      expect(text).not.to.match(/(^|[\s;{}])rewrite\s/);
    await proxy.stop();
  });
});
