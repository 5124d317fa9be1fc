import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { expect } from 'chai';
import { aTcpEntry, ProxyHarness } from '../support/proxy-harness.ts';
import { ended, openSocket } from '../support/http-client.ts';

describe('the proxy forwards tcp', function () {
  this.timeout(20_000);
  let proxy: ProxyHarness;
  let echo: Server;

  before(async () => {
    proxy = await ProxyHarness.start({ tcpPorts: 6 });
    // Ends only after its peer did: shows that half-closes get through.
    echo = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => undefined).pipe(socket);
    });
    await new Promise<void>((done) => echo.listen(0, '127.0.0.1', done));
    const { port } = echo.address() as AddressInfo;
    await proxy.publish({ tcp: { [String(proxy.config.tcpStart)]: aTcpEntry(port) } });
  });

  after(async () => {
    await proxy.stop();
    echo.close();
  });

  it('hands bytes on untouched in both directions, and half-closes', async () => {
    const sent = randomBytes(2_000_000);
    const socket = await openSocket(proxy.config.tcpStart);

    socket.end(sent);
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);

    expect(Buffer.concat(chunks).equals(sent)).to.equal(true);
  });

  it('closes a port that no route has at once', async () => {
    const from = performance.now();
    await ended(await openSocket(proxy.config.tcpStart + 1));

    expect(performance.now() - from).to.be.lessThan(500);
  });

  it('connects nowhere when the file of a port holds anything but an address and a port', async () => {
    const { port } = echo.address() as AddressInfo;
    const texts = [
      '',
      'unix:/tmp/x',
      `localhost:${port}`,
      `127.0.0.1:${port};`,
      `127.0.0.1:${port}\nx`,
    ]
      .concat([`127.0.0.1:${port}\n\n`, `x127.0.0.1:${port}`, '127.0.0.1', '[::1]', '$upstream'])
      .concat([`127.0.0.1:${port}${' '.repeat(200)}`]);
    for (const text of texts) {
      await writeFile(join(proxy.nginxFolder, 'tcp', String(proxy.config.tcpStart + 2)), text);
      const socket = await openSocket(proxy.config.tcpStart + 2);
      socket.write('hello');
      const heard: Buffer[] = [];
      socket.on('data', (data) => heard.push(data));

      await ended(socket);

      expect(Buffer.concat(heard).toString(), JSON.stringify(text)).to.equal('');
    }
  });

  it('logs a connection with its port and bytes', async () => {
    const line = await proxy.untilLine({ message: 'connection', port: proxy.config.tcpStart });

    expect(line).to.include({ bytesIn: 2_000_000, bytesOut: 2_000_000, status: 200 });
  });

  it('reports the ports of the range as held', () => {
    const { tcpStart, tcpEnd } = proxy.config;
    for (let port = tcpStart; port <= tcpEnd; port += 1)
      expect(proxy.plane.heldPorts.has(port)).to.equal(true);
  });
});
