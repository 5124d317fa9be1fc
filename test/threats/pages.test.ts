import { expect } from 'chai';
import type { PageAnswer } from '../../src/access/pages/page-http.ts';
import { freePort } from '../support/free-ports.ts';
import { PagesBrowser } from '../support/pages-browser.ts';
import { ALICE, startPagesWorld } from '../support/pages-world.ts';
import { anHttpEntry, ProxyHarness } from '../support/proxy-harness.ts';
import { exchange } from './support/wire.ts';

const EVIL =
  '"\'><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}${7*7}</title></style>';
const URL_EVIL = encodeURIComponent(EVIL);

/** What must not stand in a page: the text as markup, or the parts of it that would make markup elsewhere. */
function expectHarmless(html: string, says: string): void {
  expect(html, says).not.to.match(/<script|<img|onerror=alert(?!\(1\)&gt;)|javascript:/i);
  expect(html, says).not.to.contain('"\'>');
  expect(html, says).not.to.match(/\s49\s|>49</);
}

describe('pages of the gateway', function () {
  this.timeout(20_000);

  // Attack: have a page of the gateway repeat what an attacker wrote: an address, a name, a host, a header, a form.
  // Outcome: nothing of a request is repeated by the proxy, what the router repeats is escaped, and nothing in a page may run.
  it('T30: no page runs what somebody wrote into it', async () => {
    await using world = await startPagesWorld();
    const browser = new PagesBrowser(world.deps, { host: `x${EVIL}`, routeKey: EVIL });
    const main = new PagesBrowser(world.deps, { host: `x${EVIL}`, scheme: 'http' });
    const answers: [string, PageAnswer][] = [];
    for (const name of ['sign-in', 'sign-out', '', 'enter', 'nothing']) {
      const target = `${name}?to=${URL_EVIL}&host=${URL_EVIL}&state=${URL_EVIL}&code=${URL_EVIL}&name=${URL_EVIL}`;
      for (const one of [browser, main]) {
        answers.push([`GET ${name}`, await one.get(target)]);
        answers.push([
          `POST ${name}`,
          await one.submit(target, { name: EVIL, secret: EVIL, to: EVIL, host: EVIL, state: EVIL }),
        ]);
      }
    }
    await main.get('sign-in');
    answers.push([
      'wrong password',
      await main.submit('sign-in', { name: EVIL.slice(0, 80), secret: EVIL }),
    ]);
    const { renderer } = world.deps;
    const moment = { text: EVIL, iso: EVIL };
    for (const html of [
      renderer.render('account', { name: EVIL, since: moment, until: moment, byClearml: true }),
      renderer.render('sign-out', { name: EVIL, token: EVIL, problem: EVIL }),
      renderer.render('onward', { target: `/service/x?${EVIL}` }),
      renderer.render('message', {
        title: EVIL,
        text: EVIL,
        advice: EVIL,
        links: [{ href: `/${EVIL}`, text: EVIL }],
      }),
    ])
      answers.push(['rendered', { status: 200, html }]);
    for (const [says, { html = '' }] of answers) expectHarmless(html, says);
  });

  it('T30 by its headers: nothing may run, nothing is guessed, kept or framed, and no opener looks in', async () => {
    await using world = await startPagesWorld();
    const browser = new PagesBrowser(world.deps);
    const shown = [
      await browser.get('sign-in'),
      await browser.get(''),
      await browser.get('nothing'),
    ];
    await browser.get('sign-in');
    shown.push(
      await browser.submit('sign-in', { name: ALICE.name, secret: ALICE.password }),
      await browser.get('sign-out'),
      await browser.get(''),
    );
    for (const { headers = {} } of shown) {
      const policy = headers['Content-Security-Policy'] ?? '';
      expect(policy).to.match(
        /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'; base-uri 'none'; /,
      );
      // On one origin with applications: a page in a frame, or in a window that an application opened, is theirs to read.
      expect(policy).to.match(/; frame-ancestors 'none'$/);
      expect(headers).to.include({
        'Cross-Origin-Opener-Policy': 'same-origin',
        'X-Content-Type-Options': 'nosniff',
        'Cache-Control': 'no-store',
      });
    }
  });

  it('T30 at the proxy: a page of it repeats nothing of a request', async () => {
    const proxy = await ProxyHarness.start({
      config: { authEnabled: true, hosts: 'gw.example' },
      decide: ({ credential }) =>
        credential === 'alice'
          ? { verdict: 'allow', user: 'alice' }
          : { verdict: credential === 'often' ? 'throttled' : 'unauthenticated' },
    });
    try {
      const away = anHttpEntry(await freePort());
      const long = { ...away, since: 1, host: '127.0.0.1' };
      await proxy.publish({
        http: {
          away,
          long,
          gone: { ...away, answered: true },
          nowhere: { route: 'x', task: 'a', since: 1 },
        },
      });
      const ask = async (
        target: string,
        lines: readonly string[] = ['Authorization: Bearer alice'],
        host = 'gw.example',
      ) =>
        exchange(
          proxy.port,
          `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nAccept: text/html\r\nUser-Agent: ${EVIL}\r\nReferer: ${EVIL}\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`,
        );
      const tail = `/x?${URL_EVIL}&a="><script>alert(1)</script>`;
      const pages = [
        [400, await ask(`/service/away/%00${tail}`)],
        [404, await ask(`/service/none${tail}`)],
        [421, await ask('/x', [], 'evil-script.example')],
        [429, await ask('/service/away/x', ['Authorization: Bearer often'])],
        [
          431,
          await ask(
            '/x',
            Array.from({ length: 250 }, (_, index) => `X-${index}: ${EVIL}`),
          ),
        ],
        [502, await ask(`/service/gone${tail}`)],
        [503, await ask(`/service/away${tail}`)],
        [503, await ask(`/service/long${tail}`)],
        [503, await ask(`/service/nowhere${tail}`)],
        [
          508,
          await ask(`/service/away${tail}`, [
            'Authorization: Bearer alice',
            `X-Clearway-Via: ${EVIL.repeat(4)}`,
          ]),
        ],
      ] as const;
      for (const [status, { status: got, body, headers }] of pages) {
        expect(got, body).to.equal(status);
        expect(body, String(status)).not.to.match(/script|alert|onerror|evil/i);
        expect(headers.get('content-security-policy')).to.match(
          /^default-src 'none'; style-src 'sha256-/,
        );
        expect(headers.get('x-content-type-options')).to.equal('nosniff');
        expect(headers.get('cache-control')).to.equal('no-store');
      }
      const sent = await ask(`/service/away/"><script>?'><script>&x=%0d%0aSet-Cookie:a`, []);
      expect([sent.status, sent.headers.get('location')]).to.deep.equal([
        302,
        `/_clearway/sign-in?to=%2Fservice%2Faway%2F%22%3E%3Cscript%3E%3F'%3E%3Cscript%3E%26x%3D%250d%250aSet-Cookie%3Aa`,
      ]);
    } finally {
      await proxy.stop();
    }
  });
});
