import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { putPair, TestAuthority } from '../support/certificates.ts';
import { eventually } from '../support/eventually.ts';
import { notRun } from '../support/not-run.ts';
import { ProxyHarness } from '../support/proxy-harness.ts';
import { tempFolder } from '../support/temp-folder.ts';

const run = promisify(execFile);

const PROXY_UID = 65_533;
const GROUP = 65_532;

/** Words that run a command as the image does when it is not root: in a network of its own, with these capabilities. */
function asProxy(capabilities: string): string[] {
  return [
    ...['unshare', '--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', 'setpriv'],
    ...[`--reuid=${PROXY_UID}`, `--regid=${GROUP}`, '--clear-groups', '--no-new-privs'],
    ...['inh-caps', 'ambient-caps', 'bounding-set'].map((name) => `--${name}=${capabilities}`),
  ];
}

describe('port 443 without root', function () {
  this.timeout(30_000);
  let proxy: ProxyHarness;
  let folder: Awaited<ReturnType<typeof tempFolder>>;
  let authority: TestAuthority;

  before(async function () {
    if (process.getuid?.() !== 0) notRun(this, 'root is needed');
    const outcome = await run('unshare', ['--net', 'ip', 'link']).catch(() => undefined);
    if (outcome === undefined) notRun(this, 'no network namespace can be made');
    folder = await tempFolder();
    authority = await TestAuthority.make(folder.path);
    proxy = await ProxyHarness.start();
    await proxy.stopSupervisor();
    const tls = join(proxy.nginxFolder, 'tls');
    await putPair(tls, await authority.issue());
    await proxy.render({ listenPort: 443 });
    await chmod(proxy.folder, 0o755);
    const names = ['', 'nginx.conf', 'proxy.env', 'snapshot.json', 'router.sock'];
    const files = [...names, 'tls', 'tls/tls.crt', 'tls/tls.key'];
    for (const name of files) await chown(join(proxy.nginxFolder, name), 0, GROUP);
    await chmod(tls, 0o750);
  });

  beforeEach(async () => {
    await rm(proxy.runFolder, { recursive: true });
    await mkdir(proxy.runFolder);
    await chown(proxy.runFolder, PROXY_UID, GROUP);
    proxy.lines.length = 0;
  });

  afterEach(() => proxy.stopSupervisor());

  after(async () => {
    // A suite that was not run has started nothing.
    await (proxy as ProxyHarness | undefined)?.stop();
    await (folder as typeof folder | undefined)?.[Symbol.asyncDispose]();
  });

  /** Asks from inside the network of the proxy. */
  async function ask(url: string): Promise<string> {
    const file = join(folder.path, 'ca.crt');
    await writeFile(file, authority.certificate);
    const script = `fetch('${url}').then((a) => a.text()).then((text) => process.stdout.write(text))`;
    const inside = [`--net=/proc/${proxy.supervisorPid}/ns/net`, process.execPath, '-e', script];
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: file };
    return (await run('nsenter', inside, { env })).stdout;
  }

  it('is taken and served with the capability NET_BIND_SERVICE and no other', async () => {
    proxy.startSupervisor({}, asProxy('-all,+net_bind_service'));

    await proxy.untilLine({ message: 'nginx started', port: '443', tls: 'on' });
    for (const pid of [proxy.supervisorPid, await proxy.nginxPid()]) {
      const status = await readFile(`/proc/${pid}/status`, 'utf8');
      expect(status).to.match(/^Uid:\s65533\s65533\s65533\s65533$/m);
      expect(status).to.match(/^CapEff:\s0000000000000400$/m);
      expect(status).to.match(/^CapBnd:\s0000000000000400$/m);
    }
    expect(await ask('https://localhost/_clearway/healthz')).to.equal('ok\n');
  });

  it('is refused without it, and the reason is said', async () => {
    proxy.startSupervisor({}, asProxy('-all'));

    await proxy.untilLine({ message: 'nginx refuses the configuration' });

    await eventually(() => {
      const reason = proxy.lines.find(({ message }) => /NET_BIND_SERVICE/.test(String(message)));
      expect(reason?.['port']).to.equal('443');
      expect(reason?.['level']).to.equal('error');
    });
  });

  it('is not served with a key that only others may read', async () => {
    const key = join(proxy.nginxFolder, 'tls/tls.key');
    await chmod(key, 0o600);

    proxy.startSupervisor({}, asProxy('-all,+net_bind_service'));

    const line = await proxy.untilLine({
      message: 'certificate and key cannot be used; nginx is not started without them',
    });
    expect(line['problem']).to.equal(`${key} cannot be read by uid 65533, group 65532`);
    await chmod(key, 0o640);
    await proxy.untilLine({ message: 'nginx started' }, 15_000);
  });

  it('is not served from a folder that cannot be entered', async () => {
    const tls = join(proxy.nginxFolder, 'tls');
    await chmod(tls, 0o700);

    proxy.startSupervisor({}, asProxy('-all,+net_bind_service'));

    const line = await proxy.untilLine({
      message: 'certificate and key cannot be used; nginx is not started without them',
    });
    expect(line['problem']).to.equal(`${tls} cannot be entered by uid 65533, group 65532`);
    await chmod(tls, 0o750);
  });
});
