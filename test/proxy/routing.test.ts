import { expect } from 'chai';
import { anHttpEntry, ProxyHarness } from '../support/proxy-harness.ts';
import { freePort } from '../support/free-ports.ts';
import { EchoApp } from '../support/echo-app.ts';
import { headerOf, rawRequest, sendRaw } from '../support/http-client.ts';
import { eventually } from '../support/eventually.ts';

describe('the proxy routes http', function () {
  this.timeout(20_000);
  let proxy: ProxyHarness;
  let app: EchoApp;

  before(async () => {
    proxy = await ProxyHarness.start();
    app = await EchoApp.start();
    const dead = await freePort();
    await proxy.publish({
      http: {
        strip: anHttpEntry(app.port),
        'strip--api': anHttpEntry(app.port, { route: 'strip--api.http' }),
        keep: anHttpEntry(app.port, { keep: true }),
        'a%25.*': anHttpEntry(app.port),
        waiting: anHttpEntry(dead),
        late: anHttpEntry(dead, { since: Date.now() - 121_000 }),
        gone: anHttpEntry(dead, { answered: true }),
        unresolved: { route: 'u.http', task: 'u', since: Date.now() },
      },
    });
  });

  after(async () => {
    await proxy.stop();
    await app.stop();
  });

  it('strips the prefix and leaves the rest as it was written', async () => {
    for (const rest of [
      '/',
      '/a/b?x=%2F&y',
      '/%2f%2F/a%20b//c/./d',
      '/%C3%A4/a;b=c',
      '//x',
      '/?',
    ]) {
      const answer = await rawRequest(proxy.port, { target: `/service/strip${rest}` });

      expect(answer.status, rest).to.equal(200);
      expect(app.last.url).to.equal(rest);
      expect(app.lastHeader('x-forwarded-prefix')).to.deep.equal(['/service/strip']);
    }
  });

  it('keeps the prefix where the application wants it', async () => {
    await rawRequest(proxy.port, { target: '/service/keep/a%2Fb?c' });

    expect(app.last.url).to.equal('/service/keep/a%2Fb?c');
    expect(app.lastHeader('x-forwarded-prefix')).to.deep.equal([]);
  });

  it('matches whole segments only', async () => {
    for (const target of [
      '/service/stripx/',
      '/service/stri/',
      '/service/strip-/',
      '/Service/strip/',
    ])
      expect((await rawRequest(proxy.port, { target })).status, target).to.equal(404);
  });

  it('redirects to the slash with a relative Location and keeps the query', async () => {
    const answer = await rawRequest(proxy.port, { target: '/service/strip--api?a=b%20c' });

    expect(answer.status).to.equal(307);
    expect(headerOf(answer, 'location')).to.equal('strip--api/?a=b%20c');
    expect(answer.body).to.equal('');
  });

  it('refuses what can be read in two ways', async () => {
    const before = app.seen.length;
    for (const target of [
      '/service/strip/../keep/',
      '/service/strip/%2e%2e/keep/',
      '/service/strip/%2E./keep/',
      '/service/strip/..%2fkeep/',
      '/service/strip/a%2f..%2f..%2fkeep/',
      '/service/strip/a%2fb/../../keep/',
      '/service/strip/..;x/keep/',
      '/service/strip/..%5ckeep',
      '/service/strip/..\\keep',
      '/service/%73trip/',
      '/%73ervice/strip/',
      '/service%2fstrip/',
      '/service//strip/',
      '//service/strip/',
      '/x/../service/strip/',
      '/service/strip/%zz',
      '/service/strip/%',
      '/service/strip/%00',
      '/service/strip/#x',
      '/%5fclearway/healthz',
    ])
      expect((await rawRequest(proxy.port, { target })).status, target).to.equal(400);

    expect(app.seen.length).to.equal(before);
  });

  it('never takes a prefix for a pattern', async () => {
    expect((await rawRequest(proxy.port, { target: '/service/s.*p/' })).status).to.equal(404);
    expect((await rawRequest(proxy.port, { target: '/service/%%2e/' })).status).to.equal(400);
  });

  it('answers 404 to what it does not know, with a small page that repeats nothing', async () => {
    for (const target of ['/', '/service', '/service/', '/service/evil<script>/', '/_clearway']) {
      const answer = await rawRequest(proxy.port, { target, headers: [['Accept', 'text/html']] });

      expect([400, 404], target).to.include(answer.status);
      expect(answer.body).not.to.contain('evil');
      expect(answer.body.length).to.be.lessThan(4096);
      expect(headerOf(answer, 'content-security-policy')).to.contain("default-src 'none'");
      expect(headerOf(answer, 'x-content-type-options')).to.equal('nosniff');
      expect(headerOf(answer, 'cache-control')).to.equal('no-store');
    }
  });

  it('says that it is well without asking anybody', async () => {
    const answer = await rawRequest(proxy.port, { target: '/_clearway/healthz' });

    expect([answer.status, answer.body]).to.deep.equal([200, 'ok\n']);
  });

  it('answers an unreadable request with a small page', async () => {
    const answer = await sendRaw(proxy.port, 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n');

    expect(answer)
      .to.match(/^HTTP\/1.1 400 /)
      .and.to.contain('nosniff');
    const long = `GET /service/strip/ HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(200_000)}\r\n\r\n`;
    expect(await sendRaw(proxy.port, long)).to.match(/^HTTP\/1.1 431 /);
    expect((await rawRequest(proxy.port, { target: '/', method: 'TRACE' })).status).to.equal(405);
  });

  it('lets browsers wait for an application that does not answer yet', async () => {
    for (const key of ['waiting', 'unresolved']) {
      const headers = [['Accept', 'text/html,*/*']] as const;
      const answer = await rawRequest(proxy.port, { target: `/service/${key}/`, headers });

      expect(answer.status).to.equal(503);
      expect(answer.body).to.contain('http-equiv="refresh"');
      expect(headerOf(answer, 'retry-after')).to.equal('3');
    }
  });

  it('tells other clients when to try again', async () => {
    const answer = await rawRequest(proxy.port, { target: '/service/waiting/', method: 'POST' });

    expect(answer.status).to.equal(503);
    expect(headerOf(answer, 'retry-after')).to.equal('3');
    expect(headerOf(answer, 'content-type')).to.contain('text/plain');
  });

  it('names the address and likely causes after two minutes', async () => {
    const answer = await rawRequest(proxy.port, { target: '/service/late/' });

    expect(answer.body).to.contain('127.0.0.1:').and.to.contain('another port');
  });

  it('says that an application is gone once it had answered', async () => {
    const answer = await rawRequest(proxy.port, { target: '/service/gone/' });

    expect(answer.status).to.equal(502);
    expect(answer.body).to.contain('may have stopped');
  });

  it('tells the router about the first answer', async () => {
    await rawRequest(proxy.port, { target: '/service/strip--api/' });

    await eventually(() => expect(proxy.answered).to.include('strip--api.http'));
  });

  it('writes logs without queries', async () => {
    await rawRequest(proxy.port, { target: '/service/strip/log?token=planted-secret' });
    await rawRequest(proxy.port, { target: '/service/gone/?token=planted-secret' });

    const line = await proxy.untilLine({ message: 'request', path: '/service/strip/log' });
    await proxy.untilLine({ component: 'nginx', level: 'error' });
    expect(line).to.include({ status: 200, task: 'a'.repeat(32), upstreamStatus: '200' });
    expect(line['id']).to.match(/^[0-9a-f]{8}-\d+-1$/);
    expect(JSON.stringify(proxy.lines)).not.to.contain('planted-secret');
  });
});
