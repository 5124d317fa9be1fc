import { expect } from 'chai';
import { EchoApp } from '../support/echo-app.ts';
import { ended, openSocket, rawRequest } from '../support/http-client.ts';
import { anHttpEntry, ProxyHarness } from '../support/proxy-harness.ts';
import { someSettings } from '../support/some-settings.ts';
import { proxyConfig } from '../../src/proxy/proxy-config.ts';

/** Addresses of this machine. */
const BALANCER = '127.0.0.2';
const STRANGER = '127.0.0.3';

const FORGED = [
  ['X-Forwarded-For', '6.6.6.6'],
  ['x-forwarded-for', '6.6.6.6, 127.0.0.1'],
  ['X-Real-IP', '6.6.6.6'],
  ['Forwarded', 'for=6.6.6.6'],
  ['X-Forwarded-Proto', 'https'],
  ['True-Client-IP', '6.6.6.6'],
] as const;

describe('who asks, as load balancers say', function () {
  this.timeout(20_000);
  let proxy: ProxyHarness;
  let trusting: ProxyHarness;
  let app: EchoApp;

  before(async () => {
    app = await EchoApp.start((request, response) => {
      request.resume();
      response.write('open\n');
      if (request.url !== '/hang') response.end();
    });
    const decide = () => ({ verdict: 'allow', user: 'alice' }) as const;
    proxy = await ProxyHarness.start({ config: { authEnabled: true }, decide });
    trusting = await ProxyHarness.start({
      config: { authEnabled: true, trustedProxies: [`${BALANCER}/32`, '10.0.0.0/8'], trusts: true },
      decide,
    });
    const table = { http: { app: anHttpEntry(app.port) } };
    await Promise.all([proxy.publish(table), trusting.publish(table)]);
  });

  after(async () => {
    await Promise.all([proxy.stop(), trusting.stop()]);
    await app.stop();
  });

  let count = 0;
  async function said(
    at: ProxyHarness,
    from: string,
    headers: readonly (readonly [string, string])[],
  ): Promise<Record<string, string>> {
    count += 1;
    const credential = ['Authorization', `Bearer ${count}`] as const;
    await rawRequest(at.port, {
      target: '/service/app/x',
      from,
      headers: [credential, ...headers],
    });
    const of = (name: string): string => app.lastHeader(name).join('|');
    return {
      asked: at.questions.at(-1)?.client ?? '',
      for: of('x-forwarded-for'),
      ip: of('x-real-ip'),
      proto: of('x-forwarded-proto'),
    };
  }

  // Attack: say that one comes from another address, to be counted as somebody else when passwords are tried, or to be let in for it.
  // Outcome: the address of the socket counts, for the router, the log and the application; without a setting nobody is believed.
  it('T9: nobody says where they come from but who is named for it', async () => {
    const honest = (from: string) => ({ asked: from, for: from, ip: from, proto: 'http' });
    for (const from of ['127.0.0.1', BALANCER, STRANGER])
      expect(await said(proxy, from, FORGED)).to.deep.equal(honest(from));
    expect(await said(trusting, STRANGER, FORGED)).to.deep.equal(honest(STRANGER));
    expect(await said(trusting, '127.0.0.1', FORGED)).to.deep.equal(honest('127.0.0.1'));
    expect(proxyConfig(someSettings(), 2)).to.deep.include({ trustedProxies: [], trusts: false });
    await trusting.untilLine({ message: 'request', client: STRANGER });
    expect(trusting.lines.filter(({ client }) => client === '6.6.6.6')).to.deep.equal([]);
  });

  // Attack: reach the balancer with a chain of one's own in front of what it adds.
  it('T9 by way of a balancer: what it added counts, not what came before', async () => {
    const chain = ['X-Forwarded-For', '6.6.6.6, 127.0.0.9, 192.0.2.7, 10.1.1.1'] as const;
    const proto = ['X-Forwarded-Proto', 'http, https'] as const;
    expect(await said(trusting, BALANCER, [chain, proto])).to.deep.equal({
      asked: '192.0.2.7',
      for: '192.0.2.7',
      ip: '192.0.2.7',
      proto: 'https',
    });
    const junk = ['X-Forwarded-For', '"><script>, 6.6.6'] as const;
    expect((await said(trusting, BALANCER, [junk]))['asked']).to.equal(BALANCER);
    const user = ['X-Forwarded-User', 'root'] as const;
    await said(trusting, BALANCER, [
      user,
      ['X-Forwarded-Host', 'evil.example'],
      ['X-Forwarded-Prefix', '/evil'],
    ]);
    expect(JSON.stringify(app.last)).not.to.match(/root|evil/);
    const blank = ['X-Forwarded-Proto', `a${' '.repeat(15_000)}b`] as const;
    const from = performance.now();
    await said(trusting, BALANCER, [blank]);
    expect(performance.now() - from).to.be.lessThan(1_000);
  });

  // Attack: hide a connection behind an address that the gateway cannot find among its own, so that it outlives its access.
  it('T9 and the end of access: connections through a balancer end like others', async () => {
    const socket = await openSocket(trusting.port, BALANCER);
    socket.write(
      'GET /service/app/hang HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer h\r\nX-Forwarded-For: 192.0.2.7:80, 10.0.0.1\r\n\r\n',
    );
    await new Promise((done) => socket.once('data', done));
    const over = ended(socket);
    const from = performance.now();
    await trusting.publish({ http: {} });
    await over;
    expect(performance.now() - from).to.be.lessThan(1_500);
    await trusting.publish({ http: { app: anHttpEntry(app.port) } });
  });
});
