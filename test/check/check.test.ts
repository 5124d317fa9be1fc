import { expect } from 'chai';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Machine, Report } from '../../src/check/contract.ts';
import { checkCommand } from '../../src/commands/check.ts';
import type { EmbeddedClearml } from '../../src/embedded/api/embedded-clearml.ts';
import { parseClearmlSettings, parseSettings } from '../../src/settings/parse.ts';
import { runCommand, startApi, type Said } from './support.ts';

type Env = Readonly<Record<string, string>>;

function listen(server: Server, where: { port: number } | { path: string }): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.once('error', reject);
  server.listen(where, () => {
    const address = server.address();
    resolve(typeof address === 'object' ? (address?.port ?? 0) : 0);
  });
  return promise;
}

/** A port that was free just now. */
async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server, { port: 0 });
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('check', () => {
  let api: EmbeddedClearml;
  let folder: string;
  let env: Env;
  let machine: Machine;
  const servers: Server[] = [];

  beforeEach(async () => {
    const started = await startApi();
    api = started.api;
    folder = await mkdtemp(join(tmpdir(), 'clearway-check-'));
    const sysctlFolder = join(folder, 'sys');
    await mkdir(join(sysctlFolder, 'net/ipv4'), { recursive: true });
    await writeFile(join(sysctlFolder, 'net/ipv4/ip_local_port_range'), '1\t2\n');
    await writeFile(join(sysctlFolder, 'net/ipv4/ip_local_reserved_ports'), '\n');
    await mkdir(join(folder, 'nginx'));
    const engine = createHttpServer((_, response) => response.end('OK'));
    servers.push(engine);
    await listen(engine, { path: join(folder, 'docker.sock') });
    machine = {
      inContainer: false,
      sysctlFolder,
      now: () => Date.now(),
      resolve: () => Promise.reject(new Error('asked a resolver')),
      newLabel: () => 'never-used',
    };
    const tcpPort = String(await freePort());
    env = {
      ...started.env,
      ROUTER_NAME: 'main-router',
      ROUTER_URL: 'https://gateway.example.com',
      ROUTER__WEBSERVER__SERVER_PORT: String(await freePort()),
      CLEARWAY_API_PORT: String(await freePort()),
      AUTH_COOKIE_NAME: 'clearml_token_basic',
      TCP_ROUTER_ADDRESS: 'gateway.example.com',
      TCP_PORT_START: tcpPort,
      TCP_PORT_END: tcpPort,
      CLEARWAY_NGINX_FOLDER: join(folder, 'nginx'),
      CLEARWAY_DOCKER_SOCKET: join(folder, 'docker.sock'),
    };
  });

  afterEach(async () => {
    await api.close();
    for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true });
  });

  function check(change: Env = {}, argv: readonly string[] = []): Promise<Said> {
    const changed = { ...env, ...change };
    const command = checkCommand({
      loadSettings: () => parseSettings(changed),
      loadClearmlSettings: () => parseClearmlSettings(changed),
      machine,
    });
    return runCommand(command, argv);
  }

  /** Levels and messages of one check. */
  async function found(name: string, change: Env = {}): Promise<readonly string[]> {
    const { out } = await check(change, ['--json']);
    const reports = JSON.parse(out) as readonly Report[];
    const report = reports.find((candidate) => candidate.name === name);
    return report?.findings.map(({ level, message }) => `${level}: ${message}`) ?? [];
  }

  it('is all good where all is good, and leaves nothing behind', async () => {
    const before = await readdir(join(folder, 'nginx'));

    const { code, out } = await check({ CLEARWAY_METRICS_PORT: String(await freePort()) });

    expect(out).not.to.match(/^(FAIL|skip)/m);
    // Free ports of a test are among the default ephemeral ones: the settings warn about that.
    expect(out.match(/^WARN.*$/gm)?.length ?? 0).to.be.at.most(1);
    expect(code).to.equal(0);
    expect(await readdir(join(folder, 'nginx'))).to.deep.equal(before);
    expect(api.tasks.size).to.equal(0);
  });

  it('reports every problem of the settings and fails, and still asks ClearML', async () => {
    const change = { ROUTER_NAME: '', TCP_PORT_END: 'x' };

    expect((await check(change)).code).to.equal(1);
    expect(await found('settings', change)).to.deep.equal([
      'fail: ROUTER_NAME: is required: expected text without control characters, at most 256 characters long',
      'fail: TCP_PORT_END: expected a whole number from 1 to 65535, but it is "x"',
    ]);
    expect(await found('credentials', change)).to.deep.equal(['ok: accepted']);
    expect(await found('HTTP port', change)).to.deep.equal([
      'skip: not looked at: the settings are not usable',
    ]);
  });

  it('says that the API cannot be reached', async () => {
    const change = { CLEARML_API_HOST: `http://127.0.0.1:${String(await freePort())}` };

    expect((await found('ClearML API', change))[0]).to.match(/^fail: cannot be reached/);
    expect((await found('credentials', change))[0]).to.match(/^skip: /);
    expect((await check(change)).code).to.equal(1);
  });

  it('says that something else than the API answers', async () => {
    const web = createHttpServer((_, response) => response.end('<html></html>'));
    servers.push(web);
    const change = {
      CLEARML_API_HOST: `http://127.0.0.1:${String(await listen(web, { port: 0 }))}`,
    };

    expect(await found('ClearML API', change)).to.deep.equal([
      'fail: answers, but not as a ClearML API does',
    ]);
  });

  it('says that the credentials are refused, and never shows them', async () => {
    const change = { CLEARML_API_SECRET_KEY: 'another-secret-key' };
    const { code, out, err } = await check(change);

    expect(code).to.equal(1);
    expect(await found('ClearML API', change)).to.deep.equal(['ok: answers']);
    expect(await found('credentials', change)).to.deep.equal([
      'fail: refused: key or secret is wrong, or was revoked',
    ]);
    expect(out + err).not.to.match(/access-key|secret-key/);
  });

  it('tells a role that may not edit tasks, without editing any', async () => {
    expect(await found('editing tasks')).to.deep.equal(['ok: allowed']);

    const fault = { kind: 'status', status: 403, subcode: 20 } as const;
    api.orderFault({ endpoint: 'tasks.edit', fault });

    expect(await found('editing tasks')).to.deep.equal([
      'fail: not allowed with these credentials',
    ]);
  });

  it('does not take trouble of the server for a refusal', async () => {
    api.orderFault({ endpoint: 'tasks.', fault: { kind: 'status', status: 500 } });

    expect((await found('credentials'))[0]).to.match(/^skip: /);
    expect((await found('editing tasks'))[0]).to.match(/^skip: /);
  });

  it('compares the clocks', async () => {
    const shifted = (ms: number): Machine => ({ ...machine, now: () => Date.now() + ms });
    expect((await found('clock'))[0]).to.match(/^ok: /);

    machine = shifted(-60_000);
    expect((await found('clock'))[0]).to.match(/^warn: (59|60) seconds apart/);

    machine = shifted(3_600_000);
    expect((await found('clock'))[0]).to.match(/^fail: 3\d{3} seconds apart/);
  });

  it('names the queues that are missing', async () => {
    expect(await found('queues', { LISTEN_QUEUE_NAME: 'default,gpu-*' })).to.deep.equal([
      'ok: 2 of the queues are served',
    ]);
    expect(await found('queues', { LISTEN_QUEUE_NAME: 'default,nope' })).to.deep.equal([
      'warn: 1 of the queues are served, and there is no queue "nope"',
    ]);
    expect((await found('queues', { LISTEN_QUEUE_NAME: 'nope' }))[0]).to.match(/^fail: /);
  });

  it('fails for a port that is taken, and warns while the router runs', async () => {
    const other = createServer();
    servers.push(other);
    const port = String(await listen(other, { port: 0 }));
    const change = { ROUTER__WEBSERVER__SERVER_PORT: port };

    expect(await found('HTTP port', change)).to.deep.equal([
      `fail: port ${port} is taken on this machine`,
    ]);

    const router = createServer();
    servers.push(router);
    await listen(router, { path: join(folder, 'nginx', 'router.sock') });

    expect(await found('HTTP port', change)).to.deep.equal([
      `warn: port ${port} is taken on this machine`,
    ]);
  });

  it('warns about a taken port of the TCP range: the others can be used', async () => {
    const other = createServer();
    servers.push(other);
    const port = await listen(other, { port: 0 });
    const change = { TCP_PORT_START: String(port - 1), TCP_PORT_END: String(port + 1) };

    expect((await found('TCP ports', change))[0]).to.match(/^warn: ports? .*taken/);
  });

  it('looks at the ephemeral ports and at what is reserved of them', async () => {
    const range = { TCP_PORT_START: '40000', TCP_PORT_END: '40010' };
    const ipv4 = join(machine.sysctlFolder, 'net/ipv4');
    await writeFile(join(ipv4, 'ip_local_port_range'), '32768\t60999\n');

    expect((await found('ephemeral ports', range))[0]).to.match(/^warn: .*32768 to 60999/);
    const { out } = await check(range);
    expect(out).to.include('sysctl -w net.ipv4.ip_local_reserved_ports=40000-40010');

    await writeFile(join(ipv4, 'ip_local_reserved_ports'), '1,40000-40009,40010\n');

    expect(await found('ephemeral ports', range)).to.deep.equal(['ok: the TCP range is reserved']);
  });

  it('says in a container what cannot be seen there', async () => {
    machine = { ...machine, inContainer: true };

    for (const name of ['HTTP port', 'TCP ports', 'ephemeral ports']) {
      expect((await found(name))[0]).to.match(/^skip: a container does not see/);
    }
  });

  it('says that localhost means the container itself', async () => {
    const change = { TCP_ROUTER_ADDRESS: 'localhost' };
    expect((await found('addresses', change))[0]).to.match(/^ok: /);

    machine = { ...machine, inContainer: true };

    expect(await found('addresses', change)).to.deep.equal([
      'fail: CLEARML_API_HOST says 127.0.0.1, which is this container itself and not its host',
      'warn: TCP_ROUTER_ADDRESS says localhost, which is this container itself and not its host',
    ]);
  });

  it('fails for folders that cannot be written', async () => {
    await writeFile(join(folder, 'file'), '');
    const change = {
      CLEARWAY_NGINX_FOLDER: join(folder, 'missing'),
      CLEARWAY_STATE_FOLDER: join(folder, 'file', 'state'),
    };

    expect(await found('nginx folder', change)).to.deep.equal([
      `fail: ${join(folder, 'missing')} cannot be written (ENOENT)`,
    ]);
    expect((await found('state folder', change))[0]).to.match(/^fail: .* cannot be made/);
  });

  it('warns when the engine does not answer', async () => {
    const change = { CLEARWAY_DOCKER_SOCKET: join(folder, 'none.sock') };

    expect((await found('Docker engine', change))[0]).to.match(/^warn: no answer .*\(ENOENT\)/);
    expect((await found('Docker engine'))[0]).to.match(/^ok: /);
  });
});
