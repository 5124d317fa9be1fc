import { expect } from 'chai';
import type { PageRequest } from '../../src/access/pages/page-http.ts';
import { makePages, type Pages } from '../../src/access/pages/pages.ts';
import { ELSEWHERE } from '../support/elsewhere.ts';
import { hiddenFields, PagesBrowser, sentTo } from '../support/pages-browser.ts';
import { ALICE, BOB, startPagesWorld, type PagesWorld } from '../support/pages-world.ts';

const RIGHT = { name: ALICE.name, secret: ALICE.password };
const BOBS = { name: BOB.name, secret: BOB.password };
const ORIGIN = 'https://gateway.example.com';
const KEY = '0123456789abcdef0123456789abcdef';
const DOMAIN = { url: ORIGIN, edge: { routeDomain: 'apps.example.com' } };
const ROUTE_ORIGIN = `https://${KEY}.apps.example.com`;

/** Name of a cookie of the gateway that the browser has. */
const nameOf = (browser: PagesBrowser, ending = ''): string =>
  [...browser.cookies.keys()].find((name) =>
    new RegExp(`^__Host-clearway-[0-9a-f]{8}${ending}$`).test(name),
  ) ?? '';

/** What a page of another site makes a browser send with a form. */
const FOREIGN: readonly Partial<PageRequest>[] = [
  { origin: 'https://evil.example' },
  { origin: 'null' },
  { origin: 'null', fetchSite: 'cross-site' },
  { origin: ORIGIN, fetchSite: 'cross-site' },
  { fetchSite: 'cross-site' },
  { fetchSite: 'same-site' },
  { origin: 'https://other.apps.example.com' },
  { origin: 'https://gateway.example.com:8443' },
  { origin: 'https://gateway.example.com.evil.example' },
  { origin: ORIGIN, fetchSite: 'same-origin', fetchMode: 'cors' },
  { origin: ORIGIN, fetchSite: 'same-origin', fetchMode: 'no-cors' },
];

