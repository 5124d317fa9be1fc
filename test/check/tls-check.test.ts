import { chmod, chown, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Finding } from '../../src/check/contract.ts';
import { TLS_CHECKS } from '../../src/check/tls-checks.ts';
import type { Settings } from '../../src/settings.ts';
import { encryptKey, putPair, TestAuthority, type KeyPair } from '../support/certificates.ts';
import { notRun } from '../support/not-run.ts';
import { someSettings } from '../support/some-settings.ts';
import { tempFolder } from '../support/temp-folder.ts';

const GROUP = 65_532;

describe('check of TLS', () => {
  let folder: Awaited<ReturnType<typeof tempFolder>>;
  let authority: TestAuthority;
  let pair: KeyPair;

  before(async () => {
    folder = await tempFolder();
    authority = await TestAuthority.make(folder.path);
    pair = await authority.issue({ names: ['gateway.example', '*.apps.example'] });
  });
  after(() => folder[Symbol.asyncDispose]());

  const tls = (): string => join(folder.path, 'nginx/tls');

  beforeEach(async () => {
    await rm(tls(), { recursive: true, force: true });
    await mkdir(tls(), { recursive: true });
  });

  interface Case {
    readonly url?: string;
    readonly edge?: Partial<Settings['edge']>;
    readonly inContainer?: boolean;
    readonly now?: number;
  }

  async function findings(about: Case = {}): Promise<readonly Finding[]> {
    const { url = 'https://gateway.example', edge = {}, inContainer = false } = about;
    const settings = someSettings({
      router: { name: 'test', url, namespace: 'default' },
      edge: { allowedHosts: [], trustedProxies: [], corsOrigins: [], ...edge },
      folders: { nginx: join(folder.path, 'nginx'), state: folder.path },
    });
    const machine = {
      inContainer,
      sysctlFolder: '',
      now: () => about.now ?? Date.now(),
      resolve: () => Promise.reject(new Error('asked a resolver')),
      newLabel: () => 'never-used',
    };
    const parsed = { kind: 'settings', settings, warnings: [] } as const;
    const [check] = TLS_CHECKS;
    if (check === undefined) throw new Error('there is no check');
    return check.run({ parsed, api: undefined, machine }, new AbortController().signal);
  }

  const said = async (about?: Case) =>
    (await findings(about)).map(({ level, message }) => `${level}: ${message}`);

  it('is content without a certificate, and says who else must speak TLS', async () => {
    const plain = `ok: no certificate in ${tls()}: the proxy speaks plain HTTP`;

    expect(await said({ url: 'http://gateway.example' })).to.deep.equal([plain]);
    expect(await said()).to.deep.equal([
      `${plain}, so that something in front of it has to speak TLS for ROUTER_URL`,
    ]);
  });

  it('is content with a pair that fits, holds, and names the hosts', async () => {
    await putPair(tls(), pair);

    expect(await said({ edge: { routeDomain: 'apps.example' } })).to.deep.equal([
      `ok: ${join(tls(), 'tls.crt')} can be served`,
    ]);
    expect(await said({ url: 'https://127.0.0.1:8443' })).to.have.length(1);
  });

  it('asks for the other half of a pair', async () => {
    await putPair(tls(), { certificate: pair.certificate });

    const key = join(tls(), 'tls.key');
    expect(await said()).to.deep.equal([
      `fail: ${key} cannot be read (ENOENT); the proxy starts only with certificate and key`,
    ]);
  });

  it('fails for a pair that was set and is not there, but cannot tell from another container', async () => {
    const edge = { tls: { certificate: '/nonexistent/tls.crt', key: '/nonexistent/tls.key' } };

    expect((await said({ edge })).map((line) => line.slice(0, 5))).to.deep.equal([
      'fail:',
      'fail:',
    ]);
    expect(await said({ edge, inContainer: true })).to.deep.equal([
      'skip: /nonexistent/tls.crt is not seen here; the proxy has folders of its own',
    ]);
  });

  it('says what is wrong with certificate and key', async () => {
    const other = await authority.issue();
    const encrypted = await encryptKey(folder.path, pair.key);
    const wrong: readonly (readonly [Partial<KeyPair>, string])[] = [
      [{ certificate: 'nothing' }, 'fail: the certificate is not one in PEM form'],
      [{ key: 'nothing' }, 'fail: the key is not a private key in PEM form, or is encrypted'],
      [{ key: encrypted }, 'fail: the key is not a private key in PEM form, or is encrypted'],
      [{ key: other.key }, 'fail: the key does not belong to the certificate'],
    ];

    for (const [change, message] of wrong) {
      await putPair(tls(), { ...pair, ...change });
      expect(await said()).to.deep.equal([message]);
    }
  });

  it('says when the certificate holds', async () => {
    await putPair(tls(), pair);
    const day = 86_400_000;
    const at = async (days: number): Promise<string> =>
      (await said({ now: Date.now() + days * day })).join().replace(/\d{4}-\S+Z/, 'TIME');

    expect(await at(15)).to.match(/^ok:/);
    expect(await at(17)).to.equal('warn: the certificate ends soon, at TIME');
    expect(await at(31)).to.equal('fail: the certificate ended at TIME');
    expect(await at(-1)).to.equal('fail: the certificate holds only from TIME on');
  });

  it('says which hosts it does not name, and that the URL is not https', async () => {
    await putPair(tls(), pair);

    const edge = { routeDomain: 'other.example' };
    expect(await said({ url: 'https://other.example', edge })).to.deep.equal([
      'warn: the certificate does not name other.example',
      'warn: the certificate does not name *.other.example',
    ]);
    expect(await said({ url: 'http://gateway.example' })).to.deep.equal([
      'warn: the proxy speaks TLS, and ROUTER_URL says http://',
    ]);
  });

  it('says what the proxy of the image may not read', async function () {
    if (process.getuid?.() !== 0) notRun(this, 'root is needed');
    const key = join(tls(), 'tls.key');
    await putPair(tls(), pair);
    for (const name of ['.', 'tls.crt', 'tls.key']) await chown(join(tls(), name), 0, GROUP);
    await chmod(tls(), 0o750);
    expect(await said({ inContainer: true })).to.have.length(1);

    await chmod(key, 0o600);

    const [finding] = await findings({ inContainer: true });
    expect(finding?.level).to.equal('fail');
    expect(finding?.message).to.match(/tls\.key cannot be read by the proxy of the image/);
    expect(finding?.todo).to.equal(`chgrp 65532 ${key} && chmod g+rX ${key}`);
    expect((await findings())[0]?.level).to.equal('ok');
    await chown(key, 65_533, 0);
    await chmod(tls(), 0o700);
    expect((await said({ inContainer: true })).join()).to.contain(`fail: ${tls()} cannot be read`);
  });

  it('never shows the key', async () => {
    await writeFile(join(tls(), 'tls.crt'), pair.key);
    await writeFile(join(tls(), 'tls.key'), `${pair.key.slice(0, 80)}\n`);

    const text = JSON.stringify(await findings());

    for (const line of pair.key.split('\n').slice(1, -2)) expect(text).not.to.contain(line);
  });
});
