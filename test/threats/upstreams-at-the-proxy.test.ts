import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { eventually } from '../support/eventually.ts';
import { ended, openSocket, rawRequest } from '../support/http-client.ts';
import { anHttpEntry, ProxyHarness } from '../support/proxy-harness.ts';
import { RecordingApp } from './support/recording-app.ts';

describe('addresses that a table gives', function () {
  this.timeout(20_000);
  let proxy: ProxyHarness;
  let app: RecordingApp;

  before(async () => {
    app = await RecordingApp.start();
    proxy = await ProxyHarness.start({ tcpPorts: 2 });
  });

  after(async () => {
    await proxy.stop();
    await app.stop();
  });

  // Attack: a table that was made by a router with a fault, or changed on its way.
  // Outcome: the proxy connects to no such address either. All of these would reach the application of this test, were they used.
  it('T6 at the proxy: it looks at every address again', async () => {
    const { port } = app;
    const hosts = [
      '0.0.0.0',
      '0.0.0.1',
      '::',
      '0::0',
      '::ffff:127.0.0.1',
      '::ffff:7f00:1',
      '0:0:0:0:0:ffff:127.0.0.1',
      '::127.0.0.1',
    ]
      .concat([
        'localhost',
        '127.1',
        '2130706433',
        '0x7f000001',
        '017700000001',
        '127.0.0.1;',
        '127.0.0.1:80',
        '',
      ])
      .concat([
        'unix:/tmp/x',
        '127.0.0.256',
        '169.254.169.254',
        'fe80::1',
        '224.0.0.1',
        'ff02::1',
        '::ffff:a9fe:a9fe',
      ]);
    const http = Object.fromEntries(
      hosts.map((host, index) => [`h${index}`, anHttpEntry(port, { host })]),
    );
    await proxy.publish({ http: { ...http, good: anHttpEntry(port) } });
    for (const [index, host] of hosts.entries())
      expect(
        (await rawRequest(proxy.port, { target: `/service/h${index}/` })).status,
        host,
      ).to.equal(503);
    expect(app.seen()).to.deep.equal([]);
    expect((await rawRequest(proxy.port, { target: '/service/good/last' })).status).to.equal(200);
    await proxy.untilLine({ path: '/service/good/last' });
    const upstreams = proxy.lines
      .filter(({ message }) => message === 'request')
      .map(({ upstream }) => upstream);
    expect(upstreams.filter((upstream) => upstream !== '')).to.deep.equal([`127.0.0.1:${port}`]);
  });

  it('T6 at the proxy over TCP: as well', async () => {
    const { tcpStart } = proxy.config;
    const path = join(proxy.nginxFolder, 'tcp', String(tcpStart));
    const texts = [
      '0.0.0.0',
      '[::]',
      '[::ffff:127.0.0.1]',
      '[::ffff:7f00:1]',
      '[0:0:0:0:0:ffff:127.0.0.1]',
      '000.0.0.0',
      '[0::0]',
    ]
      .concat([
        '169.254.169.254',
        '224.0.0.1',
        '255.255.255.255',
        '[fe80::1]',
        '[ff02::1]',
        '[::ffff:a9fe:a9fe]',
      ])
      .map((host) => `${host}:${app.port}`);
    for (const text of texts) {
      await writeFile(`${path}.new`, `${text}\n`);
      await rename(`${path}.new`, path);
      await ended(await openSocket(tcpStart));
    }
    await eventually(() => {
      const connections = proxy.lines.filter(({ message }) => message === 'connection');
      expect(connections.map(({ upstream }) => upstream)).to.deep.equal(texts.map(() => ''));
    });
  });
});
