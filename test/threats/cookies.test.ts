import { expect } from 'chai';
import type { AccessAnswer, AccessQuestion } from '../../src/controllers/contracts.ts';
import { sessionCookieName } from '../../src/domain/session-cookie.ts';
import { proxyConfig } from '../../src/proxy/proxy-config.ts';
import { EchoApp } from '../support/echo-app.ts';
import { headerOf, rawRequest } from '../support/http-client.ts';
import { anHttpEntry, ProxyHarness } from '../support/proxy-harness.ts';
import { someSettings } from '../support/some-settings.ts';

type Headers = readonly (readonly [string, string])[];

const SESSION = sessionCookieName('test', true);
const TOKEN = 'clearml_token';

/** Whoever shows a credential that begins with `good` is let in, under its name where that is no secret. */
function decide({ credential }: AccessQuestion): AccessAnswer {
  if (!credential.startsWith('good')) return { verdict: 'unauthenticated' };
  return { verdict: 'allow', user: credential.includes('secret') ? 'somebody' : credential };
}

describe('cookies and tokens', function () {
  this.timeout(20_000);
  let proxy: ProxyHarness;
  let open: ProxyHarness;
  let app: EchoApp;

  before(async () => {
    app = await EchoApp.start();
    const http = { app: anHttpEntry(app.port), kept: anHttpEntry(app.port, { keep: true }) };
    const config = { hosts: 'gw.example', sessionCookie: SESSION };
    proxy = await ProxyHarness.start({ config: { ...config, authEnabled: true }, decide });
    open = await ProxyHarness.start({ config });
    await Promise.all([proxy.publish({ http }), open.publish({ http })]);
  });

  after(async () => {
    await Promise.all([proxy.stop(), open.stop()]);
    await app.stop();
  });

  const ask = (headers: Headers, target = '/service/app/x', at = proxy) =>
    rawRequest(at.port, { target, headers, host: 'gw.example' });

  const secrets = [
    [`${SESSION}=good-secret`],
    [`${TOKEN}=good-secret`],
    [`${TOKEN}="good-secret"`],
    [`${TOKEN}=bad-secret; ${TOKEN}=good-secret`],
    [`${SESSION}=bad-secret`, `${TOKEN}=good-secret`],
    [`  ${TOKEN}  =  good-secret  `],
    [`${TOKEN}=good-secret;`, `;${TOKEN}=x-secret`],
    [`${TOKEN}==bad-secret=; ${TOKEN}=good-secret`],
    [`clearway-00000000=other-secret; __Host-clearway-11111111=other-secret; ${TOKEN}=good-secret`],
    [`${SESSION}-form=form-secret; ${SESSION}-state=state-secret; ${TOKEN}=good-secret`],
    [`__HOST-clearway-11111111=other-secret; __host-clearway-2=other-secret; ${TOKEN}=good-secret`],
    [`\t${TOKEN}\t=\tgood-secret`],
  ];

  // Attack: an application reads what lets its visitors in from the requests that it gets, and uses it elsewhere.
  // Outcome: no cookie of a gateway or of ClearML arrives, however it is written; all others do, byte by byte.
  it('T16: no application sees what lets its visitors in', async () => {
    const own = [
      'a=1',
      'b="x y\\073; z"',
      '_xsrf=2|3|4',
      'c',
      'd==',
      `x${TOKEN}=kept`,
      `${TOKEN}2=kept`,
      'clearwayish=kept',
      'ä=%7B',
      'e=a,b',
      '=nameless',
    ];
    for (const at of [proxy, open])
      for (const target of ['/service/app/x', '/service/kept/x'])
        for (const lines of secrets) {
          const before = [own.slice(0, 4).join('; '), own.slice(4).join(';')] as const;
          const headers = [
            ['Cookie', before[0]],
            ...lines.map((line) => ['Cookie', line] as const),
            ['Cookie', before[1]],
          ] as const;
          expect((await ask(headers, target, at)).status, lines.join()).to.equal(200);
          expect(JSON.stringify(app.last), lines.join()).not.to.contain('secret');
          const arrived = app
            .lastHeader('cookie')
            .map((text) => Buffer.from(text, 'latin1').toString())
            .join('; ');
          expect(arrived.split(/;\s*/).filter(Boolean)).to.deep.equal(
            before.join('; ').split(/;\s*/),
            lines.join(),
          );
          expect(arrived).to.contain(before[0]).and.to.contain(before[1]);
        }
  });

  // Attack: an application reads the token that let its caller in from Authorization; or a token is found afterwards where addresses
  // are written down.
  // Outcome: the header goes when it is what let the caller in, and stays when it is the application's; no address holds a credential.
  it('T17: a token goes no further than the gateway', async () => {
    const basic = `Basic ${Buffer.from('x').toString('base64')}`;
    for (const [scheme, kind] of [
      ['Bearer', 'bearer'],
      ['bEARER', 'bearer'],
      ['Basic', 'basic'],
    ] as const) {
      await ask([
        ['Authorization', `${scheme} good-secret`],
        ['Cookie', `${TOKEN}=bad-secret`],
      ]);
      expect(proxy.questions.at(-1)?.kind).to.equal(kind);
      expect(app.lastHeader('authorization')).to.deep.equal([]);
      expect(JSON.stringify(app.last)).not.to.contain('bad-secret');
    }
    for (const value of [
      basic,
      'Bearer of-the-application',
      'Digest x="y"',
      'token of-the-application',
    ]) {
      await ask([
        ['Authorization', value],
        ['Cookie', `${TOKEN}=good-1`],
      ]);
      expect(app.lastHeader('authorization')).to.deep.equal([value]);
    }
    const seen = app.seen.length;
    for (const query of [
      'token=good-1',
      'access_token=good-1',
      'authorization=Bearer%20good-1',
      `${TOKEN}=good-1`,
    ])
      expect((await ask([], `/service/app/x?${query}`)).status, query).to.equal(401);
    expect(app.seen.length).to.equal(seen);
  });

  it('T17 in what is written down: neither credentials nor queries, and pages tell no address', async () => {
    const planted = 'planted-secret';
    await ask([['Authorization', `Bearer good-${planted}`]], `/service/app/x?token=${planted}`);
    await ask(
      [
        ['Cookie', `${TOKEN}=${planted}`],
        ['Referer', `http://x/?${planted}`],
      ],
      `/service/app/x?a=${planted}`,
    );
    await ask([['Accept', 'text/html']], `/service/app/x?token=${planted}#${planted}`);
    const page = await ask(
      [
        ['Accept', 'text/html'],
        ['Authorization', 'Bearer bad'],
      ],
      '/service/app/%00',
    );
    await proxy.publish({ http: { app: anHttpEntry(1, { answered: true }) } });
    await ask([['Authorization', `Bearer good-1`]], `/service/app/gone?token=${planted}`);
    await proxy.untilLine({ path: '/service/app/gone' });
    await proxy.publish({
      http: { app: anHttpEntry(app.port), kept: anHttpEntry(app.port, { keep: true }) },
    });

    expect(JSON.stringify(proxy.lines)).not.to.contain(planted);
    expect(headerOf(page, 'referrer-policy')).to.equal('no-referrer');
  });

  // Attack: another host of the domain, or an application, plants a cookie of the name before the right one, so that the right one is
  // not looked at, or somebody acts as whom the attacker wants.
  // Outcome: each one is judged, and one that lets nobody in hides none. With TLS the name makes browsers refuse planted ones.
  it('T18: a planted cookie hides no right one, and an application plants none', async () => {
    for (const planted of [
      [`${TOKEN}=x1`],
      [`${TOKEN}=x1`, `${TOKEN}=x2`, `${TOKEN}=x3`],
      [`${SESSION}=x1`, `${SESSION}=x2`],
    ]) {
      for (const cookies of [
        [...planted, `${TOKEN}=good-1`],
        [`${TOKEN}=good-1`, ...planted],
      ]) {
        expect((await ask([['Cookie', cookies.join('; ')]])).status, cookies.join()).to.equal(200);
        expect(
          (await ask(cookies.map((cookie) => ['Cookie', cookie] as const))).status,
          cookies.join(),
        ).to.equal(200);
      }
    }
    await ask([['Cookie', `${SESSION}=good-session; ${TOKEN}=good-token`]]);
    expect(app.lastHeader('x-forwarded-user')).to.deep.equal(['good-session']);
    await ask([['Cookie', `${TOKEN}=good-token; ${SESSION}=good-session`]]);
    expect(app.lastHeader('x-forwarded-user')).to.deep.equal(['good-session']);

    const { auth } = someSettings();
    const nameOf = (secureCookies: boolean): string =>
      proxyConfig(someSettings({ auth: { ...auth, secureCookies } }), 2).sessionCookie;
    expect(nameOf(true)).to.match(/^__Host-clearway-[0-9a-f]{8}$/);
    expect(nameOf(false)).to.match(/^clearway-[0-9a-f]{8}$/);
  });
});
