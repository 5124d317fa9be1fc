import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { makeRenderer, readTemplates } from '../../src/proxy/render.ts';
import { proxyConfig } from '../../src/proxy/proxy-config.ts';
import { notRun } from '../support/not-run.ts';
import { someSettings } from '../support/some-settings.ts';

const TOP = resolve(import.meta.dirname, '../..');
const run = promisify(execFile);

/** Packages with a published hole, and the first version without it. */
const FIXED = [
  // CVE-2026-42945: memory of a worker is overwritten by a rewrite with a capture and a question mark.
  { name: 'nginx-common', version: '1.22.1-9+deb12u7' },
  // CVE-2024-33452: the body of a HEAD request is read as the next request.
  { name: 'libnginx-mod-http-lua', version: '1:0.10.23-1+deb12u1' },
] as const;

// Attack: holes of nginx and its Lua module that are published and have their fixes.
// Outcome: the image is not built from older packages, and the directive that the worst of them needs is not used at all.
describe('published holes of nginx', () => {
  it('T35: no version and no directive with a known hole is used', async () => {
    const dockerfile = await readFile(resolve(TOP, 'proxy/Dockerfile'), 'utf8');
    for (const { name, version } of FIXED)
      expect(dockerfile).to.contain(
        `dpkg --compare-versions "$(dpkg-query -W -f '\${Version}' ${name})" ge '${version}'`,
      );

    const render = makeRenderer(await readTemplates(resolve(TOP, 'templates')));
    const base = someSettings({ tcp: { address: 'gw.example', start: 30_000, end: 30_003 } });
    const more = {
      trustedProxies: ['10.0.0.0/8'],
      frameAncestors: ['https://a.example'],
      routeDomain: 'apps.example',
    };
    for (const edge of [base.edge, { ...base.edge, ...more }]) {
      const { configuration } = render(proxyConfig({ ...base, edge }, 2));
      const code = configuration.replace(/#.*$/gm, '');
      expect(code).not.to.match(
        /(?:^|[\s;{}])(?:rewrite|if|try_files|alias|auth_request|sub_filter|ssi|dav_methods|mp4|flv)\s/,
      );
    }
  });

  it('T35 on this machine: what the tests run with has the fixes', async function () {
    for (const { name, version } of FIXED) {
      const found = await run('dpkg-query', ['-W', '-f', '${Version}', name]).catch(() =>
        notRun(this, `no package ${name}`),
      );
      await run('dpkg', ['--compare-versions', found.stdout, 'ge', version]);
    }
  });
});
