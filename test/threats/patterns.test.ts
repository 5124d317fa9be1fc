import { expect } from 'chai';
import { EchoApp } from '../support/echo-app.ts';
import { headerOf, rawRequest } from '../support/http-client.ts';
import { anHttpEntry, ProxyHarness } from '../support/proxy-harness.ts';

describe('injection into patterns', function () {
  this.timeout(20_000);
  const COOKIE = "a.%w*+-^$b'&`|~!#";
  let proxy: ProxyHarness;
  let app: EchoApp;

  before(async () => {
    app = await EchoApp.start((request, response) => {
      request.resume();
      const told = JSON.parse(String(request.headers['x-answer'] ?? '{}')) as Record<
        string,
        string
      >;
      response.writeHead(200, told).end('answer');
    });
    proxy = await ProxyHarness.start({
      config: { authEnabled: true, cookieName: COOKIE, hosts: 'gw.ex-ample' },
      decide: ({ credential, task }) =>
        credential === 'alice'
          ? { verdict: task === '-' ? 'deny' : 'allow', user: 'alice' }
          : { verdict: 'unauthenticated' },
    });
    const http = Object.fromEntries(
      ['a.c', 'a-c', 'a%w', '.*', '%a+', '[a-z]', '^a', 'a$', '%f[%w]', '(a)', 'x--y.z'].map(
        (key) => [key, anHttpEntry(app.port)],
      ),
    );
    await proxy.publish({ http });
  });

  after(async () => {
    await proxy.stop('SIGKILL');
    await app.stop();
  });

  const ask = (target: string, cookie = `${COOKIE}=alice`, answer = {}, host = 'gw.ex-ample') =>
    rawRequest(proxy.port, {
      target,
      host,
      headers: [
        ['Cookie', cookie],
        ['X-Answer', JSON.stringify(answer)],
      ],
    });

  // Attack: characters that mean something in a Lua pattern, or code, in the key of a route, a cookie's name, a host or a header of an answer.
  // Outcome: all of them are compared as they stand.
  it('T2: texts are compared as texts, never as patterns or code', async () => {
    for (const key of [
      'abc',
      'aXc',
      'ac',
      'a',
      'aaa',
      'aw',
      'zz',
      'x--yXz',
      'xy.z',
      'loadstring',
      '__index',
    ])
      expect((await ask(`/service/${key}/`)).status, key).to.equal(404);
    for (const key of ['a.c', 'a-c', '.*', '[a-z]', '^a', 'a$', '(a)', 'x--y.z'])
      expect((await ask(`/service/${key}/`)).status, key).to.equal(200);
    for (const key of ['%a+', 'a%w', '%f[%w]'])
      expect((await ask(`/service/${key}/`)).status, key).to.equal(400);

    for (const name of [
      'aXXb',
      "aXw*+-^$b'&`|~!#",
      'a',
      COOKIE.toUpperCase(),
      COOKIE.slice(0, -1),
      `${COOKIE}x`,
    ])
      expect((await ask('/service/a-c/', `${name}=alice`)).status, name).to.equal(401);
    await ask('/service/a-c/', `x=1; ${COOKIE}=alice;aXwb=2`);
    expect(app.lastHeader('cookie')).to.deep.equal(['x=1;aXwb=2']);

    for (const host of ['gwXex-ample', 'gw.example', 'gw.example', 'gw.ex-amplee', '.*', 'gw.%w+'])
      expect((await ask('/service/a-c/', undefined, {}, host)).status, host).to.be.oneOf([
        400, 421,
      ]);
  });

  it('T2 in answers: neither a pattern nor a replacement', async () => {
    const answer = await ask('/service/x--y.z/', undefined, {
      Location: '/%1%0$1\\1',
      'Set-Cookie': [
        'a=%1; Path=/%1%0',
        'b=1; Path=/service/xAAyBz/',
        `${COOKIE}=evil`,
        'aXw=kept',
      ],
    });

    expect(headerOf(answer, 'location')).to.equal('/service/x--y.z/%1%0$1\\1');
    expect(
      answer.headers.filter(([name]) => name === 'set-cookie').map(([, value]) => value),
    ).to.deep.equal([
      'a=%1; Path=/service/x--y.z/%1%0',
      'b=1; Path=/service/x--y.z/service/xAAyBz/',
      'aXw=kept',
    ]);
    const own = await ask('/service/x--y.z/', undefined, {
      Location: '/service/x--y.z/a',
      'Set-Cookie': 'a=1; Path=/service/x--y.z/a',
    });
    expect(headerOf(own, 'location')).to.equal('/service/x--y.z/a');
    expect(headerOf(own, 'set-cookie')).to.equal('a=1; Path=/service/x--y.z/a');
  });
});
