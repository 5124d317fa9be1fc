import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { freePort } from '../support/free-ports.ts';
import { closeServer, ended, openSocket } from '../support/http-client.ts';
import { notRun } from '../support/not-run.ts';
import { ProxyHarness } from '../support/proxy-harness.ts';

const BUSY = { message: 'the api port is taken by another process' };

describe("the proxy's loopback port of the API", function () {
  this.timeout(40_000);
  let proxy: ProxyHarness;

  afterEach(() => proxy.stop());

  /** What the router's socket would answer: everything that it is sent. */
  async function listenAsRouter(): Promise<Server> {
    const router = createServer((socket) => void socket.pipe(socket));
    router.listen(join(proxy.nginxFolder, 'api.sock'));
    await once(router, 'listening');
    return router;
  }

  async function echoOf(socket: Socket, text: string): Promise<string> {
    socket.write(text);
    const [echo] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    return echo.toString();
  }

  it('is a plain stream to the socket of the router, also when the router was started again', async () => {
    const apiPort = await freePort();
    proxy = await ProxyHarness.start({ config: { apiPort } });

    for (const text of ['\x16\x03\x01 no HTTP', 'after a restart']) {
      const router = await listenAsRouter();
      expect(await echoOf(await openSocket(apiPort), text)).to.equal(text);
      await closeServer(router);
    }
    await ended(await openSocket(apiPort));
  });

  it('is there for IPv6 as well, where the host has it', async function () {
    const hasV6 = networkInterfaces()['lo']?.some(({ address }) => address === '::1') === true;
    if (!hasV6) notRun(this, 'the loopback interface has no ::1');
    const apiPort = await freePort();
    proxy = await ProxyHarness.start({ config: { apiPort } });
    const router = await listenAsRouter();

    expect(await echoOf(connect(apiPort, '::1'), 'six')).to.equal('six');
    await closeServer(router);
  });

  it('listens on loopback only', async function () {
    const outside = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .find(({ internal, family }) => !internal && family === 'IPv4')?.address;
    if (outside === undefined) notRun(this, 'this machine has loopback addresses only');
    const apiPort = await freePort();
    proxy = await ProxyHarness.start({ config: { apiPort } });

    const [error] = (await once(connect(apiPort, outside), 'error')) as [NodeJS.ErrnoException];

    expect(error.code).to.equal('ECONNREFUSED');
  });

  it('is left out while somebody else has it, said once, and taken when it is free', async () => {
    const apiPort = await freePort();
    const stranger = createServer().listen(apiPort, '127.0.0.1').unref();
    await once(stranger, 'listening');
    proxy = await ProxyHarness.start({ config: { apiPort } });

    const said = proxy.lines.filter(({ message }) => message === BUSY.message);
    expect(said).to.have.length(1);
    expect(said[0]).to.include({ level: 'error', port: String(apiPort) });
    const router = await listenAsRouter();
    await closeServer(stranger);
    await proxy.untilLine({ message: 'nginx reloaded' });

    expect(await echoOf(await openSocket(apiPort), 'free')).to.equal('free');
    await closeServer(router);
  });
});
