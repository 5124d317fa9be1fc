import { chmod, lstat, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import { kubeconfigCommand } from '../../../src/commands/kubeconfig.ts';
import { parseStateFolder } from '../../../src/settings/parse.ts';
import { runCommand, type Said } from '../../check/support.ts';
import { apiWorld, type ApiWorld } from '../../support/served-api.ts';

const DAY_MS = 86_400_000;
const NOW = Date.now();

function run(stateFolder: string, ...argv: readonly string[]): Promise<Said> {
  const command = kubeconfigCommand({
    loadStateFolder: () => parseStateFolder({ CLEARWAY_STATE_FOLDER: stateFolder }),
    now: () => NOW,
  });
  return runCommand(command, argv);
}

interface Kubeconfig {
  readonly clusters: readonly {
    readonly cluster: { readonly server: string; readonly 'certificate-authority-data': string };
  }[];
  readonly users: readonly { readonly name: string; readonly user: { readonly token: string } }[];
  readonly contexts: readonly { readonly context: { readonly namespace: string } }[];
}

/** Whether what a kubeconfig says lets its holder in. */
async function status(world: ApiWorld, text: string): Promise<number> {
  const { clusters, users } = parse(text) as Kubeconfig;
  const data = clusters[0]?.cluster['certificate-authority-data'] ?? '';
  const ca = Buffer.from(data, 'base64').toString();
  const headers = { Authorization: `Bearer ${users[0]?.user.token ?? ''}` };
  return (await world.raw({ ca, path: '/version', headers })).status;
}

describe('clearway kubeconfig', () => {
  it('writes a file that lets its holder in and that nobody else can read', async () => {
    await using opened = await apiWorld();
    const { world } = opened;
    const file = join(world.folder, 'my.kubeconfig');

    const said = await run(world.stateFolder, '--output', file);

    expect([said.code, said.out]).to.deep.equal([0, '']);
    const text = await readFile(file, 'utf8');
    const { clusters, users, contexts } = parse(text) as Kubeconfig;
    expect(clusters[0]?.cluster.server).to.equal('https://127.0.0.1:7443');
    expect(contexts[0]?.context.namespace).to.equal('default');
    expect((await lstat(file)).mode & 0o777).to.equal(0o600);
    expect(await status(world, text)).to.equal(200);
    const [issued] = world.store.apiCredentials.list();
    expect(issued?.role).to.equal('view');
    expect(said.err).to.include(`kubectl --kubeconfig ${file} get taskroutes`);
    expect(said.err).to.include(`--revoke ${issued?.name ?? '?'}`);
    expect(said.err).not.to.include(users[0]?.user.token ?? '?');
    expect((await readdir(world.folder)).sort()).to.deep.equal(['my.kubeconfig', 'nginx', 'state']);
  });

  it('writes it to standard output, and nothing else', async () => {
    await using opened = await apiWorld();
    const { world } = opened;

    const said = await run(
      world.stateFolder,
      ...['-o', '-', '--role', 'admin', '--name', 'ops', '--expires', '7'],
      ...['--server', 'https://localhost:17443/'],
    );

    expect(said.code).to.equal(0);
    const { clusters, users } = parse(said.out) as Kubeconfig;
    expect(clusters[0]?.cluster.server).to.equal('https://localhost:17443');
    expect(users[0]?.name).to.equal('ops');
    expect(await status(world, said.out)).to.equal(200);
    const [issued] = world.store.apiCredentials.list();
    expect(issued).to.include({ name: 'ops', role: 'admin', expires: NOW + 7 * DAY_MS });
  });

  it('overwrites its own files, and others only with --force', async () => {
    await using opened = await apiWorld();
    const { world } = opened;
    const file = join(world.folder, 'config');
    await writeFile(file, 'apiVersion: v1\nkind: Config\n', { mode: 0o644 });

    const refused = await run(world.stateFolder, '--output', file);
    expect([refused.code, refused.out]).to.deep.equal([1, '']);
    expect(refused.err).to.include('--force');
    expect(await readFile(file, 'utf8')).to.equal('apiVersion: v1\nkind: Config\n');
    expect(world.store.apiCredentials.list()).to.deep.equal([]);

    expect((await run(world.stateFolder, '--output', file, '--force')).code).to.equal(0);
    expect((await lstat(file)).mode & 0o777).to.equal(0o600);
    const first = await readFile(file, 'utf8');
    expect((await run(world.stateFolder, '--output', file)).code).to.equal(0);
    expect(await readFile(file, 'utf8')).not.to.equal(first);
  });

  it('follows no link, and refuses a folder', async () => {
    await using opened = await apiWorld();
    const { world } = opened;
    const [target, link] = [join(world.folder, 'target'), join(world.folder, 'link')];
    await run(world.stateFolder, '--output', target);
    const before = await readFile(target, 'utf8');
    await symlink(target, link);

    expect((await run(world.stateFolder, '--output', link)).code).to.equal(1);
    expect((await run(world.stateFolder, '--output', link, '--force')).code).to.equal(0);
    expect((await run(world.stateFolder, '--output', world.folder)).code).to.equal(1);

    expect(await readFile(target, 'utf8')).to.equal(before);
    expect((await lstat(link)).isFile()).to.equal(true);
  });

  it('leaves no credential behind when the file cannot be written', async () => {
    await using opened = await apiWorld();
    const { world } = opened;

    const said = await run(world.stateFolder, '--output', join(world.folder, 'missing', 'config'));

    expect(said.code).to.equal(1);
    expect(said.err).to.include('ENOENT').and.to.include('or - for standard output');
    expect(world.store.apiCredentials.list()).to.deep.equal([]);
  });

  it('lists credentials and revokes one', async () => {
    await using opened = await apiWorld();
    const { world } = opened;
    const { out } = await run(world.stateFolder, '-o', '-', '--name', 'ops', '--role', 'admin');
    await run(world.stateFolder, '-o', '-', '--name', 'grafana');

    const listed = await run(world.stateFolder, '--list');
    expect(
      listed.out.split('\n').map((line) => line.split(/ +/).slice(0, 2).join(' ')),
    ).to.deep.equal(['NAME ROLE', 'grafana view', 'ops admin', '']);
    expect(listed.out).not.to.include('cwt_');

    expect((await run(world.stateFolder, '--revoke', 'ops')).code).to.equal(0);
    expect(await status(world, out)).to.equal(401);
    const again = await run(world.stateFolder, '--revoke', 'ops');
    expect([again.code, again.err.includes('there is no credential')]).to.deep.equal([1, true]);
  });

  it('refuses a name that is taken, unless it is to be replaced', async () => {
    await using opened = await apiWorld();
    const { world } = opened;
    const words = ['-o', '-', '--name', 'ops'];
    const { out } = await run(world.stateFolder, ...words);

    expect((await run(world.stateFolder, ...words)).err).to.include('there is a credential');
    const replaced = await run(world.stateFolder, ...words, '--force');

    expect(await status(world, replaced.out)).to.equal(200);
    expect(await status(world, out)).to.equal(401);
  });

  it('says what is wrong with its words', async () => {
    const wrong: readonly (readonly string[])[] = [
      ['--role', 'root'],
      ['--server', 'https://gateway.example.com:7443'],
      ['--server', 'http://localhost:7443'],
      ['--expires', '0'],
      ['--expires', 'soon'],
      ['--list', '--revoke', 'x'],
      ['extra'],
    ];
    for (const words of wrong) {
      const said = await run('/nonexistent', ...words);
      expect(said.code, words.join(' ')).to.equal(2);
    }
  });

  it('says what to do when the router does not run, or may not be asked', async function () {
    await using opened = await apiWorld();
    const { world } = opened;
    const absent = await run(join(world.folder, 'elsewhere'), '--list');
    expect(absent.code).to.equal(1);
    expect(absent.err).to.include('Start the router').and.to.include('docker exec');

    world.close();
    const dead = join(world.folder, 'dead');
    await mkdir(dead);
    await writeFile(join(dead, 'control.sock'), '');
    const ended = await run(dead, '--list');
    expect([ended.code, ended.err.includes('ECONNREFUSED')]).to.deep.equal([1, true]);

    if (process.getuid?.() === 0) return;
    await chmod(dead, 0);
    expect((await run(dead, '--list')).err).to.include('as root');
  });
});