describe('signing in', function () {
  this.timeout(20_000);

  // Attack: give somebody a session before they sign in, and use it afterwards; sign them in as oneself, by a form of another site,
  // of another browser, or of another time.
  // Outcome: a sign-in makes a new session and ends the one that was there; a form works in the browser that it was shown in only.
  it('T19: a sign-in makes a session that nobody knew before, in the browser that asked for it', async () => {
    await using world = await startPagesWorld();
    const attacker = new PagesBrowser(world.deps);
    await attacker.get('sign-in');
    await attacker.submit('sign-in', BOBS);
    const [planted, form] = [
      attacker.cookies.get(nameOf(attacker)) ?? '',
      nameOf(attacker, '-form'),
    ];
    const token = hiddenFields((await attacker.get('sign-out')).html ?? '').get('token') ?? '';

    const victim = new PagesBrowser(world.deps);
    victim.cookies.set(nameOf(attacker), planted);
    expect(await victim.session()).to.include({ name: BOB.displayName });
    const shown = new PagesBrowser(world.deps);
    await shown.get('sign-in');
    for (const [name, value] of shown.cookies) victim.cookies.set(name, value);
    for (const more of FOREIGN) {
      const fields = {
        ...RIGHT,
        token: hiddenFields((await shown.get('sign-in')).html ?? '').get('token') ?? '',
      };
      expect((await victim.submit('sign-in', fields, more)).status, JSON.stringify(more)).to.equal(
        403,
      );
    }
    expect((await victim.submit('sign-in', { ...RIGHT, token })).status).to.equal(403);
    expect((await victim.submit('sign-in', { ...RIGHT, token: '' })).status).to.equal(403);
    expect(victim.cookies.get(nameOf(attacker))).to.equal(planted);

    const fields = {
      ...RIGHT,
      token: hiddenFields((await shown.get('sign-in')).html ?? '').get('token') ?? '',
    };
    expect((await victim.submit('sign-in', fields, { origin: ORIGIN })).status).to.equal(200);
    expect(await victim.session()).to.include({ name: ALICE.displayName });
    expect(victim.cookies.get(nameOf(attacker))).to.not.equal(planted);
    expect(await attacker.session()).to.equal(undefined);
    expect(form).to.match(/-form$/);
    world.clock.advance(3_600_000);
    expect((await victim.submit('sign-in', fields, { origin: ORIGIN })).status).to.equal(403);
  });

  // Attack: signing out, or signing in as oneself, by a form of another site (the same checks, the other form).
  it('T19 signing out: no page of another site does it', async () => {
    await using world = await startPagesWorld();
    const browser = new PagesBrowser(world.deps);
    await browser.get('sign-in');
    await browser.submit('sign-in', RIGHT);
    for (const more of FOREIGN) {
      await browser.get('sign-out');
      expect(
        (await browser.submit('sign-out', { where: 'everywhere' }, more)).status,
        JSON.stringify(more),
      ).to.equal(403);
    }
    expect(await browser.session()).to.include({ name: ALICE.displayName });
  });

  async function codeFor(
    world: PagesWorld,
    pages: Pages,
  ): Promise<{ readonly code: string; readonly route: PagesBrowser }> {
    const route = new PagesBrowser(world.deps, { host: 'x', routeKey: KEY }, pages);
    const main = new PagesBrowser(world.deps, {}, pages);
    const begun = new URL(sentTo(await route.get('sign-in?to=%2Fx')) ?? '');
    expect(begun.origin).to.equal(ORIGIN);
    await main.get(`sign-in${begun.search}`);
    const entered = new URL(sentTo(await main.submit('sign-in', RIGHT)) ?? '');
    expect(entered.origin + entered.pathname).to.equal(`${ROUTE_ORIGIN}/_clearway/enter`);
    return { code: `enter${entered.search}`, route };
  }

  // Attack: the code that carries a session to another host is read from an address, and used elsewhere, again, or later; or the
  // victim is sent to an address with the attacker's code.
  it('T19 with hosts of their own: a code works once, soon, in one browser, at one host', async () => {
    await using world = await startPagesWorld(DOMAIN);
    const pages = makePages(world.deps);
    const attempts: readonly (readonly [
      string,
      (code: string, route: PagesBrowser) => Promise<PagesBrowser>,
    ])[] = [
      [
        'another browser',
        (code) => enterAt(new PagesBrowser(world.deps, { host: 'x', routeKey: KEY }, pages), code),
      ],
      [
        'another host',
        (code) =>
          enterAt(new PagesBrowser(world.deps, { host: 'x', routeKey: 'other' }, pages), code),
      ],
      [
        'a browser with a state of its own',
        async (code) => {
          const browser = new PagesBrowser(world.deps, { host: 'x', routeKey: KEY }, pages);
          await browser.get('sign-in');
          return enterAt(browser, code);
        },
      ],
    ];
    for (const [who, attempt] of attempts) {
      const { code, route } = await codeFor(world, pages);
      expect(await (await attempt(code, route)).session(), who).to.equal(undefined);
      expect((await route.get(code)).status, 'spent by the attempt').to.equal(403);
    }
    const late = await codeFor(world, pages);
    world.clock.advance(30_000);
    expect((await late.route.get(late.code)).status).to.equal(403);
  });

  // Attack: an address of the gateway that sends whoever signs in to another site.
  // Outcome: everybody lands on an address of the gateway that may be returned to, whatever was asked for.
  it('T20: nobody is sent to another site', async () => {
    await using path = await startPagesWorld();
    await using domain = await startPagesWorld(DOMAIN);
    for (const world of [path, domain]) {
      const [signedIn, stranger] = [new PagesBrowser(world.deps), new PagesBrowser(world.deps)];
      await signedIn.get('sign-in');
      await signedIn.submit('sign-in', RIGHT);
      for (const to of [
        ...ELSEWHERE,
        'https://evil.apps.example.com.evil.example/',
        `https://${KEY}.apps.example.com@evil.example/`,
      ]) {
        signedIn.cookies.delete(nameOf(signedIn, '-sent'));
        const query = new URLSearchParams({ to }).toString();
        const sent = sentTo(await signedIn.get(`sign-in?${query}`));
        expect(sent, to).to.equal('/_clearway/');
        const shown = await stranger.get(`sign-in?${query}`);
        expect(hiddenFields(shown.html ?? '').get('to'), to).to.equal('/_clearway/');
      }
      for (const to of ELSEWHERE.slice(0, 40)) {
        const browser = new PagesBrowser(world.deps);
        await browser.get('sign-in');
        expect(sentTo(await browser.submit('sign-in', { ...RIGHT, to })), to).to.equal(
          '/_clearway/',
        );
      }
      signedIn.cookies.delete(nameOf(signedIn, '-sent'));
      expect(sentTo(await signedIn.get(`sign-in?to=%2Fservice%2F${KEY}%2Fx`))).to.equal(
        `/service/${KEY}/x`,
      );
    }
  });

  // Attack: the same on the host of a route, and by the host that a hand-over names.
  it('T20 with hosts of their own: only to hosts of the domain', async () => {
    await using world = await startPagesWorld(DOMAIN);
    const main = new PagesBrowser(world.deps);
    await main.get('sign-in');
    await main.submit('sign-in', RIGHT);
    const state = 'a'.repeat(64);
    for (const host of [
      'evil.example',
      'evil.example#',
      'x/',
      '@evil',
      'a.b',
      'A',
      '-a',
      'a'.repeat(64),
      '',
      '..',
      'x:1',
      'x%2e',
    ]) {
      main.cookies.delete(nameOf(main, '-sent'));
      const sent =
        sentTo(
          await main.get(`sign-in?${new URLSearchParams({ host, state, to: '/x' }).toString()}`),
        ) ?? '';
      expect(new URL(sent, ORIGIN).origin, host).to.equal(ORIGIN);
    }
    const route = new PagesBrowser(world.deps, { host: 'evil.example', routeKey: KEY });
    for (const to of ELSEWHERE) {
      const begun = new URL(
        sentTo(await route.get(`sign-in?${new URLSearchParams({ to }).toString()}`)) ?? '',
      );
      expect(begun.origin, to).to.equal(ORIGIN);
      const back = new URL(begun.searchParams.get('to') ?? '/', ROUTE_ORIGIN);
      expect(back.origin, to).to.equal(ROUTE_ORIGIN);
    }
  });
});

async function enterAt(browser: PagesBrowser, code: string): Promise<PagesBrowser> {
  await browser.get(code);
  return browser;
}
