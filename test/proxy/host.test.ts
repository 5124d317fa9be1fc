import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, connect, type AddressInfo, type Server } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { notRun } from '../support/not-run.ts';
import type { TcpEntry } from '../../src/domain/route-table.ts';
import { plainAddress } from '../../src/domain/address.ts';
import { eventually } from '../support/eventually.ts';
import { closeServer, rawRequest } from '../support/http-client.ts';
import { aTcpEntry, anHttpEntry, ProxyHarness } from '../support/proxy-harness.ts';

const HOST_SH = resolve(import.meta.dirname, '../../proxy/supervisor.d/host.sh');
const run = promisify(execFile);

/** Addresses of this host as the kernel tells Node.js, without loopback and link-local ones. */
const OWN = Object.values(networkInterfaces())
  .flatMap((entries) => entries ?? [])
  .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
  .map(({ address }) => address);
const V4 = OWN.find((address) => !address.includes(':'));

/** Everything that a TCP port answers to a greeting until it closes. */
async function heardFrom(host: string, port: number): Promise<string> {
  const socket = connect({ host, port });
  socket.on('error', () => undefined);
  const heard: Buffer[] = [];
  socket.on('data', (data: Buffer) => heard.push(data));
  socket.end('hello');
  await new Promise((done) => socket.once('close', done));
  return Buffer.concat(heard).toString();
}

describe('the proxy and its host', function () {
  this.timeout(20_000);
  let proxy: ProxyHarness;
  let echo: Server;
  let first: number;

  before(async () => {
    proxy = await ProxyHarness.start({ tcpPorts: 4 });
    first = proxy.config.tcpStart;
    echo = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
    await new Promise<void>((done) => echo.listen(0, done));
  });

  after(async () => {
    await proxy.stop();
    await closeServer(echo);
  });

  const entryTo = (upstream: string): TcpEntry => ({ ...aTcpEntry(1), upstream });

  it('tells the router every address of the host', () => {
    expect(proxy.plane.host?.addresses.map(plainAddress)).to.include.members(OWN);
  });

  it('tells what changed with the next polls, and nothing that is no address', async () => {
    const path = join(proxy.runFolder, 'host');
    const before = await readFile(path, 'utf8');
    const strange = 'address host.example\naddress 1.2.3\nbridge 10.0.0.0/33\nbridge x\n"}\n';
    await writeFile(path, `address 198.51.100.9\nbridge 198.51.100.0/24\n${strange}`);

    await eventually(
      () =>
        expect(proxy.plane.host).to.deep.equal({
          addresses: ['198.51.100.9'],
          bridges: ['198.51.100.0/24'],
        }),
      { timeoutMs: 12_000 },
    );
    await writeFile(path, before);
    await eventually(
      () => expect(proxy.plane.host?.addresses).to.include.members(OWN.slice(0, 1)),
      {
        timeoutMs: 12_000,
      },
    );
  });

  it('forwards tcp to another service of the host', async () => {
    const { port } = echo.address() as AddressInfo;
    await proxy.publish({ tcp: { [first]: entryTo(`127.0.0.1:${port}`) } });

    expect(await heardFrom('127.0.0.1', first)).to.equal('hello');
  });

  for (const host of ['127.0.0.1', ...(V4 === undefined ? [] : [V4])]) {
    it(`connects a port of the range neither to itself nor to another one at ${host}`, async () => {
      const { port } = echo.address() as AddressInfo;
      await proxy.publish({
        tcp: {
          [first]: entryTo(`${host}:${first}`),
          [first + 1]: entryTo(`${host}:${first + 2}`),
          [first + 2]: entryTo(`127.0.0.1:${port}`),
        },
      });

      expect(await heardFrom('127.0.0.1', first)).to.equal('');
      expect(await heardFrom('127.0.0.1', first + 1)).to.equal('');
      expect(await heardFrom('127.0.0.1', first + 2)).to.equal('hello');
    });

    it(`sends no request to its own listener at ${host}`, async () => {
      proxy.lines.length = 0;
      await proxy.publish({
        http: {
          app: anHttpEntry(proxy.port, { host, keep: true }),
          tcp: anHttpEntry(first, { host, keep: true, route: 'tcp.http' }),
        },
      });

      for (const key of ['app', 'tcp']) {
        const answer = await rawRequest(proxy.port, { target: `/service/${key}/` });
        expect(answer.status, key).to.equal(503);
      }
      await proxy.untilLine({ message: 'request', path: '/service/tcp/', upstream: '' });
      const requests = proxy.lines.filter(({ message }) => message === 'request');
      expect(requests).to.have.length(2);
    });
  }

  it('does not come back to itself at an address that is new to it', async function () {
    if (V4 === undefined) notRun(this, 'the host has no address but loopback');
    const path = join(proxy.runFolder, 'host');
    const before = await readFile(path, 'utf8');
    await writeFile(path, '');
    await eventually(() => expect(proxy.plane.host?.addresses).to.deep.equal([]), {
      timeoutMs: 12_000,
    });
    await proxy.publish({
      http: { app: anHttpEntry(proxy.port, { host: V4, keep: true }) },
      tcp: { [first]: entryTo(`${V4}:${first}`) },
    });
    proxy.lines.length = 0;

    const answer = await fetch(`http://${V4}:${proxy.port}/service/app/`);
    expect(answer.status).to.equal(500);
    expect(await heardFrom(V4, first)).to.equal('');
    await proxy.untilLine({ message: 'request', path: '/service/app/' });
    const requests = proxy.lines.filter(({ message }) => message === 'request');
    expect(requests).to.have.length(1);
    await writeFile(path, before);
  });
});

describe('what the supervisor says of the host', function () {
  this.timeout(20_000);

  it('names the bridges of containers, and not the one that this host is on its network with', async function () {
    const folder = await mkdtemp(join(tmpdir(), 'clearway-host-'));
    const steps = [
      'mount -t sysfs none /sys',
      'ip link set lo up',
      'ip link add br-a type bridge && ip link set br-a up',
      'ip addr add 172.30.0.1/20 dev br-a && ip addr add fd01::1/64 dev br-a nodad',
      'ip link add br-lan type bridge && ip link set br-lan up',
      'ip addr add 10.9.0.2/20 dev br-lan && ip route add default via 10.9.0.1',
      `. ${HOST_SH} && write_host`,
    ].join(' && ');
    try {
      await run('unshare', ['-rnm', 'bash', '-c', `${steps} || exit 9`], {
        env: { ...process.env, LC_ALL: 'C', RUN: folder },
      }).catch(() => notRun(this, 'no network namespace can be made here'));
      const lines = (await readFile(join(folder, 'host'), 'utf8')).trim().split('\n');

      expect(lines).to.have.members([
        'address 10.9.0.2',
        'address 172.30.0.1',
        'address fd01:0000:0000:0000:0000:0000:0000:0001',
        'bridge 172.30.0.0/20',
        'bridge fd01:0000:0000:0000:0000:0000:0000:0001/64',
      ]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
