import { join } from 'node:path';
import { expect } from 'chai';
import { putPair, TestAuthority } from '../support/certificates.ts';
import { headerOf, rawRequest } from '../support/http-client.ts';
import { ProxyHarness } from '../support/proxy-harness.ts';
import { tempFolder } from '../support/temp-folder.ts';

describe('the proxy with a certificate, asked in plain HTTP', function () {
  this.timeout(20_000);
  let proxy: ProxyHarness;

  before(async () => {
    await using folder = await tempFolder();
    const pair = await (await TestAuthority.make(folder.path)).issue();
    proxy = await ProxyHarness.start({
      prepare: (path) => putPair(join(path, 'tls'), pair),
      config: { hosts: 'gateway.example localhost' },
    });
  });
  after(() => proxy.stop());

  const ask = (target: string, host: string, method = 'GET') =>
    rawRequest(proxy.port, { target, host, method });

  it('sends browsers to the same address with https', async () => {
    const answer = await ask('/service/app/x?y=%2F', `gateway.example:${proxy.port}`, 'POST');

    expect(answer.status).to.equal(308);
    expect(headerOf(answer, 'location')).to.equal(
      `https://gateway.example:${proxy.port}/service/app/x?y=%2F`,
    );
    expect(headerOf(answer, 'cache-control')).to.equal('no-store');
  });

  const refused: readonly (readonly [target: string, host: string, status: number])[] = [
    ['/', 'evil.example', 421],
    ['/', 'gateway.example.evil.example', 421],
    ['/', 'gateway.example@evil.example', 400],
    ['http://evil.example/', 'gateway.example', 400],
    ['/%00', 'gateway.example', 400],
    ['/service/app/../../x', 'gateway.example', 400],
  ];
  for (const [target, host, status] of refused) {
    it(`sends nobody to ${host} ${target}`, async () => {
      const answer = await ask(target, host);

      expect(answer.status).to.equal(status);
      expect(headerOf(answer, 'location')).to.equal(undefined);
    });
  }

  it('answers health checks', async () => {
    const answer = await ask('/_clearway/healthz', `127.0.0.1:${proxy.port}`);

    expect(answer.status).to.equal(200);
    expect(answer.body).to.equal('ok\n');
  });
});
