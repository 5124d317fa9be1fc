import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { notRun } from '../support/not-run.ts';
import { OperatorError } from '../../src/errors.ts';
import { nginxFolder, prepareFolder } from '../../src/proxy/folder.ts';
import { proxyConfig } from '../../src/proxy/proxy-config.ts';
import { makeRenderer, readTemplates, writeProxyFiles } from '../../src/proxy/render.ts';
import { closeServer, listenOnSocket } from '../../src/unix-socket.ts';
import { someSettings } from '../support/some-settings.ts';
import { tempFolder } from '../support/temp-folder.ts';

const templates = join(import.meta.dirname, '../../templates');

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o7777).toString(8);
}

async function errorOf(promise: Promise<unknown>): Promise<OperatorError> {
  const thrown: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof OperatorError) return thrown;
  throw new Error('no OperatorError was thrown', { cause: thrown });
}

/** Leaves a socket without a listener, as a killed process does. */
async function leaveSocket(path: string): Promise<void> {
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
}

describe('prepareFolder', () => {
  it('makes the folders, shares them with the group and removes half-written files', async () => {
    await using temp = await tempFolder();
    const folder = nginxFolder(join(temp.path, 'deep/nginx'));
    await mkdir(folder.tcp, { recursive: true });
    await writeFile(join(folder.path, '.clearway-snapshot.json.tmp'), 'half');
    await writeFile(join(folder.tcp, '.clearway-30000.tmp'), 'half');
    await writeFile(join(folder.path, 'tls.pem'), 'not ours');

    await prepareFolder(folder);

    expect(await readdir(folder.path)).to.have.members(['tcp', 'tls.pem']);
    expect(await readdir(folder.tcp)).to.deep.equal([]);
    expect([await modeOf(folder.path), await modeOf(folder.tcp)]).to.deep.equal(['2750', '2750']);
  });

  it('gives the folder to the group of the proxy', async function () {
    if (process.getuid?.() !== 0) notRun(this, 'root is needed');
    await using temp = await tempFolder();
    const folder = nginxFolder(join(temp.path, 'nginx'));

    await prepareFolder(folder, 65532);
    await writeFile(join(folder.tcp, 'x'), '');

    expect((await stat(folder.path)).gid).to.equal(65532);
    expect((await stat(join(folder.tcp, 'x'))).gid).to.equal(65532);
  });

  it('says which path cannot be used and what to do', async () => {
    await using temp = await tempFolder();
    await writeFile(join(temp.path, 'file'), '');
    await symlink('/proc/nothing', join(temp.path, 'broken'));

    for (const name of ['file', 'broken']) {
      const folder = nginxFolder(join(temp.path, name));
      const error = await errorOf(prepareFolder(folder));
      expect(error.code).to.equal('PROXY_FOLDER_UNUSABLE');
      expect(error.details['path']).to.equal(folder.path);
      expect(error.details['todo']).to.include(folder.path);
    }
  });
});

describe('writeProxyFiles', () => {
  it('writes both files when they changed, and nothing else', async () => {
    await using temp = await tempFolder();
    const folder = nginxFolder(temp.path);
    const render = makeRenderer(await readTemplates(templates));
    const files = render(proxyConfig(someSettings(), 2));

    expect(await writeProxyFiles(folder, files)).to.equal(true);
    const { ino } = await stat(folder.configuration);
    expect(await writeProxyFiles(folder, files)).to.equal(false);

    expect((await stat(folder.configuration)).ino).to.equal(ino);
    expect(await readFile(folder.configuration, 'utf8')).to.equal(files.configuration);
    expect(await readFile(folder.environment, 'utf8')).to.equal(files.environment);
    expect(await readdir(temp.path)).to.have.members(['nginx.conf', 'proxy.env']);
    expect(await modeOf(folder.configuration)).to.equal('640');
    const other = render(proxyConfig(someSettings({ idleSeconds: 60 }), 2));
    expect(await writeProxyFiles(folder, other)).to.equal(true);
  });

  it('says that the folder cannot be written', async () => {
    const files = { revision: 'x', configuration: 'x', environment: 'x' };
    const error = await errorOf(writeProxyFiles(nginxFolder('/proc/nothing'), files));

    expect(error.code).to.equal('PROXY_FOLDER_UNUSABLE');
  });
});

describe('listenOnSocket', () => {
  it('replaces a socket that a killed process left, with mode 0660', async () => {
    await using temp = await tempFolder();
    const path = join(temp.path, 'router.sock');
    await leaveSocket(path);
    const server = createServer();

    await listenOnSocket(server, { path });

    expect(await modeOf(path)).to.equal('660');
    await closeServer(server);
  });

  it('leaves a socket alone on which somebody listens', async () => {
    await using temp = await tempFolder();
    const path = join(temp.path, 'router.sock');
    const first = createServer();
    await listenOnSocket(first, { path });

    const error = await errorOf(listenOnSocket(createServer(), { path }));

    expect(error.code).to.equal('PROXY_FOLDER_UNUSABLE');
    expect(error.details['todo']).to.include('another router');
    expect((await stat(path)).isSocket()).to.equal(true);
    await closeServer(first);
  });

  it('refuses a path that is too long, or taken by a file', async () => {
    await using temp = await tempFolder();
    const long = await errorOf(listenOnSocket(createServer(), { path: `/tmp/${'x'.repeat(120)}` }));
    const path = join(temp.path, 'file');
    await writeFile(path, 'precious');
    const file = await errorOf(listenOnSocket(createServer(), { path }));

    expect(long.details['todo']).to.include('107 bytes');
    expect(file.code).to.equal('PROXY_FOLDER_UNUSABLE');
    expect(await readFile(path, 'utf8')).to.equal('precious');
  });
});
