import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { expect } from 'chai';
import { anHttpEntry, ProxyHarness } from '../support/proxy-harness.ts';
import { EchoApp } from '../support/echo-app.ts';
import { closeServer, rawRequest } from '../support/http-client.ts';
import { eventually } from '../support/eventually.ts';
import { childrenOf } from '../support/processes.ts';

describe('the route table of the proxy', function () {
  this.timeout(30_000);
  let proxy: ProxyHarness;
  let app: EchoApp;

  beforeEach(async () => {
    proxy = await ProxyHarness.start();
    app = await EchoApp.start();
  });

  afterEach(async () => {
    await proxy.stop();
    await app.stop();
  });

  const publishApp = () => proxy.publish({ http: { app: anHttpEntry(app.port) } });
  const ask = async (target: string) => (await rawRequest(proxy.port, { target })).status;

  it('serves the last table while the router is dead, and from the snapshot after a restart', async () => {
    await publishApp();
    await proxy.stopRouter();

    expect(await ask('/service/app/')).to.equal(200);
    await proxy.stopSupervisor();
    proxy.startSupervisor();
    await eventually(async () => expect(await ask('/service/app/')).to.equal(200));
    expect(await ask('/service/unknown/')).to.equal(404);

    await proxy.startRouter();
    await proxy.untilComplete();
    await proxy.publish({ http: {} });
    expect(await ask('/service/app/')).to.equal(404);
  });

  it('keeps its table when the router speaks a format that it does not know, and says so', async () => {
    await publishApp();
    await proxy.stopRouter();
    const newer = createServer((_, response) => {
      response.end('{"format":2,"generation":9,"full":true,"http":{"set":{}},"tcp":{"set":{}}}');
    });
    await new Promise<void>((done) => newer.listen(join(proxy.nginxFolder, 'router.sock'), done));

    const line = await eventually(() => {
      const found = proxy.lines.find(({ message }) => String(message).includes('not understood'));
      if (found === undefined) throw new Error('nothing said');
      return found;
    });

    expect(line['message']).to.contain('keeping generation');
    expect(await ask('/service/app/')).to.equal(200);
    newer.closeAllConnections();
    await closeServer(newer);
  });

  it('does not use a snapshot that it cannot read', async () => {
    await publishApp();
    await proxy.stopRouter();
    await proxy.stopSupervisor();
    const file = join(proxy.nginxFolder, 'snapshot.json');
    const text = await readFile(file, 'utf8');
    for (const bad of [
      '',
      '{',
      '[]',
      'null',
      text.slice(0, -9),
      text.replace('"format":1', '"format":9'),
    ]) {
      await writeFile(file, bad);
      proxy.startSupervisor();
      await eventually(async () => expect(await ask('/service/app/'), bad).to.equal(503));
      await proxy.stopSupervisor();
    }
  });

  it('does not let a table change a byte of the configuration', async () => {
    const file = join(proxy.runFolder, 'nginx.conf');
    const before = [
      await readFile(file, 'utf8'),
      await proxy.nginxPid(),
      await childrenOf(await proxy.nginxPid()),
    ];
    const hostile = [
      'a;b',
      '}\nevil on;',
      '$(id)',
      '../../x',
      "'",
      '"',
      '\\',
      ']]',
      '${uri}',
      '%2e',
    ];

    await proxy.publish({
      http: Object.fromEntries(
        hostile.map((text) => [text, { route: text, task: text, host: text, port: 80, since: 0 }]),
      ),
    });

    expect([
      await readFile(file, 'utf8'),
      await proxy.nginxPid(),
      await childrenOf(await proxy.nginxPid()),
    ]).to.deep.equal(before);
    expect(await ask('/service/%7D/')).to.equal(400);
    expect(await ask('/service/a;b/')).to.equal(400);
    // Known, and its host is no address: it waits, and nothing is resolved.
    expect(await ask(`/service/'/`)).to.equal(503);
  });
});
